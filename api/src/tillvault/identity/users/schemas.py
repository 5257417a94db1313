"""Wire shapes of users. No shape holds a hash; a PIN or a password is shown in the one answer that gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Label
from tillvault.identity.domain import Role
from tillvault.identity.schemas import BranchIds, Change, StrictFlag
from tillvault.identity.users.domain import USERNAME_PATTERN, Secrets

Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=USERNAME_PATTERN),
    AfterValidator(str.lower),
    Field(examples=["juan"]),
]


class NewUser(Body):
    username: Username
    name: Label
    role: Role
    branch_ids: BranchIds = Field(description="Where they work; the first is their own branch.")
    with_password: StrictFlag = Field(False, description="Give a password for the back office, too.")


class UserChange(Body):
    name: Change[Label] = None
    role: Change[Role] = None
    branch_ids: Change[BranchIds] = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class UserAnswer(Wire):
    id: UUID
    username: str
    name: str
    role: Role
    branch_ids: list[UUID]
    is_active: bool
    has_pin: bool
    has_password: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> UserAnswer:
        return cls.model_validate(dict(row))


class UserGiven(UserAnswer):
    """A user with what was given to them: shown once, null when the request is repeated."""

    pin: str | None
    password: str | None

    @classmethod
    def giving(cls, row: Row, given: Secrets | None) -> UserGiven:
        given = given or Secrets()
        return cls.model_validate(dict(row) | {"pin": given.pin, "password": given.password})
