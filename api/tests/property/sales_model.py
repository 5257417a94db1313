"""A model of sales in fractions, written from domain.md alone: it calls nothing of the product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

KHR_STEP = 100
# Price in cents, tax rate in hundredths of a percent, position of its category, whether it is sold by weight.
GOODS = ((1999, 2000, 0, False), (333, 550, 1, False), (1250, 2000, 1, True), (1, 0, None, False), (0, 2000, 0, False))
STYLES = ("card", "cash", "change in riel", "riel", "riel to the riel", "card and cash", "dollars and riel", "voucher")
Cents = dict[str, int]
Discount = dict[str, int]
"""Either `percent` or `cents`."""


def half_up(value: Fraction) -> int:
    whole = abs(value).__floor__()
    whole += abs(value) - whole >= Fraction(1, 2)
    return whole if value >= 0 else -whole


def to_step(value: Fraction, currency: str) -> int:
    """Cash as it can be handed over: dollars to the cent, riel to the hundred, halves up."""
    return half_up(value) if currency == "USD" else half_up(value / KHR_STEP) * KHR_STEP


@dataclass(frozen=True)
class Part:
    """A line of the model; a refund's is negative."""

    good: int
    milli: int
    gross: int
    total: int
    tax: int


@dataclass
class Deal:
    """A sale or refund of the model, in cents."""

    id: str
    parts: list[Part]
    donation: int
    tenders: list[tuple[str, str, int]]
    """Method, currency, minor units; negative at a refund."""
    change: Cents
    rate: Fraction | None
    """Riel per dollar, where riel changed hands."""
    paid: dict[str, int]
    """By method, in cents."""
    is_refund: bool = False
    back: dict[int, int] = field(default_factory=dict[int, int])
    """Thousandths of each line that have come back."""

    @property
    def goods(self) -> int:
        return sum(part.total for part in self.parts)

    @property
    def total(self) -> int:
        return sum(self.paid.values())

    @property
    def effect(self) -> Cents:
        effect: Cents = defaultdict(int)
        for method, currency, minor in self.tenders:
            if method == "CASH":
                effect[currency] += minor
        for currency, minor in self.change.items():
            effect[currency] -= minor
        return {currency: minor for currency, minor in effect.items() if minor}


@dataclass
class Drawer:
    id: str
    seat: int
    opening: Cents
    deals: list[Deal] = field(default_factory=list[Deal])
    moved: Cents = field(default_factory=lambda: defaultdict(int))
    paid_in: Cents = field(default_factory=lambda: defaultdict(int))

    def expected(self) -> Cents:
        held = dict(self.opening)
        for effect in [*(deal.effect for deal in self.deals), self.moved]:
            for currency, minor in effect.items():
                held[currency] += minor
        return held

    def lacks(self, effect: Mapping[str, int]) -> bool:
        held = self.expected()
        return any(minor < 0 and held[currency] + minor < 0 for currency, minor in effect.items())


def major(minor: int, currency: str = "USD") -> float | int:
    return minor / 100 if currency == "USD" else minor


def shared(amount: int, over: list[int]) -> list[int]:
    """In proportion, to the cent; what is left over goes to the largest remainders, the earlier first."""
    whole = sum(over) or 1
    exact = [Fraction(amount * part, whole) for part in over]
    parts = [value.__floor__() for value in exact]
    order = sorted(range(len(over)), key=lambda at: (parts[at] - exact[at], at))
    for at in order[: amount - sum(parts)] if any(over) else []:
        parts[at] += 1
    return parts


def priced(wanted: list[tuple[int, int, Discount | None]], cart: Discount | None) -> list[Part]:
    gross = [half_up(Fraction(GOODS[good][0] * milli, 1000)) for good, milli, _ in wanted]
    left = [total - taken(total, discount) for total, (_, _, discount) in zip(gross, wanted, strict=True)]
    left = [total - share for total, share in zip(left, shared(taken(sum(left), cart), left), strict=True)]
    return [
        Part(good, milli, before, total, half_up(Fraction(total * GOODS[good][1], 10_000 + GOODS[good][1])))
        for (good, milli, _), before, total in zip(wanted, gross, left, strict=True)
    ]


