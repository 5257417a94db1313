"""Wire shapes of alerts."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from tillvault.cash.domain import CloseReason, SessionStatus
from tillvault.cash.schemas import Balance
from tillvault.core.http.answers import Wire


class AlertKind(StrEnum):
    VARIANCE = "VARIANCE"
    """A drawer was closed with a difference beyond the branch's threshold, or without a count."""
    FORCE_CLOSED = "FORCE_CLOSED"
    """Somebody else closed a drawer, or its register was released."""
    OPEN_PAST_CUTOFF = "OPEN_PAST_CUTOFF"
    """A drawer is still open after its trading day has ended."""


class Alert(Wire):
    key: str = Field(description="The same for the same alert at every reading: tell each key once.")
    kind: AlertKind
    at: datetime
    branch_id: UUID
    session_id: UUID
    register_name: str | None
    opened_by: UUID
    opened_by_name: str
    business_date: date
    status: SessionStatus
    close_reason: CloseReason | None
    forced_reason: str | None
    closed_by: UUID | None
    needs_review: bool
    balances: list[Balance]


class VaultAlert(Wire):
    key: str = Field(description="The same until a check of everything finds the log whole again.")
    at: datetime
    index: int | None = Field(description="The first entry of the log that is wrong, where one can be named.")
    reason: str


class Alerts(Wire):
    items: list[Alert]
    vault: VaultAlert | None = Field(description="The log does not hold: what `tillvault vault fsck` found first.")
