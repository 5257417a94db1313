"""Prices, discounts, tax, tenders, change and rounding: pure rules (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.cash.takings.domain import Flow, PaymentMethod
from tillvault.identity.policies import Rounding, RoundingMode
from tillvault.sales.errors import DiscountTooLarge, Overpaid, PaymentInsufficient, RateUnknown, RefundAmountMismatch
from tillvault.sales.pricing import Discount, Priced, half_up, lines_of, returned_part, shared, tax_of
from tillvault.sales.settlement import Settled, Tender, Terms, pay_back, settle

CASH, CARD = PaymentMethod.CASH, PaymentMethod.CARD
NEAREST, UP, DOWN = RoundingMode.NEAREST, RoundingMode.UP, RoundingMode.DOWN


def terms(base: str = "USD", *, khr: str = "4100", step: int = 100, mode: RoundingMode = DOWN) -> Terms:
    return Terms(base=base, rates={"KHR": Decimal(khr)}, rounding={"KHR": Rounding(step, mode)})


def francs(mode: RoundingMode = NEAREST) -> Terms:
    """No coin below 5 Rappen."""
    return Terms(base="CHF", rates={}, rounding={"CHF": Rounding(5, mode)})


def cash(minor: int, currency: str) -> Tender:
    return Tender(method=CASH, currency=currency, amount_minor=minor)


def card(minor: int, currency: str) -> Tender:
    return Tender(method=CARD, currency=currency, amount_minor=minor)


def moved(settled: Settled) -> list[tuple[str, str, int]]:
    return [(one.flow.value, one.currency, one.amount_minor) for one in settled.payments]


def rounded(settled: Settled) -> tuple[str, int, int] | None:
    one = settled.rounding
    return None if one is None else (one.currency, one.amount_minor, one.base_minor)


# Change and rounding, case by case


@pytest.mark.parametrize(
    ("mode", "given_back", "left"),
    [(DOWN, 10_200, 50), (NEAREST, 10_300, -50), (UP, 10_300, -50)],
    ids=["down", "nearest is half up", "up"],
)
def test_change_of_exactly_half_a_step_goes_as_the_mode_says(mode: RoundingMode, given_back: int, left: int) -> None:
    settled = settle(4750, [cash(5000, "USD")], terms(mode=mode), change_currency="KHR")

    assert moved(settled) == [("TENDER", "USD", 5000), ("CHANGE", "KHR", -given_back)]
    assert settled.rounding is not None
    assert (settled.rounding.currency, settled.rounding.amount_minor) == ("KHR", left)


@pytest.mark.parametrize(
    ("due", "tendered", "change", "rounding"),
    [
        (1002, 1000, 0, -2),
        (1003, 1005, 0, 2),
        (1002, 2000, 1000, -2),
        (1003, 2000, 995, 2),
        (1000, 1000, 0, None),
    ],
    ids=["paid as rounded down", "paid as rounded up", "change rounded up", "change rounded down", "nothing to round"],
)
def test_cash_is_rounded_to_the_coins_that_there_are(
    due: int, tendered: int, change: int, rounding: int | None
) -> None:
    settled = settle(due, [cash(tendered, "CHF")], francs())

    assert moved(settled) == [("TENDER", "CHF", tendered)] + ([("CHANGE", "CHF", -change)] if change else [])
    assert rounded(settled) == (None if rounding is None else ("CHF", rounding, rounding))


def test_a_card_pays_to_the_cent() -> None:
    assert rounded(settle(1003, [card(1003, "CHF")], francs())) is None


def test_what_a_card_leaves_is_rounded_when_cash_pays_it() -> None:
    settled = settle(1003, [card(500, "CHF"), cash(505, "CHF")], francs())

    assert rounded(settled) == ("CHF", 2, 2)


def test_riel_pay_a_price_in_dollars_at_the_frozen_rate() -> None:
    settled = settle(1001, [cash(41_000, "KHR")], terms(mode=NEAREST))

    assert moved(settled) == [("TENDER", "KHR", 41_000)]
    assert rounded(settled) == ("KHR", -41, -1)


def test_change_for_riel_is_given_in_riel_unless_asked_otherwise() -> None:
    assert moved(settle(1000, [cash(50_000, "KHR")], terms())) == [("TENDER", "KHR", 50_000), ("CHANGE", "KHR", -9_000)]
    assert moved(settle(1000, [cash(50_000, "KHR")], terms(), change_currency="USD")) == [
        ("TENDER", "KHR", 50_000),
        ("CHANGE", "USD", -220),
    ]


def test_change_of_cash_in_two_currencies_is_given_in_the_base_currency() -> None:
    settled = settle(2500, [cash(2000, "USD"), cash(41_000, "KHR")], terms())

    assert moved(settled)[-1] == ("CHANGE", "USD", -500)


@pytest.mark.parametrize(
    ("due", "tenders", "refusal"),
    [
        (1000, [], PaymentInsufficient),
        (1000, [cash(999, "USD")], PaymentInsufficient),
        (1000, [card(999, "USD")], PaymentInsufficient),
        (1000, [card(1001, "USD")], Overpaid),
        (1000, [card(1000, "USD"), cash(500, "USD")], Overpaid),
        (0, [cash(100, "USD")], Overpaid),
        (1000, [cash(1000, "EUR")], RateUnknown),
    ],
    ids=[
        "nothing",
        "too little cash",
        "too little by card",
        "card gives no change",
        "cash too many",
        "free",
        "no rate",
    ],
)
def test_what_does_not_settle_is_refused(due: int, tenders: list[Tender], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        settle(due, tenders, terms())


def test_nothing_due_needs_no_payment() -> None:
    assert settle(0, [], terms()) == Settled(payments=[], rounding=None)


# Properties

amounts = st.integers(0, 10_000_000)
currencies = st.sampled_from(["USD", "KHR"])


def policy_of(rate: Decimal, step: int, mode: RoundingMode, own: int) -> Terms:
    own_rule = {"USD": Rounding(own, mode)} if own else {}
    return Terms(base="USD", rates={"KHR": rate}, rounding={"KHR": Rounding(step, mode)} | own_rule)


policies = st.builds(
    policy_of,
    st.decimals("0.01", "20000", places=2),
    st.sampled_from([1, 50, 100, 500]),
    st.sampled_from(RoundingMode),
    st.sampled_from([0, 1, 5, 10]),
)


@given(due=amounts, more=st.integers(0, 100_000_000), policy=policies, paid_in=currencies, change=currencies)
def test_payments_less_change_are_what_was_due_and_the_rounding(
    due: int, more: int, policy: Terms, paid_in: str, change: str
) -> None:
    needed = -(-policy.from_base(due, paid_in) // 1)
    settled = settle(due, [cash(int(needed) + more, paid_in)] if due else [], policy, change_currency=change)

    assert sum(one.base_minor for one in settled.payments) == due + settled.rounding_minor
    assert all((one.amount_minor < 0) == (one.flow is Flow.CHANGE) for one in settled.payments)
    for one in settled.payments:
        if one.flow is Flow.CHANGE:
            # Nobody is given coins that there are not, and rounding never takes a whole step.
            step = policy.rounding[change].step_minor if change in policy.rounding else 1
            assert one.currency == change
            assert one.amount_minor % step == 0


@given(due=st.integers(1, 10_000_000), parts=st.lists(st.integers(1, 100), min_size=1, max_size=5), policy=policies)
def test_any_mix_of_card_and_exact_cash_settles(due: int, parts: list[int], policy: Terms) -> None:
    shares = shared(due, parts)
    tenders = [card(share, "USD") for share in shares[1:] if share]
    left = due - sum(tender.amount_minor for tender in tenders)
    if left:
        tenders.append(cash(policy.rounded(Fraction(left), "USD") or left, "USD"))

    settled = settle(due, tenders, policy)

    assert sum(one.base_minor for one in settled.payments) == due + settled.rounding_minor


@given(due=st.integers(1, 10_000_000), policy=policies, paid_in=currencies)
def test_a_refund_gives_back_what_is_due_and_the_rounding(due: int, policy: Terms, paid_in: str) -> None:
    cash_back = policy.rounded(policy.from_base(due, paid_in), paid_in)

    settled = pay_back(due, [cash(cash_back, paid_in)] if cash_back else [], policy) if cash_back else None

    if settled is not None:
        assert sum(one.base_minor for one in settled.payments) == -due + settled.rounding_minor
        assert all(one.amount_minor < 0 for one in settled.payments)


@pytest.mark.parametrize("given_back", [999, 1001])
def test_a_refund_of_another_amount_is_refused(given_back: int) -> None:
    with pytest.raises(RefundAmountMismatch):
        pay_back(1000, [card(given_back, "USD")], terms())


def thing(quantity: int, price: int, rate: int, discount: Discount | None) -> Priced:
    return Priced(
        product_id=None,
        category_id=None,
        category_name=None,
        name="Thing",
        eee_category=None,
        weight_grams=None,
        quantity_milli=quantity,
        unit_price_minor=price,
        list_price_minor=None,
        tax_rate_bp=rate,
        discount=discount,
    )


priced = st.builds(
    thing,
    st.integers(1, 100_000),
    st.integers(0, 1_000_000),
    st.sampled_from([0, 210, 550, 850, 1000, 2000, 10_000]),
    st.none() | st.builds(Discount, percent=st.decimals(0, 100, places=2)),
)


@given(lines=st.lists(priced, max_size=20), percent=st.decimals(0, 100, places=2))
def test_discounts_are_shared_to_the_last_cent(lines: list[Priced], percent: Decimal) -> None:
    without = lines_of(lines, None)
    less = lines_of(lines, Discount(percent=percent))

    whole = sum(line.total_minor for line in without)
    assert sum(line.total_minor for line in less) == whole - half_up(Fraction(whole) * Fraction(percent) / 100)
    for line in less:
        assert 0 <= line.total_minor == line.gross_minor - line.discount_minor
        assert 0 <= line.tax_minor <= line.total_minor
        assert line.tax_minor == tax_of(line.total_minor, line.tax_rate_bp)


@given(amount=st.integers(0, 10**9), parts=st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_shares_add_up_and_none_is_more_than_one_off(amount: int, parts: list[int]) -> None:
    shares = shared(amount, parts)

    whole = sum(parts)
    if whole:
        assert sum(shares) == amount
        assert all(abs(share - Fraction(amount * part, whole)) < 1 for share, part in zip(shares, parts, strict=True))
    else:
        assert not any(shares)


@given(
    sold=st.integers(0, 10**9),
    steps=st.lists(st.integers(1, 5000), min_size=1, max_size=12),
    rest=st.integers(0, 5000),
)
def test_parts_that_come_back_add_up_to_what_was_sold(sold: int, steps: list[int], rest: int) -> None:
    whole = sum(steps) + rest
    back, before = 0, 0
    for step in [*steps, rest] if rest else steps:
        part = returned_part(sold, sold_milli=whole, before_milli=before, quantity_milli=step)
        assert part >= 0
        back, before = back + part, before + step

    assert back == sold


def test_a_discount_beyond_the_price_is_refused() -> None:
    line = thing(1000, 500, 2000, Discount(amount_minor=501))

    with pytest.raises(DiscountTooLarge):
        lines_of([line], None)


@pytest.mark.parametrize(
    ("total", "rate_bp", "tax"), [(1200, 2000, 200), (1055, 550, 55), (100, 850, 8), (3, 2000, 1), (0, 2000, 0)]
)
def test_the_tax_that_a_price_includes_is_rounded_half_up(total: int, rate_bp: int, tax: int) -> None:
    assert tax_of(total, rate_bp) == tax
