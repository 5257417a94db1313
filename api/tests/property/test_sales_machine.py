"""Sales, refunds, movements and closes on two registers against an independent model, in whatever order they come.

The model is written from domain.md in fractions and calls nothing of the product: prices, discounts, tax, tenders,
change and rounding are worked out here once more. After each act the X of both registers must be the model's to the
last minor unit, and its parts must add up. TILLVAULT_TEST_EXAMPLES=2000 plays ten times as many days.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.books import audited
from tests.property.sales_model import (
    GOODS,
    KHR_STEP,
    STYLES,
    Cents,
    Deal,
    Discount,
    Drawer,
    cash_agrees,
    discount_body,
    half_up,
    major,
    priced,
    returned,
    settled,
    tendered,
    to_step,
)
from tests.selling import product, report
from tests.support import Api, Shop, Shops, move, open_drawer


def percents(*values: int) -> st.SearchStrategy[Discount | None]:
    some: list[Discount | None] = [None, *({"percent": value} for value in values)]
    return st.sampled_from(some)


QUANTITIES = st.lists(
    st.tuples(st.integers(0, len(GOODS) - 1), st.integers(1, 4), percents(5, 10, 33, 100)), min_size=1, max_size=4
) | st.just([])


class SalesMachine(RuleBasedStateMachine):
    """Sells as a shop does and predicts every sum."""

    def __init__(self, shops: Shops, dsn: str) -> None:
        super().__init__()
        self.shops, self.dsn = shops, dsn
        self.rate = Fraction(4100)
        self.open: dict[int, Drawer] = {}
        self.sales: list[Deal] = []
        self.perpetual = {seat: [0, 0] for seat in (0, 1)}
        self.receipts = {0: 0, 1: 0}
        self.kept: dict[str, bytes] = {}

    @initialize()
    def start(self) -> None:
        self.shop: Shop = self.shops.make(currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})
        self.admin: Api = self.shop.elena.back_office()
        names = [
            self.admin.ok(self.admin.post("/v1/catalogue/categories", {"name": name}), 201)["id"]
            for name in ("Books", "Loose")
        ]
        self.goods = [
            product(
                self.dsn,
                self.shop,
                price=price,
                currency="USD",
                tax_rate_bp=rate,
                category_id=None if at is None else names[at],
                unit="KILOGRAM" if by_weight else "PIECE",
            )
            for price, rate, at, by_weight in GOODS
        ]
        self.names = {name: at for at, name in enumerate(names)}
        self.tills = [self.shop.ana.login(self.shop.registers[0]), self.shop.luis.login(self.shop.registers[1])]

        for seat in (0, 1):
            self.opened(seat, {"USD": 100_00, "KHR": 1000 * KHR_STEP})

    def opened(self, seat: int, opening: Cents) -> None:
        made = open_drawer(self.tills[seat], {name: major(minor, name) for name, minor in opening.items()})
        self.open[seat] = Drawer(made["id"], seat, opening)

    # Acts

    @precondition(lambda self: len(self.open) < 2)
    @rule(seat=st.integers(0, 1), dollars=st.integers(0, 60), riel=st.integers(0, 2000))
    def open_a_drawer(self, seat: int, dollars: int, riel: int) -> None:
        if seat not in self.open:
            self.opened(seat, {"USD": dollars * 100, "KHR": riel * KHR_STEP})

    @rule(rate=st.sampled_from(["4100", "3999.5", "4050"]))
    def change_the_rate(self, rate: str) -> None:
        """What is sold already keeps its own."""
        path = f"/v1/branches/{self.shop.branches[0].id}/policies"
        self.admin.ok(self.admin.patch(path, {"fxRates": {"KHR": float(rate)}}))
        self.rate = Fraction(rate)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), acts=st.lists(st.sampled_from(["sell", "sell", "refund", "riel"]), min_size=6, max_size=12))
    def have_a_busy_hour(self, data: st.DataObject, acts: list[str]) -> None:
        """Days are short where few of them are played: this makes sure that much is sold and comes back."""
        for act in acts:
            if act == "sell" or not self.sales:
                wanted, style = data.draw(QUANTITIES), data.draw(st.sampled_from(STYLES))
                self.sale(self.some(data), wanted, data.draw(percents(7)), 0, 250, style, data.draw(st.integers(0, 9)))
            elif act == "refund":
                self.refund(data, data.draw(st.sampled_from(["all", "part", "card"])), 2)
            else:
                self.change_the_rate(data.draw(st.sampled_from(["4100", "3999.5", "4050"])))
                self.refund(data, "riel", 4)
            self.every_x_is_the_model()

    @precondition(lambda self: self.open)
    @rule(
        data=st.data(),
        wanted=QUANTITIES,
        cart=percents(1, 15, 50),
        cents_off=st.integers(0, 30),
        donation=st.sampled_from([0, 0, 1, 250]),
        style=st.sampled_from(STYLES),
        extra=st.sampled_from([0, 0, 1, 37, 1250]),
    )
    def sell(
        self,
        data: st.DataObject,
        wanted: list[tuple[int, int, Discount | None]],
        cart: Discount | None,
        cents_off: int,
        donation: int,
        style: str,
        extra: int,
    ) -> None:
        self.sale(self.some(data), wanted, cart, cents_off, donation, style, extra)

    def sale(
        self,
        drawer: Drawer,
        wanted: list[tuple[int, int, Discount | None]],
        cart: Discount | None,
        cents_off: int,
        donation: int,
        style: str,
        extra: int,
    ) -> None:
        # By weight a number is of 123 grams, by the piece of pieces.
        lines = [(good, number * (123 if GOODS[good][3] else 1000), off) for good, number, off in wanted]
        if cart is None and cents_off <= sum(part.total for part in priced(lines, None)):
            cart = {"cents": cents_off}
        parts = priced(lines, cart)
        due = sum(part.total for part in parts) + donation
        tenders = tendered(due, style, extra, self.rate)
        change_in = "KHR" if style == "change in riel" else None
        deal = settled(parts, donation, tenders, change_in, self.rate)

        answer = self.tills[drawer.seat].post(
            "/v1/sales",
            {
                "lines": [
                    {"productId": self.goods[good], "quantity": milli / 1000}
                    | ({"discount": discount_body(off)} if off else {})
                    for good, milli, off in lines
                ],
                "payments": [
                    {"method": method, "amount": major(minor, name), "currency": name}
                    for method, name, minor in tenders
                ],
                "donation": major(donation),
            }
            | ({"discount": discount_body(cart)} if cart else {})
            | ({"changeCurrency": change_in} if change_in else {}),
        )

        if not lines and not donation:
            assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR"), answer.text
        elif drawer.lacks(deal.effect):
            assert (answer.status_code, answer.json()["code"]) == (400, "INSUFFICIENT_CASH"), answer.text
        else:
            self.keep(drawer, deal, answer)
            self.sales.append(deal)

    @precondition(lambda self: self.open and self.sales)
    @rule(data=st.data(), style=st.sampled_from(["all", "part", "part", "card", "riel"]), share=st.integers(1, 4))
    def refund(self, data: st.DataObject, style: str, share: int) -> None:
        drawer = self.some(data)
        sale = data.draw(st.sampled_from(self.sales))
        left = {at: part.milli - sale.back.get(at, 0) for at, part in enumerate(sale.parts)}
        left = {at: milli for at, milli in left.items() if milli}
        path = f"/v1/sales/{sale.id}/refunds"
        if not left:
            answer = self.tills[drawer.seat].post(path, {"reason": "by the machine"})
            assert (answer.status_code, answer.json()["code"]) == (400, "REFUND_EXCEEDS_SALE")
            return
        if style != "all":
            at = data.draw(st.sampled_from(sorted(left)))
            left = {at: max(1, left[at] * share // 4)}
        parts = [returned(sale, at, milli) for at, milli in left.items()]
        due = -sum(part.total for part in parts)
        rate = sale.rate or self.rate
        tenders: list[tuple[str, str, int]] = [("CASH", "USD", -due)] if due else []
        if style == "card" and due:
            tenders = [("CARD", "USD", -due)]
        elif style == "riel" and to_step(Fraction(due) * rate / 100, "KHR"):
            tenders = [("CASH", "KHR", -to_step(Fraction(due) * rate / 100, "KHR"))]
        body: dict[str, Any] = {"reason": "by the machine"}
        if style != "all":
            body["lines"] = [{"number": at + 1, "quantity": milli / 1000} for at, milli in left.items()]
        if style in {"card", "riel"} and due:
            body["payments"] = [
                {"method": method, "amount": major(-minor, name), "currency": name} for method, name, minor in tenders
            ]
        paid: dict[str, int] = defaultdict(int)
        for method, name, minor in tenders:
            paid[method] += half_up(Fraction(minor) if name == "USD" else minor * 100 / rate)
        deal = Deal("", parts, 0, tenders, {}, None, paid, is_refund=True)

        answer = self.tills[drawer.seat].post(path, body)

        if drawer.lacks(deal.effect):
            assert (answer.status_code, answer.json()["code"]) == (400, "INSUFFICIENT_CASH"), answer.text
            return
        self.keep(drawer, deal, answer)
        for at, milli in left.items():
            sale.back[at] = sale.back.get(at, 0) + milli

    @precondition(lambda self: self.open)
    @rule(data=st.data(), name=st.sampled_from(["USD", "KHR"]), units=st.integers(1, 90), goes_in=st.booleans())
    def move(self, data: st.DataObject, name: str, units: int, goes_in: bool) -> None:
        drawer = self.some(data)
        minor = units * 100
        if not goes_in and drawer.expected()[name] < minor:
            return
        kind = "PAID_IN" if goes_in else "SAFE_DROP"
        move(self.tills[drawer.seat], drawer.id, kind, {name: major(minor, name)})
        drawer.moved[name] += minor if goes_in else -minor
        if goes_in:
            drawer.paid_in[name] += minor

    @precondition(lambda self: any(drawer.deals for drawer in self.open.values()))
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        drawer = self.some(data)
        till = self.tills[drawer.seat]
        counted = {name: major(max(0, minor), name) for name, minor in drawer.expected().items()}
        till.ok(till.post(f"/v1/cash/sessions/{drawer.id}/close", {"countedCash": counted}))
        z = till.get(f"/v1/cash/sessions/reports/z/{drawer.id}")
        self.agrees(drawer, till.ok(z))
        self.kept[drawer.id] = z.content
        del self.open[drawer.seat]

    # The model

    def some(self, data: st.DataObject) -> Drawer:
        return self.open[data.draw(st.sampled_from(sorted(self.open)))]

    def keep(self, drawer: Drawer, deal: Deal, answer: httpx.Response) -> None:
        assert answer.status_code == 201, answer.text
        told = answer.json()["data"]
        deal.id = told["id"]
        drawer.deals.append(deal)
        self.receipts[drawer.seat] += 1
        self.perpetual[drawer.seat][deal.is_refund] += deal.total
        assert told["receiptNumber"] == self.receipts[drawer.seat]
        assert told["ledgerHash"]
        got = {name: round(told[name] * 100) for name in ("goods", "tax", "donation", "total")}
        assert got == {
            "goods": deal.goods,
            "tax": sum(part.tax for part in deal.parts),
            "donation": deal.donation,
            "total": deal.total,
        }
        assert {one["currency"]: -one["amount"] for one in told["change"]} == {
            name: major(minor, name) for name, minor in deal.change.items()
        }

    # What must hold

    @invariant()
    def every_x_is_the_model(self) -> None:
        for seat, drawer in self.open.items():
            self.agrees(drawer, report(self.tills[seat], self.shop, seat))

    def agrees(self, drawer: Drawer, told: dict[str, Any]) -> None:
        deals, sales = drawer.deals, told["sales"]
        cash_agrees(drawer, told)
        sold = [deal for deal in deals if not deal.is_refund]
        total = sum(deal.total for deal in deals)
        rounding = total - sum(deal.goods + deal.donation for deal in deals)
        donations = sum(deal.donation for deal in deals)
        assert (sales["count"], sales["refundCount"]) == (len(sold), len(deals) - len(sold))
        of_sold = sum(deal.total for deal in sold)
        wanted: dict[str, int | None] = {
            "sales": of_sold,
            "refunds": total - of_sold,
            "goods": sum(deal.goods for deal in deals),
            "discounts": sum(part.gross - part.total for deal in deals for part in deal.parts),
            "donations": donations,
            "rounding": rounding,
            "total": total,
            "average": half_up(Fraction(of_sold, len(sold))) if sold else None,
        }
        assert {name: None if sales[name] is None else round(sales[name] * 100) for name in wanted} == wanted
        extras = {name: minor for name, minor in (("DONATION", donations), ("ROUNDING", rounding)) if minor}
        by_method: dict[str, int] = defaultdict(int)
        by_tax: dict[Any, tuple[int, int]] = {name: (minor, 0) for name, minor in extras.items()}
        by_category: dict[Any, tuple[int, int]] = {name: (minor, 0) for name, minor in extras.items()}
        change: Cents = defaultdict(int)
        for deal in deals:
            for method, minor in deal.paid.items():
                by_method[method] += minor
            for name, minor in deal.change.items():
                change[name] += minor
            for part in deal.parts:
                _, rate, at, _ = GOODS[part.good]
                before = by_tax.get(rate / 100, (0, 0))
                by_tax[rate / 100] = (before[0] + part.total, before[1] + part.tax)
                before = by_category.get(at, (0, 0))
                by_category[at] = (before[0] + part.total, before[1] + part.milli)
        assert {line["method"]: round(line["total"] * 100) for line in sales["byMethod"]} == by_method
        assert {
            line["rate"] if line["part"] == "GOODS" else line["part"]: (
                round(line["total"] * 100),
                round(line["tax"] * 100),
            )
            for line in sales["byTax"]
        } == by_tax
        assert {
            self.names.get(line["categoryId"]) if line["part"] == "GOODS" else line["part"]: (
                round(line["total"] * 100),
                round((line["quantity"] or 0) * 1000),
            )
            for line in sales["byCategory"]
        } == by_category
        assert sales["change"] == {name: major(minor, name) for name, minor in change.items()}
        parts: Iterable[list[Any]] = (sales["byMethod"], sales["byTax"], sales["byCategory"])
        assert {sum(round(line["total"] * 100) for line in some) for some in parts} == {total}
        for line in sales["byTax"]:
            assert round(line["net"] * 100) + round(line["tax"] * 100) == round(line["total"] * 100)
        ever_sold, ever_back = self.perpetual[drawer.seat]
        ever = {"sales": ever_sold, "refunds": ever_back}
        ever |= {"algebraic": ever_sold + ever_back, "absolute": ever_sold - ever_back}
        if self.receipts[drawer.seat]:
            assert {name: round(sales["perpetual"][name].get("USD", 0) * 100) for name in ever} == ever

    def teardown(self) -> None:
        """At the end every Z is still the same, and every sale has one of all that belongs to it."""
        if not hasattr(self, "admin"):
            return
        for session_id, content in self.kept.items():
            assert self.admin.get(f"/v1/cash/sessions/reports/z/{session_id}").content == content
        books = audited(self.dsn, self.shop)
        assert len(books.sales) == sum(self.receipts.values())


@pytest.mark.slow
def test_a_shop_that_sells_never_leaves_the_model(shops: Shops, superuser_dsn: str) -> None:
    class Day(SalesMachine):
        def __init__(self) -> None:
            super().__init__(shops, superuser_dsn)

    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=max(1, int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "200")) // 8),
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
