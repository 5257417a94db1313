"""Money: an integer of minor units plus a currency. No float is ever stored or added.

Exponents are our own table: ISO 4217 and CLDR give KHR two decimals, but no sen has circulated in decades.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

Cash: TypeAlias = dict[str, int]
"""Minor units by currency, for example `{"EUR": 15000}`."""

MAX_AMOUNT_MAJOR = 10**12
"""No single amount is beyond this many major units of its currency."""

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KHR KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD "
    "KES KGS KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS "
    "TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG"
)
EXPONENTS: Mapping[str, int] = {
    currency: decimals
    for decimals, currencies in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
    for currency in currencies.split()
}


def exponent(currency: str) -> int:
    """Decimals of a currency. Raises ValueError for one that is not known."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"{currency[:12]!r} is not a known currency") from None


def to_minor(amount: Decimal, currency: str) -> int:
    """Major units to minor units, exactly. Raises ValueError beyond 10¹² or with more decimals than the currency."""
    decimals = exponent(currency)
    if not amount.is_finite():
        raise ValueError("must be a finite number")
    # `abs` would round to the context and overflow on a number like 1E+999999999; `copy_abs` looks at it as it is.
    if amount.copy_abs() > MAX_AMOUNT_MAJOR:
        raise ValueError("must not be beyond 1000000000000")
    if amount == 0:
        return 0
    # Trailing zeros do not count, and the exponent is looked at before scaling: a number like 1E-999999 would
    # otherwise be spelled out digit by digit.
    if amount.adjusted() < -decimals or amount != (quantised := amount.quantize(Decimal(1).scaleb(-decimals))):
        raise ValueError(f"{currency} has {decimals} decimals at most")
    return int(quantised.scaleb(decimals))


def from_minor(minor: int, currency: str) -> Decimal:
    """Minor units to major units, with all decimals of the currency (`15000, "EUR"` → `150.00`)."""
    return Decimal(minor).scaleb(-exponent(currency))


def add(*amounts: Mapping[str, int]) -> Cash:
    """Sum per currency. A surplus in one currency never meets a shortage in another."""
    total: Cash = {}
    for amount in amounts:
        for currency, minor in amount.items():
            total[currency] = total.get(currency, 0) + minor
    return total


def subtract(left: Mapping[str, int], right: Mapping[str, int]) -> Cash:
    return add(left, {currency: -minor for currency, minor in right.items()})


def to_wire(amounts: Mapping[str, int]) -> dict[str, Decimal]:
    """Minor units to the decimals that JSON carries."""
    return {currency: from_minor(minor, currency) for currency, minor in amounts.items()}


def rounded_half_up(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def from_rows(rows: Iterable[Any], column: str = "amount_minor") -> Cash:
    """Rows of `currency` and an amount to `Cash`."""
    return {row["currency"]: int(row[column]) for row in rows}
