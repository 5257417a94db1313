"""Rules of branches: store codes, time zones, drawer currencies."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import available_timezones

from tillvault.core.money import exponent

CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]$"
CURRENCIES_MAX = 10


def plain_letters(text: str) -> str:
    """The text in ASCII, accents taken off; what has no such form is left out."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def store_code(name: str, digits: str) -> str:
    """A code like `TIEN-7A31`: four letters of the name and four hex digits."""
    letters = "".join(char for char in plain_letters(name).upper() if char.isalpha())
    return f"{letters[:4]:X<4}-{digits.upper()}" if letters else f"SHOP-{digits.upper()}"


def known_timezone(name: str) -> str:
    """Raises ValueError."""
    if name not in _timezones():
        raise ValueError("is not a time zone of the IANA database, for example Europe/Paris")
    return name


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def known_currency(currency: str) -> str:
    """Raises ValueError."""
    exponent(currency)
    return currency


def drawer_currencies(base_currency: str, currencies: Sequence[str]) -> tuple[str, ...]:
    """What the drawers of a branch hold. Raises ValueError."""
    if base_currency not in currencies:
        raise ValueError("must hold the base currency")
    return tuple(currencies)
