"""Wire shapes of one's own login."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.http.fields import Body, Plain
from tillvault.identity.branches.schemas import PoliciesAnswer
from tillvault.identity.domain import Role
from tillvault.identity.permissions import Permission


class OwnUser(Wire):
    """`role` is null for an API key."""

    id: UUID
    name: str
    role: Role | None
    permissions: list[Permission]


class OwnBranch(Wire):
    id: UUID
    code: str
    name: str
    timezone: str
    base_currency: CurrencyCode
    currencies: list[CurrencyCode]
    is_active: bool
    policies: PoliciesAnswer


class LastClose(Wire):
    """What the last close of the register found in its drawer, by the latest count of it, and what it left there: all
    of it where the close did not say so."""

    session_id: UUID
    closed_at: datetime
    counted_cash: dict[str, Amount]
    left_cash: dict[str, Amount]


class OwnRegister(Wire):
    id: UUID
    name: str
    last_close: LastClose | None


class Me(Wire):
    """`branch` is null where the login has none, `register` in the back office."""

    user: OwnUser
    branch: OwnBranch | None
    own_register: OwnRegister | None = Field(alias="register")


class OpenDrawer(Body):
    """`POST /v1/me/drawer-openings`: the drawer is opened although nothing is sold."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120), Plain]


class DrawerOpened(Wire):
    session_id: UUID
    reason: str
