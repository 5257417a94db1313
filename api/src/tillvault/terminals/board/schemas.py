"""Wire shapes of the board."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from tillvault.cash.schemas import Balance
from tillvault.core.http.answers import Wire


class RegisterState(StrEnum):
    FREE = "FREE"
    BUSY = "BUSY"
    PAUSED = "PAUSED"
    """Kept for somebody who logged out with an open drawer."""


class BoardUser(Wire):
    id: UUID
    name: str


class BoardDrawer(Wire):
    session_id: UUID
    opened_by: UUID
    opened_by_name: str
    opened_at: datetime
    balances: list[Balance]
    movements_waiting: int


class BoardLine(Wire):
    register_id: UUID
    register_name: str
    branch_id: UUID
    branch_name: str
    is_active: bool
    state: RegisterState
    user: BoardUser | None
    since: datetime | None = Field(description="When the user logged in on it.")
    paused_at: datetime | None
    device: str | None
    drawer: BoardDrawer | None
    last_sale_at: datetime | None = Field(description="When it sold last, by the clock of the till.")


class Board(Wire):
    items: list[BoardLine]