def taken(total: int, discount: Discount | None) -> int:
    if discount is None:
        return 0
    return discount["cents"] if "cents" in discount else half_up(Fraction(total * discount["percent"], 100))


def discount_body(discount: Discount) -> dict[str, Any]:
    return {"amount": major(discount["cents"])} if "cents" in discount else dict(discount)


def tendered(due: int, style: str, extra: int, rate: Fraction) -> list[tuple[str, str, int]]:
    """What the customer hands over for an amount."""
    if not due:
        return []
    riel = Fraction(due) * rate / 100
    match style:
        case "card" | "voucher":
            tenders = [(style.upper(), "USD", due)]
        case "riel":
            tenders = [("CASH", "KHR", ((riel / KHR_STEP).__ceil__() + extra) * KHR_STEP)]
        case "riel to the riel" if to_step(riel, "KHR"):
            tenders = [("CASH", "KHR", to_step(riel, "KHR"))]
        case "card and cash" if due > 3:
            tenders = [("CARD", "USD", due // 3), ("CASH", "USD", due - due // 3 + extra)]
        case "dollars and riel" if due > 3:
            rest = Fraction(due - due // 2) * rate / 100
            steps = (rest / KHR_STEP).__ceil__() + extra
            tenders = [("CASH", "USD", due // 2), ("CASH", "KHR", steps * KHR_STEP)]
        case _:
            tenders = [("CASH", "USD", due + extra)]
    return tenders


def settled(
    parts: list[Part], donation: int, tenders: list[tuple[str, str, int]], change_in: str | None, rate: Fraction
) -> Deal:
    """What is handed over is what is due, rounded as cash is, or there is change."""

    def cents(minor: int, name: str) -> Fraction:
        return Fraction(minor) if name == "USD" else minor * 100 / rate

    def units(value: Fraction, name: str) -> Fraction:
        return value if name == "USD" else value * rate / 100

    due = sum(part.total for part in parts) + donation
    paid: dict[str, int] = defaultdict(int)
    for method, name, minor in tenders:
        paid[method] += half_up(cents(minor, name))
    cash = {name: minor for method, name, minor in tenders if method == "CASH"}
    left = due - sum(minor for method, minor in paid.items() if method != "CASH")
    value = sum((cents(minor, name) for name, minor in cash.items()), Fraction(0))
    is_exact = any(
        minor == to_step(units(left - value + cents(minor, name), name), name)
        for name, minor in cash.items()
        if left - value + cents(minor, name) > 0
    )
    change: Cents = {}
    if cash and not is_exact:
        name = change_in or (next(iter(cash)) if len(cash) == 1 else "USD")
        given = to_step(units(value - left, name), name)
        if given:
            change[name] = given
            paid["CASH"] -= half_up(cents(given, name))
    used = {name for _, name, _ in tenders} | change.keys()
    return Deal("", parts, donation, tenders, change, rate if "KHR" in used else None, paid)


def returned(sale: Deal, at: int, milli: int) -> Part:
    """Parts add up to the whole: each is what has come back with it, less what had come back before."""
    sold, before = sale.parts[at], sale.back.get(at, 0)

    def part(minor: int) -> int:
        return half_up(Fraction(minor * before, sold.milli)) - half_up(Fraction(minor * (before + milli), sold.milli))

    return Part(sold.good, -milli, part(sold.gross), part(sold.total), part(sold.tax))


def cash_agrees(drawer: Drawer, told: dict[str, Any]) -> None:
    """The cash of a report is the drawer's, currency by currency."""
    expected = drawer.expected()
    for line in told["summary"]["byCurrency"]:
        name = line["currency"]
        sold, back = (
            sum(deal.effect.get(name, 0) for deal in drawer.deals if deal.is_refund is is_refund)
            for is_refund in (False, True)
        )
        assert line["expectedCash"] == major(expected[name], name)
        assert line["totalSalesCash"] == major(sold, name)
        assert line["totalRefunds"] == major(-back, name)
        assert line["totalPaidIn"] == major(drawer.paid_in[name], name)
