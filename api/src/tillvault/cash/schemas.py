"""Wire shapes that the parts of the drawer share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tillvault.cash.domain import CashSession, CloseReason, Denominations, SessionStatus
from tillvault.core.http.answers import Amount, Wire
from tillvault.core.http.fields import Body, MinorCash, MinorKhr, MinorUsd
from tillvault.core.money import EXPONENTS, Cash, from_minor, to_minor, to_wire

_PIECES_MAX = 1_000_000
_KINDS_MAX = 40


def _pieces(value: Any) -> Denominations:
    """`{"EUR": {"50": 2, "0.20": 5}}`, each a piece that the currency can have and how many of it."""
    if not isinstance(value, dict):
        raise ValueError("must be an object of pieces by currency")  # noqa: TRY004  (Pydantic turns ValueError into a finding)
    found: Denominations = {}
    for currency, pieces in cast("dict[str, Any]", value).items():
        if currency not in EXPONENTS or not isinstance(pieces, dict):
            raise ValueError(f"{currency[:12]!r} must be a known currency with its pieces")
        kinds = cast("dict[str, Any]", pieces)
        if len(kinds) > _KINDS_MAX:
            raise ValueError(f"{currency}: names more than {_KINDS_MAX} denominations")
        found[currency] = {kind: _pieces_of(currency, kind, count) for kind, count in kinds.items()}
    return found


def _pieces_of(currency: str, kind: str, count: Any) -> int:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _PIECES_MAX:
        raise ValueError(f"{currency}: the number of pieces must be a whole number from 0 to {_PIECES_MAX}")
    if _value_of(kind, currency) <= 0:
        raise ValueError(f"{currency}: {kind[:12]!r} is no denomination")
    return count


def _value_of(kind: str, currency: str) -> int:
    if not kind or len(kind) > 16 or not kind.replace(".", "", 1).isdecimal() or not kind.isascii():
        return 0
    try:
        return to_minor(Decimal(kind), currency)
    except ValueError:
        return 0


Pieces = Annotated[
    Denominations,
    BeforeValidator(_pieces),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"enum": sorted(EXPONENTS)},
            "maxProperties": 10,
            "additionalProperties": {
                "type": "object",
                "maxProperties": _KINDS_MAX,
                "additionalProperties": {"type": "integer", "minimum": 0, "maximum": _PIECES_MAX},
            },
            "examples": [{"EUR": {"50": 2, "0.20": 5}}],
        }
    ),
]


def one_form(any_currency: Mapping[str, int] | None, usd: int | None, khr: int | None) -> Cash | None:
    """The amounts of a body, which uses one form or the other (domain.md); None when it gives none.

    Raises ValueError when it uses both.
    """
    if any_currency is not None:
        if usd is not None or khr is not None:
            raise ValueError("give the amounts by currency or in the Usd and Khr fields, not both")
        return dict(any_currency)
    given = {currency: minor for currency, minor in (("USD", usd), ("KHR", khr)) if minor is not None}
    return given or None


class CountBody(Body):
    """What was counted: totals, denominations, or both."""

    counted_cash: MinorCash | None = None
    counted_cash_usd: MinorUsd | None = None
    counted_cash_khr: MinorKhr | None = None
    denominations: Pieces = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> CountBody:
        one_form(self.counted_cash, self.counted_cash_usd, self.counted_cash_khr)
        return self

    @property
    def counted(self) -> Cash | None:
        return one_form(self.counted_cash, self.counted_cash_usd, self.counted_cash_khr)


class Balance(Wire):
    """One currency of a drawer. `countedCash` and `variance` are null while it is open; `expectedCash` also where a
    cashier counts blind."""

    currency: str
    opening_float: Amount
    expected_cash: Amount | None
    counted_cash: Amount | None
    variance: Amount | None


class RecountOut(Wire):
    number: int
    counted_by: UUID
    counted_at: datetime
    balances: list[Balance]
    denominations: dict[str, dict[str, int]]


class CashSessionOut(Wire):
    """`CashSession` of the contract (cash-session-api.md, domain.md). Amounts and balances are those of the first
    count; `recounts` stand beside it."""

    id: UUID
    organisation_id: UUID
    branch_id: UUID
    register_id: UUID | None
    register_name: str | None
    opened_by: UUID
    opened_by_name: str
    opened_at: datetime
    business_date: date
    status: SessionStatus
    opening_float_usd: Amount
    opening_float_khr: Amount
    expected_cash_usd: Amount | None
    expected_cash_khr: Amount | None
    counted_cash_usd: Amount | None
    counted_cash_khr: Amount | None
    variance_usd: Amount | None
    variance_khr: Amount | None
    counted_provided: bool | None
    close_reason: CloseReason | None
    forced_reason: str | None
    closed_by: UUID | None
    closed_at: datetime | None
    z_number: int | None
    note: str | None
    close_note: str | None
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    review_note: str | None
    balances: list[Balance]
    opening_denominations: dict[str, dict[str, int]]
    counted_denominations: dict[str, dict[str, int]]
    left_cash: dict[str, Amount] | None
    """What the close left in the drawer, by currency; null where it did not say so."""
    removed_cash: dict[str, Amount] | None
    recounts: list[RecountOut]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, session: CashSession, *, shows_expected: bool = True) -> CashSessionOut:
        expected = session.expected if shows_expected else None
        counted, variance = session.counted, session.variance
        return cls.model_construct(
            **{name: getattr(session, name) for name in _SAME},
            **two_currencies("opening_float", session.opening, session.opening),
            **two_currencies("expected_cash", expected, session.opening),
            **two_currencies("counted_cash", counted, session.opening),
            **two_currencies("variance", variance, session.opening),
            balances=balances(session.opening, expected, counted),
            left_cash=None if session.left is None else to_wire(session.left),
            removed_cash=None if session.removed is None else to_wire(session.removed),
            recounts=[
                RecountOut.model_construct(
                    number=recount.number,
                    counted_by=recount.counted_by,
                    counted_at=recount.counted_at,
                    balances=balances(session.opening, recount.expected, recount.counted),
                    denominations=recount.denominations,
                )
                for recount in session.recounts
            ],
            created_at=session.opened_at,
        )


_SAME = tuple(
    name for name in CashSessionOut.model_fields if name in CashSession.__dataclass_fields__ and name != "recounts"
)


def balances(opening: Cash, expected: Cash | None, counted: Cash | None) -> list[Balance]:
    return [
        Balance.model_construct(
            currency=currency,
            opening_float=from_minor(opening[currency], currency),
            expected_cash=amount_or_none(expected, currency),
            counted_cash=amount_or_none(counted, currency),
            variance=from_minor(counted[currency] - expected[currency], currency)
            if counted is not None and expected is not None
            else None,
        )
        for currency in opening
    ]


def amount_or_none(amounts: Mapping[str, int] | None, currency: str) -> Decimal | None:
    return None if amounts is None else from_minor(amounts.get(currency, 0), currency)


def two_currencies(name: str, amounts: Mapping[str, int] | None, held: Mapping[str, int]) -> dict[str, Any]:
    """The Usd and Khr fields of an amount: 0 where the drawer does not hold the currency, null while it is unknown."""
    return {
        f"{name}_{currency.lower()}": amount_or_none(amounts if currency in held else {}, currency)
        for currency in ("USD", "KHR")
    }
