"""The drawer's rules, pure: what a movement does, what is expected, what a count means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from tillvault.cash.errors import CountRequired, CurrencyNotAccepted, DenominationsMismatch, LeftExceedsCount
from tillvault.core.money import Cash, add, subtract, to_minor
from tillvault.events.domain import Event

Denominations = dict[str, dict[str, int]]
"""Pieces by denomination by currency: `{"EUR": {"50": 2, "0.20": 5}}`."""


class SessionStatus(StrEnum):
    OPEN = "OPEN"
    PENDING_REVIEW = "PENDING_REVIEW"
    CLOSED = "CLOSED"


class CloseReason(StrEnum):
    NORMAL = "NORMAL"
    FORCED = "FORCED"
    RELEASED = "RELEASED"


class MovementType(StrEnum):
    SALE_CASH = "SALE_CASH"
    REFUND_CASH = "REFUND_CASH"
    PAID_IN = "PAID_IN"
    PAID_OUT = "PAID_OUT"
    ADJUSTMENT = "ADJUSTMENT"
    SAFE_DROP = "SAFE_DROP"


class ManualMovementType(StrEnum):
    """What can be recorded by hand (domain.md)."""

    PAID_IN = "PAID_IN"
    PAID_OUT = "PAID_OUT"
    ADJUSTMENT = "ADJUSTMENT"
    SAFE_DROP = "SAFE_DROP"


class MovementStatus(StrEnum):
    APPROVED = "APPROVED"
    PENDING = "PENDING"
    DECLINED = "DECLINED"


_TAKES_OUT = frozenset({MovementType.PAID_OUT, MovementType.SAFE_DROP, MovementType.REFUND_CASH})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """A correction beside the first count, never an edit of it."""

    number: int
    counted: Cash
    expected: Cash
    denominations: Denominations
    counted_by: UUID
    counted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CashSession:
    """A drawer from opening to review. Amounts in minor units by currency; the keys of `opening` are its currencies."""

    organisation_id: UUID
    id: UUID
    branch_id: UUID
    register_id: UUID | None
    register_name: str | None
    opened_by: UUID
    opened_by_name: str
    opened_at: datetime
    business_date: date
    base_currency: str
    """The branch's when the drawer opened; its sales are in it."""
    status: SessionStatus
    note: str | None
    close_reason: CloseReason | None
    close_note: str | None
    forced_reason: str | None
    closed_by: UUID | None
    closed_at: datetime | None
    counted_provided: bool | None
    z_number: int | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_note: str | None
    updated_at: datetime
    opening: Cash
    opening_denominations: Denominations
    expected: Cash
    counted: Cash | None
    """The first count, the one of the Z; None while open."""
    counted_denominations: Denominations
    left: Cash | None = None
    """What the close left in the drawer of what was counted; None where nobody said so."""
    recounts: list[Recount] = field(default_factory=list[Recount])

    @property
    def variance(self) -> Cash | None:
        return None if self.counted is None else subtract(self.counted, self.expected)

    @property
    def removed(self) -> Cash | None:
        """What the close took out of the drawer; not a movement, because the drawer is counted by then."""
        return None if self.counted is None or self.left is None else subtract(self.counted, self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Cash in or out. `effect` is signed, minor units by currency."""

    organisation_id: UUID
    id: UUID
    branch_id: UUID
    register_id: UUID | None
    session_id: UUID
    actor_id: UUID
    actor_name: str
    type: MovementType
    status: MovementStatus
    effect: Cash
    reason: str
    ref_sale_id: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime


def effect_of(kind: MovementType, amounts: Mapping[str, int]) -> Cash:
    """What amounts do to the drawer: money in is positive, an adjustment keeps its sign. Zeros are left out."""
    sign = -1 if kind in _TAKES_OUT else 1
    return {currency: sign * minor for currency, minor in amounts.items() if minor != 0}


def amounts_of(kind: MovementType, effect: Mapping[str, int]) -> Cash:
    """The amounts as they were given: positive, except an adjustment's."""
    return effect_of(kind, effect)


def held(amounts: Mapping[str, int], currencies: Collection[str]) -> Cash:
    """Only the drawer's currencies; a zero of another one says nothing. Raises CurrencyNotAccepted."""
    for currency, minor in amounts.items():
        if currency not in currencies and minor != 0:
            raise CurrencyNotAccepted(f"The drawer does not hold {currency}.")
    return {currency: minor for currency, minor in amounts.items() if currency in currencies}


def expected_cash(opening: Mapping[str, int], moved: Mapping[str, int]) -> Cash:
    """Opening float + Σ approved movements, per currency."""
    return add(opening, moved)


def would_be_negative(expected: Mapping[str, int], effect: Mapping[str, int]) -> bool:
    """Whether taking this out leaves less than nothing of a currency."""
    return any(minor < 0 and expected.get(currency, 0) + minor < 0 for currency, minor in effect.items())


def denominations_total(denominations: Mapping[str, Mapping[str, int]]) -> Cash:
    """What the pieces are worth, in minor units. Raises ValueError for a piece that the currency cannot have."""
    total: Cash = {}
    for currency, pieces in denominations.items():
        total[currency] = sum(to_minor(Decimal(value), currency) * count for value, count in pieces.items())
    return total


def counted_cash(given: Mapping[str, int] | None, denominations: Denominations) -> Cash:
    """Totals and denominations, one or both, as one count. Raises DenominationsMismatch."""
    by_pieces = denominations_total(denominations)
    totals = dict(given or {})
    for currency, minor in by_pieces.items():
        if totals.setdefault(currency, minor) != minor:
            raise DenominationsMismatch(f"The denominations of {currency} do not add up to the total.")
    return totals


def complete_count(counted: Mapping[str, int], expected: Mapping[str, int]) -> Cash:
    """A count of every currency of the drawer; one left out is 0 if nothing of it is expected.

    Raises CurrencyNotAccepted or CountRequired.
    """
    own = held(counted, expected.keys())
    for currency, minor in expected.items():
        if currency not in own and minor != 0:
            raise CountRequired(f"Count {currency}.")
        own.setdefault(currency, 0)
    return own


def left_cash(given: Mapping[str, int] | None, counted: Mapping[str, int]) -> Cash | None:
    """What stays in the drawer; of a currency left out all that was counted. None where nothing is said.

    Raises CurrencyNotAccepted or LeftExceedsCount.
    """
    if given is None:
        return None
    own = held(given, counted.keys())
    left = {currency: own.get(currency, minor) for currency, minor in counted.items()}
    for currency, minor in left.items():
        if minor > counted[currency]:
            raise LeftExceedsCount(f"More {currency} would stay in the drawer than was counted.")
    return left


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(Event):
    """What every event of a cash session carries."""

    session_id: UUID
    register_id: UUID | None
    operator_id: UUID
    """Who did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOpened(SessionEvent):
    """A drawer was opened."""

    type = "cash.session_opened"

    business_date: date
    opening_float_minor: Cash


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed(SessionEvent):
    """A drawer was closed, also by force or by a release (`closeReason`)."""

    type = "cash.session_closed"

    business_date: date
    close_reason: CloseReason
    status: SessionStatus
    z_number: int
    counted_provided: bool
    expected_cash_minor: Cash
    counted_cash_minor: Cash
    variance_minor: Cash
    left_cash_minor: Cash | None
    """What stays in the drawer; null where the close did not say so."""
    removed_cash_minor: Cash | None
    """What was taken out of it: counted − left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReviewed(SessionEvent):
    """A manager approved a difference or had the drawer counted again."""

    type = "cash.session_reviewed"

    decision: str
    """APPROVE or RECOUNT."""
    status: SessionStatus
    counted_cash_minor: Cash
    variance_minor: Cash


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRecorded(SessionEvent):
    """Cash went in or out by hand, or a waiting movement was decided (`status`)."""

    type = "cash.movement_recorded"

    movement_id: UUID
    movement_type: MovementType
    status: MovementStatus
    amounts_minor: Cash
    reason: str


def session_key(session_id: UUID) -> str:
    """Events of one drawer are delivered in order."""
    return f"cash_session:{session_id}"
