"""Wire shapes of opening and listing drawers."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field, model_validator

from tillvault.cash.schemas import Pieces, one_form
from tillvault.core.http.fields import Body, MinorCash, MinorKhr, MinorUsd, Note
from tillvault.core.money import Cash


class OpenSession(Body):
    """`POST /v1/cash/sessions`. Without amounts the float is 0."""

    branch_id: UUID | None = None
    register_id: UUID | None = None
    opening_float: MinorCash | None = None
    opening_float_usd: MinorUsd | None = None
    opening_float_khr: MinorKhr | None = None
    denominations: Pieces = Field(default_factory=dict)
    note: Note | None = None

    @model_validator(mode="after")
    def _one_form(self) -> OpenSession:
        one_form(self.opening_float, self.opening_float_usd, self.opening_float_khr)
        return self

    @property
    def opening(self) -> Cash | None:
        return one_form(self.opening_float, self.opening_float_usd, self.opening_float_khr)
