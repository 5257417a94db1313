"""Settling an amount with tenders, change and cash rounding (domain.md, "Money, sales, refunds"). Pure.

The sale's currency is the drawer's base currency. A tender counts at the frozen rate, rounded half up to a minor unit
of the base currency. Only cash gives change; the cash that is handed over last, change or else the tender, is rounded
by the policy of its currency, and what rounding left or gave away stands beside the payments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from tillvault.cash.takings.domain import Flow, Payment, PaymentMethod, Rounding
from tillvault.core.money import exponent
from tillvault.identity.policies import Rounding as RoundingRule
from tillvault.identity.policies import RoundingMode
from tillvault.sales.errors import Overpaid, PaymentInsufficient, RateUnknown, RefundAmountMismatch
from tillvault.sales.pricing import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Tender:
    method: PaymentMethod
    currency: str
    amount_minor: int
    reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a branch has decided about money."""

    base: str
    rates: Mapping[str, Decimal]
    """Units of a currency per unit of the base currency."""
    rounding: Mapping[str, RoundingRule]

    def in_base(self, minor: int | Fraction, currency: str) -> Fraction:
        """Minor units of a currency in minor units of the base, exactly. Raises RateUnknown."""
        return Fraction(minor) / self._factor(currency)

    def from_base(self, minor: int | Fraction, currency: str) -> Fraction:
        return Fraction(minor) * self._factor(currency)

    def _factor(self, currency: str) -> Fraction:
        """Minor units of a currency per minor unit of the base."""
        if currency == self.base:
            return Fraction(1)
        rate = self.rates.get(currency)
        if rate is None:
            raise RateUnknown(f"This branch has no exchange rate for {currency}.")
        return Fraction(rate) * Fraction(10) ** (exponent(currency) - exponent(self.base))

    def rounded(self, minor: Fraction, currency: str) -> int:
        """An amount of cash as it can be handed over, not negative. Without a rule, to the minor unit, half up."""
        rule = self.rounding.get(currency)
        if rule is None:
            return half_up(minor)
        steps = minor / rule.step_minor
        match rule.mode:
            case RoundingMode.NEAREST:
                return half_up(steps) * rule.step_minor
            case RoundingMode.UP:
                return -int(-steps // 1) * rule.step_minor
            case RoundingMode.DOWN:
                return int(steps // 1) * rule.step_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    payments: list[Payment]
    """Tenders in their order, then the change, if any."""
    rounding: Rounding | None

    @property
    def rounding_minor(self) -> int:
        return self.rounding.base_minor if self.rounding else 0


def settle(due_minor: int, tenders: Sequence[Tender], terms: Terms, *, change_currency: str | None = None) -> Settled:
    """Pay `due_minor` (base currency, not negative) with these tenders.

    Raises PaymentInsufficient, Overpaid, RateUnknown.
    """
    payments = [
        _payment(number, tender, half_up(terms.in_base(tender.amount_minor, tender.currency)))
        for number, tender in enumerate(tenders, start=1)
    ]
    cash = _cash_of(tenders)
    others = sum(payment.base_minor for payment in payments if payment.method is not PaymentMethod.CASH)
    left = due_minor - others
    if left < 0 or (left == 0 and cash):
        # Cash beside tenders that pay all by themselves would only be given back.
        raise Overpaid
    if left > 0 and not cash:
        raise PaymentInsufficient
    if left == 0:
        return Settled(payments=payments, rounding=None)
    value = sum((terms.in_base(minor, currency) for currency, minor in cash.items()), start=Fraction(0))
    exact = _as_rounded(left, cash, value, terms)
    if exact is not None:
        return Settled(payments=payments, rounding=_rounding(payments, due_minor, *exact))
    if value < left:
        raise PaymentInsufficient
    return _with_change(payments, due_minor, value - left, change_currency or _of_change(cash, terms.base), terms)


def _cash_of(tenders: Sequence[Tender]) -> dict[str, int]:
    cash: dict[str, int] = {}
    for tender in tenders:
        if tender.method is PaymentMethod.CASH:
            cash[tender.currency] = cash.get(tender.currency, 0) + tender.amount_minor
    return cash


def _payment(number: int, tender: Tender, base_minor: int) -> Payment:
    return Payment(
        number=number,
        flow=Flow.TENDER,
        method=tender.method,
        currency=tender.currency,
        amount_minor=tender.amount_minor,
        base_minor=base_minor,
        reference=tender.reference,
    )


def _as_rounded(left: int, cash: Mapping[str, int], value: Fraction, terms: Terms) -> tuple[str, int] | None:
    """The currency, and what rounding did to it, when the cash is just the rounded amount to pay: then there is no
    change, and a shortfall is no shortfall."""
    for currency, minor in cash.items():
        needed = terms.from_base(left - (value - terms.in_base(minor, currency)), currency)
        if needed > 0 and minor == terms.rounded(needed, currency):
            return currency, half_up(minor - needed)
    return None


def _of_change(cash: Mapping[str, int], base: str) -> str:
    """Change is given in the base currency, unless the only cash that came was of another one."""
    return next(iter(cash)) if len(cash) == 1 else base


def _with_change(payments: list[Payment], due_minor: int, over: Fraction, currency: str, terms: Terms) -> Settled:
    exact = terms.from_base(over, currency)
    given = terms.rounded(exact, currency)
    if given:
        payments = [
            *payments,
            Payment(
                number=len(payments) + 1,
                flow=Flow.CHANGE,
                method=PaymentMethod.CASH,
                currency=currency,
                amount_minor=-given,
                base_minor=-half_up(terms.in_base(given, currency)),
            ),
        ]
    return Settled(payments=payments, rounding=_rounding(payments, due_minor, currency, half_up(exact - given)))


def _rounding(payments: Sequence[Payment], due_minor: int, currency: str, amount_minor: int) -> Rounding | None:
    base_minor = sum(payment.base_minor for payment in payments) - due_minor
    if not amount_minor and not base_minor:
        return None
    return Rounding(currency=currency, amount_minor=amount_minor, base_minor=base_minor)


def pay_back(due_minor: int, tenders: Sequence[Tender], terms: Terms) -> Settled:
    """Give `due_minor` (base currency) back: the tenders are what the customer gets, no more and no less but for the
    rounding of cash. Payments come out negative.

    Raises RefundAmountMismatch, RateUnknown.
    """
    paid = [
        _payment(number, tender, half_up(terms.in_base(tender.amount_minor, tender.currency)))
        for number, tender in enumerate(tenders, start=1)
    ]
    payments = [replace(one, amount_minor=-one.amount_minor, base_minor=-one.base_minor) for one in paid]
    cash = _cash_of(tenders)
    left = due_minor - sum(one.base_minor for one in paid if one.method is not PaymentMethod.CASH)
    value = sum((terms.in_base(minor, currency) for currency, minor in cash.items()), start=Fraction(0))
    if not cash and left == 0:
        return Settled(payments=payments, rounding=None)
    exact = _as_rounded(left, cash, value, terms)
    if exact is not None:
        currency, more = exact
        return Settled(payments=payments, rounding=_rounding(payments, -due_minor, currency, -more))
    if value == left:
        return Settled(payments=payments, rounding=None)
    if not cash and left > 0 and terms.rounded(Fraction(left), terms.base) == 0:
        # What is due rounds to no cash at all.
        return Settled(payments=payments, rounding=_rounding(payments, -due_minor, terms.base, left))
    raise RefundAmountMismatch
