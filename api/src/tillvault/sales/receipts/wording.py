"""Amounts, quantities and times as people of a language write them. Babel knows the signs, our table the decimals: CLDR
would print riel with two."""

from __future__ import annotations

import copy
import re
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import NumberPattern, format_decimal

from tillvault.core.money import exponent, from_minor
from tillvault.sales.receipts.domain import Language

_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0"})
"""Narrow spaces are missing in many fonts and in every code page of a printer."""

_GLUED = re.compile(r"(?<=[A-Za-z])(?=\d)")
"""Between a currency that is written in letters and its number: `KHR 1,200` (CLDR, currency spacing)."""


def amount(minor: int, currency: str, language: Language) -> str:
    """A number with the currency's decimals, without its sign: `1 234,50`."""
    return _applied(_pattern(language, "decimal", exponent(currency)), from_minor(minor, currency), language, None)


def money(minor: int, currency: str, language: Language) -> str:
    """With the sign of the currency: `1 234,50 €`."""
    pattern = _pattern(language, "currency", exponent(currency))
    return _GLUED.sub("\u00a0", _applied(pattern, from_minor(minor, currency), language, currency))


def quantity(milli: int, language: Language) -> str:
    """Pieces or kilograms, with the decimals that it has."""
    return format_decimal(Decimal(milli).scaleb(-3), "#,##0.###", _locale(language)).translate(_SPACES)


def percent(basis_points: int, language: Language) -> str:
    return format_decimal(Decimal(basis_points).scaleb(-2), "#,##0.##", _locale(language)) + "\u00a0%"


def rate(value: Decimal, language: Language) -> str:
    return format_decimal(value, "#,##0.##########", _locale(language), decimal_quantization=False).translate(_SPACES)


def moment(local: datetime, language: Language) -> str:
    """Day and minute on the clock of the shop."""
    locale = _locale(language)
    return f"{format_date(local, 'medium', locale)} {format_time(local, 'HH:mm', locale=locale)}".translate(_SPACES)


@lru_cache
def _locale(language: Language) -> Locale:
    return Locale.parse(str(language))


@lru_cache
def _pattern(language: Language, kind: str, decimals: int) -> NumberPattern:
    locale = _locale(language)
    formats = locale.decimal_formats[None] if kind == "decimal" else locale.currency_formats["standard"]
    pattern = copy.copy(formats)
    pattern.frac_prec = (decimals, decimals)
    return pattern


def _applied(pattern: NumberPattern, value: Decimal, language: Language, currency: str | None) -> str:
    return pattern.apply(value, _locale(language), currency=currency, currency_digits=False).translate(_SPACES)
