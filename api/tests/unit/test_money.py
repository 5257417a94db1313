"""core.money: exact in both directions, or refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.core import money

CURRENCIES = st.sampled_from(sorted(money.EXPONENTS))
# 10¹² major units in the currency with the fewest decimals, so that the sum of two stays a legal amount nowhere else.
MINOR = st.integers(min_value=-(10**12), max_value=10**12)


@given(MINOR, CURRENCIES)
def test_minor_units_survive_the_way_to_the_wire_and_back(minor: int, currency: str) -> None:
    assert money.to_minor(money.from_minor(minor, currency), currency) == minor


@given(MINOR, CURRENCIES)
def test_the_wire_shows_all_decimals_of_the_currency(minor: int, currency: str) -> None:
    shown = format(money.from_minor(minor, currency), "f")

    _, _, decimals = shown.partition(".")
    assert len(decimals) == money.exponent(currency)


@given(st.decimals(allow_nan=True, allow_infinity=True), CURRENCIES)
def test_an_amount_is_exact_or_refused(amount: Decimal, currency: str) -> None:
    try:
        minor = money.to_minor(amount, currency)
    except ValueError:
        return
    assert money.from_minor(minor, currency) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("150.00", "EUR", 15000),
        ("150", "EUR", 15000),
        ("150.0000000", "EUR", 15000),
        ("1.5E2", "EUR", 15000),
        ("-0.00", "EUR", 0),
        ("0E-999999999", "EUR", 0),
        ("4100", "KHR", 4100),
        ("4100.000", "KHR", 4100),
        ("1.234", "KWD", 1234),
        ("1000000000000", "USD", 10**14),
    ],
)
def test_what_is_the_same_number_is_the_same_amount(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "why"),
    [
        ("0.001", "EUR", "EUR has 2 decimals at most"),
        ("0.5", "KHR", "KHR has 0 decimals at most"),
        ("1E-999999999", "EUR", "EUR has 2 decimals at most"),
        ("1000000000000.01", "EUR", "must not be beyond 1000000000000"),
        ("-1000000000001", "EUR", "must not be beyond 1000000000000"),
        ("1E999999999", "EUR", "must not be beyond 1000000000000"),
        ("NaN", "EUR", "must be a finite number"),
        ("-Infinity", "EUR", "must be a finite number"),
        ("1", "eur", "'eur' is not a known currency"),
        ("1", "", "'' is not a known currency"),
    ],
)
def test_what_would_lose_or_hide_something_is_refused(amount: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        money.to_minor(Decimal(amount), currency)


@given(st.dictionaries(CURRENCIES, MINOR), st.dictionaries(CURRENCIES, MINOR))
def test_currencies_never_meet(left: dict[str, int], right: dict[str, int]) -> None:
    total = money.add(left, right)

    assert set(total) == set(left) | set(right)
    for currency in total:
        assert total[currency] == left.get(currency, 0) + right.get(currency, 0)
    assert money.subtract(total, right) == {**dict.fromkeys(right, 0), **left}
