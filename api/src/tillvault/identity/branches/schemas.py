"""Wire shapes of branches and their policies."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from tillvault.core.db import Row
from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.http.fields import Body, Label, MinorCash, Note, Number, Plain
from tillvault.core.money import EXPONENTS, to_minor
from tillvault.identity.branches import domain
from tillvault.identity.policies import ByHand, ReceiptLanguage, Rounding, RoundingMode
from tillvault.identity.schemas import Change, Distinct, StrictFlag

_RATE_MAX = 10**12
_RECEIPT_LINES_MAX = 10
_REASONS_MAX = 12

Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=domain.CODE_PATTERN), AfterValidator(str.upper)]
Currency = Annotated[
    str, AfterValidator(domain.known_currency), WithJsonSchema({"type": "string", "enum": sorted(EXPONENTS)})
]
Currencies = Annotated[
    list[Currency],
    Field(min_length=1, max_length=domain.CURRENCIES_MAX, json_schema_extra={"uniqueItems": True}),
    Distinct,
]
Timezone = Annotated[
    str, StringConstraints(max_length=64), AfterValidator(domain.known_timezone), Field(examples=["Europe/Madrid"])
]


class NewBranch(Body):
    code: Code | None = Field(None, description="Left out or null: four letters of the name and four hex digits.")
    name: Label
    timezone: Timezone
    base_currency: Currency
    currencies: Currencies | None = Field(None, description="What its drawers hold. Left out: the base currency.")
    is_active: StrictFlag = True


class BranchChange(Body):
    code: Change[Code] = None
    name: Change[Label] = None
    timezone: Change[Timezone] = None
    base_currency: Change[Currency] = None
    currencies: Change[Currencies] = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class BranchAnswer(Wire):
    id: UUID
    code: str
    name: str
    timezone: str
    base_currency: CurrencyCode
    currencies: list[CurrencyCode]
    is_active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> BranchAnswer:
        return cls.model_validate(dict(row))


def _positive_rates(rates: dict[str, Decimal]) -> dict[str, Decimal]:
    for currency, rate in rates.items():
        if not 0 < rate <= _RATE_MAX:
            raise ValueError(f"{currency}: must be positive and not beyond {_RATE_MAX}")
        # The exponent is looked at before scaling: 1E-999999 would otherwise be spelled out digit by digit.
        if rate.adjusted() < -6 or rate != rate.quantize(Decimal("0.000001")):
            raise ValueError(f"{currency}: has 6 decimals at most")
    # Zeros at the end say nothing, and there may be hundreds of them.
    return {currency: rate.normalize() for currency, rate in rates.items()}


class RoundingRule(Body):
    step: Number = Field(description="In major units, positive.")
    mode: RoundingMode


def _real_steps(rules: dict[str, RoundingRule]) -> dict[str, RoundingRule]:
    for currency, rule in rules.items():
        if rule.step <= 0:
            raise ValueError(f"{currency}: step: must be positive")
        try:
            to_minor(rule.step, currency)
        except ValueError as error:
            raise ValueError(f"{currency}: step: {error}") from None
    return rules


Rates = Annotated[
    dict[Currency, Number],
    Field(max_length=domain.CURRENCIES_MAX),
    AfterValidator(_positive_rates),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"enum": sorted(EXPONENTS)},
            "additionalProperties": {"type": "number", "exclusiveMinimum": 0, "maximum": _RATE_MAX},
            "maxProperties": domain.CURRENCIES_MAX,
            "description": "Units per unit of the base currency, 6 decimals at most.",
            "examples": [{"KHR": 4100}],
        }
    ),
]
RoundingRules = Annotated[
    dict[Currency, RoundingRule], Field(max_length=domain.CURRENCIES_MAX), AfterValidator(_real_steps)
]


def _few_lines(text: str) -> str:
    if len(text.splitlines()) > _RECEIPT_LINES_MAX:
        raise ValueError(f"must have at most {_RECEIPT_LINES_MAX} lines")
    return text


ReceiptLines = Annotated[Note, AfterValidator(_few_lines), Field(examples=["12 River St, Lyon\nTax FR 12 345 678 901"])]


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120), Plain]
"""As long as the reason of a movement may be."""
Reasons = Annotated[
    dict[
        ByHand,
        Annotated[list[Reason], Field(max_length=_REASONS_MAX, json_schema_extra={"uniqueItems": True}), Distinct],
    ],
    Field(
        description="What the till offers as a reason, by kind of movement; a kind left out has the till's own.",
        examples=[{"PAID_OUT": ["Window cleaner", "Stamps"]}],
    ),
]


class PoliciesChange(Body):
    """Each policy that is named is replaced whole."""

    cash_require_session_for_sales: Change[StrictFlag] = None
    cash_allow_paid_out: Change[StrictFlag] = None
    cash_allow_negative_drawer: Change[StrictFlag] = None
    cash_blind_close: Change[StrictFlag] = None
    cash_require_refund_approval: Change[StrictFlag] = None
    cash_variance_thresholds: Change[MinorCash] = None
    cash_movement_approval_limits: MinorCash | None = Field(None, description="null: no movement needs approval.")
    cash_movement_reasons: Change[Reasons] = None
    fx_rates: Change[Rates] = None
    cash_rounding: Change[RoundingRules] = None
    business_day_cutoff_hour: Change[Annotated[int, Field(strict=True, ge=0, le=23)]] = None
    receipt_language: Change[ReceiptLanguage] = None
    receipt_header: Change[ReceiptLines] = None
    receipt_footer: Change[ReceiptLines] = None

    def changes(self) -> dict[str, Any]:
        """The named policies, money in minor units."""
        named: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if self.cash_rounding is not None:
            named["cash_rounding"] = {
                currency: Rounding(to_minor(rule.step, currency), rule.mode)
                for currency, rule in self.cash_rounding.items()
            }
        return named


class RoundingAnswer(Wire):
    step: Amount
    mode: RoundingMode


class PoliciesAnswer(Wire):
    cash_require_session_for_sales: bool
    cash_allow_paid_out: bool
    cash_allow_negative_drawer: bool
    cash_blind_close: bool
    cash_require_refund_approval: bool
    cash_variance_thresholds: dict[str, Amount]
    cash_movement_approval_limits: dict[str, Amount] | None
    cash_movement_reasons: dict[ByHand, list[str]]
    fx_rates: dict[str, Amount]
    cash_rounding: dict[str, RoundingAnswer]
    business_day_cutoff_hour: int
    receipt_language: ReceiptLanguage
    receipt_header: str
    receipt_footer: str
