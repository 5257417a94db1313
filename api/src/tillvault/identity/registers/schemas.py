"""Wire shapes of registers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Label
from tillvault.identity.schemas import Change, StrictFlag

EmissionPoint = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z-]{1,10}$"), Field(examples=["001"])
]


class NewRegister(Body):
    branch_id: UUID
    name: Label
    emission_point: EmissionPoint | None = Field(None, description="Left out or null: the next free number, like 001.")
    is_active: StrictFlag = True


class RegisterChange(Body):
    name: Change[Label] = None
    emission_point: Change[EmissionPoint] = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class RegisterAnswer(Wire):
    id: UUID
    branch_id: UUID
    name: str
    emission_point: str
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> RegisterAnswer:
        return cls.model_validate(dict(row))
