"""Field types that bodies and queries share: text with a limit, money with its currency's decimals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, cast

from fastapi import Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

from tillvault.core import paging
from tillvault.core.clock import require_aware
from tillvault.core.money import EXPONENTS, MAX_AMOUNT_MAJOR, exponent, to_minor

_DECIMALS_MAX = 400
"""As many as a number without an exponent can have in a body."""


def _printable(text: str) -> str:
    # U+0000 cannot be stored, and a surrogate cannot be encoded; query strings and headers can bring both.
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("holds a character that is no text")
    return text


Plain = AfterValidator(_printable)

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), Plain]
"""A name or a device: 1 to 120 characters, trimmed."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Plain]
"""At most 500 characters (cash-session-api.md)."""


def _number(value: Any) -> Any:
    """A JSON number, exactly as written. Text and booleans are no amounts."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004  (Pydantic turns ValueError into a finding)
    return Decimal(value)


def _spellable(number: Decimal) -> Decimal:
    """What stands in no currency yet may be written out before it is judged: of 1E+999999999, and of 0E-999999999, that
    would be a gigabyte of digits."""
    if number.copy_abs() > MAX_AMOUNT_MAJOR:
        raise ValueError(f"must not be beyond {MAX_AMOUNT_MAJOR}")
    exponent_of = number.as_tuple().exponent
    if not isinstance(exponent_of, int) or exponent_of < -_DECIMALS_MAX:
        raise ValueError("has too many decimals")
    return number


Number = Annotated[
    Decimal,
    BeforeValidator(_number),
    AfterValidator(_spellable),
    WithJsonSchema({"type": "number", "minimum": -1e12, "maximum": 1e12}),
]


def _minor(currency: str, *, signed: bool) -> Any:
    def convert(amount: Decimal) -> int:
        if amount < 0 and not signed:
            raise ValueError("must not be negative")
        return to_minor(amount, currency)

    return convert


def _shape(currency: str, *, signed: bool) -> dict[str, Any]:
    """For the OpenAPI document. `multipleOf` would be judged with floats, so the decimals stand in words."""
    return {
        "type": "number",
        "minimum": -1e12 if signed else 0,
        "maximum": 1e12,
        "description": f"{currency}, {exponent(currency)} decimals at most",
    }


MinorUsd = Annotated[
    int,
    BeforeValidator(_minor("USD", signed=False)),
    BeforeValidator(_number),
    WithJsonSchema(_shape("USD", signed=False)),
]
MinorKhr = Annotated[
    int,
    BeforeValidator(_minor("KHR", signed=False)),
    BeforeValidator(_number),
    WithJsonSchema(_shape("KHR", signed=False)),
]
SignedMinorUsd = Annotated[
    int,
    BeforeValidator(_minor("USD", signed=True)),
    BeforeValidator(_number),
    WithJsonSchema(_shape("USD", signed=True)),
]
SignedMinorKhr = Annotated[
    int,
    BeforeValidator(_minor("KHR", signed=True)),
    BeforeValidator(_number),
    WithJsonSchema(_shape("KHR", signed=True)),
]


def _cash(value: Any, *, signed: bool) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError("must be an object of amounts by currency")  # noqa: TRY004  (as above)
    amounts = cast("dict[str, Any]", value)
    if len(amounts) > 10:
        raise ValueError("names more than 10 currencies")
    minor: dict[str, int] = {}
    for currency, amount in amounts.items():
        if currency not in EXPONENTS:
            raise ValueError(f"{currency[:12]!r} is not a known currency")
        try:
            minor[currency] = _minor(currency, signed=signed)(_number(amount))
        except ValueError as error:
            raise ValueError(f"{currency}: {error}") from None
    return minor


_CASH_SHAPE: dict[str, Any] = {
    "type": "object",
    "propertyNames": {"enum": sorted(EXPONENTS)},
    "maxProperties": 10,
    "examples": [{"EUR": 150.00}],
}

MinorCash = Annotated[
    dict[str, int],
    BeforeValidator(lambda value: _cash(value, signed=False)),
    WithJsonSchema(_CASH_SHAPE | {"additionalProperties": {"type": "number", "minimum": 0, "maximum": 1e12}}),
]
"""Amounts by currency, read from decimals into minor units; none negative."""

SignedMinorCash = Annotated[
    dict[str, int],
    BeforeValidator(lambda value: _cash(value, signed=True)),
    WithJsonSchema(_CASH_SHAPE | {"additionalProperties": {"type": "number", "minimum": -1e12, "maximum": 1e12}}),
]


class Body(BaseModel):
    """A request body under `/v1`: camelCase, unknown fields refused, because a typo in an amount must not read as 0."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, validate_by_name=False, validate_by_alias=True)


AwareDatetime = Annotated[datetime, AfterValidator(require_aware)]
"""A time with its offset; a naive one is refused at the boundary."""

Cursor = Annotated[str | None, Query(max_length=200, description="`nextCursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=paging.PAGE_SIZE_MAX, description="Rows per page.")]
