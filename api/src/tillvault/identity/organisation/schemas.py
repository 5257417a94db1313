"""Wire shapes of the organisation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body
from tillvault.identity.branches.schemas import ReceiptLines
from tillvault.identity.schemas import Change, Name

LegalIdentity = Annotated[
    ReceiptLines,
    Field(
        description="Lines below the name on the receipts of every branch: legal form, seat, tax number; ten at most.",
        examples=["Café Ñandú SARL\nSIRET 123 456 789 00012\nVAT FR 12 123456789"],
    ),
]


class OrganisationChange(Body):
    """The slug is not among them: it names the log of the vault and every ticket in it."""

    name: Change[Name] = None
    legal_identity: Change[LegalIdentity] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class OrganisationAnswer(Wire):
    id: UUID
    slug: str = Field(description="Its short name in logins and in the vault; never changes.")
    name: str
    legal_identity: str = Field(description="Lines below the name on the receipts of every branch.")
    is_demo: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> OrganisationAnswer:
        return cls.model_validate(dict(row))
