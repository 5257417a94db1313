"""The sales part of X and Z: sums of what was sold, that add up and stay (domain.md, "Cash sessions")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.books import audited
from tests.selling import product, report, sell, sold
from tests.support import Api, Shop, Shops, move, open_drawer

CARD = "CARD"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


def close(till: Api, session_id: str, counted: float) -> dict[str, Any]:
    """Close, and give the Z."""
    till.ok(till.post(f"/v1/cash/sessions/{session_id}/close", {"countedCash": {"EUR": counted}}))
    return till.ok(till.get(f"/v1/cash/sessions/reports/z/{session_id}"))


def totals(lines: list[dict[str, Any]], name: str) -> dict[Any, Any]:
    return {line[name] if line[name] is not None else line.get("part"): line["total"] for line in lines}


def test_a_day_adds_up_by_method_by_tax_and_by_category(superuser_dsn: str, shop: Shop, till: Api) -> None:
    admin = shop.elena.back_office()
    books = admin.ok(admin.post("/v1/catalogue/categories", {"name": "Books"}), 201)["id"]
    book = product(superuser_dsn, shop, price=1000, tax_rate_bp=550, category_id=books)
    lamp = product(superuser_dsn, shop, price=2400)
    first = sold(till, [book, lamp], 50, donation=1)
    sold(till, [{"productId": lamp, "discount": {"percent": 25}}], [{"method": CARD, "amount": 18}])
    sold(till, [book, book], [{"method": CARD, "amount": 5}, {"method": "CASH", "amount": 20}])
    till.ok(
        till.post(
            f"/v1/sales/{first['id']}/refunds",
            {"lines": [{"number": 1, "quantity": 1}], "reason": "has it already"},
        ),
        201,
    )
    move(till, first["sessionId"], "PAID_OUT", {"EUR": 7})

    x = report(till, shop)
    z = close(till, first["sessionId"], 83)

    sales = x["sales"]
    # Sales of 35, 18 and 20; 10 came back.
    assert (sales["count"], sales["refundCount"], sales["average"]) == (3, 1, 24.33)
    assert (sales["sales"], sales["refunds"], sales["total"], sales["goods"]) == (73, -10, 63, 62)
    assert (sales["discounts"], sales["donations"], sales["rounding"], sales["change"]) == (6, 1, 0, {"EUR": 20})
    assert [(line["method"], line["sales"], line["refunds"], line["total"]) for line in sales["byMethod"]] == [
        ("CASH", 50, -10, 40),
        (CARD, 23, 0, 23),
    ]
    assert [(line["part"], line["rate"], line["total"]) for line in sales["byTax"]] == [
        ("GOODS", 20, 42),
        ("GOODS", 5.5, 20),
        ("DONATION", None, 1),
    ]
    assert [(line["part"], line["name"], line["quantity"], line["total"]) for line in sales["byCategory"]] == [
        ("GOODS", "Books", 2, 20),
        ("GOODS", None, 2, 42),
        ("DONATION", None, None, 1),
    ]
    for parts in (sales["byMethod"], sales["byTax"], sales["byCategory"]):
        assert sum(line["total"] for line in parts) == sales["total"]
    assert z["sales"] == sales
    (line,) = z["summary"]["byCurrency"]
    assert (line["totalSalesCash"], line["totalRefunds"], line["totalPaidOut"]) == (50, 10, 7)
    assert (line["expectedCash"], line["variance"]) == (83, 0)
    audited(superuser_dsn, shop)


def test_an_x_without_sales_says_so(shop: Shop, till: Api) -> None:
    sales = report(till, shop)["sales"]

    assert (sales["count"], sales["average"], sales["total"], sales["change"]) == (0, None, 0, {})
    assert (sales["byMethod"], sales["byTax"], sales["byCategory"]) == ([], [], [])
    assert sales["perpetual"] == {"sales": {}, "refunds": {}, "algebraic": {}, "absolute": {}}


def test_rounding_of_cash_has_a_line_of_its_own(superuser_dsn: str, shops: Shops) -> None:
    """No coin below 5 cents: 10.02 in cash is 10.00, 10.03 is 10.05; a card pays to the cent."""
    shop = shops.make(policies={"cashRounding": {"EUR": {"step": 0.05, "mode": "NEAREST"}}})
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    down, up = product(superuser_dsn, shop, price=1002), product(superuser_dsn, shop, price=1003)

    sales = [
        sold(till, [down], 10),
        sold(till, [up], 20),
        sold(till, [down], [{"method": CARD, "amount": 10.02}]),
        sold(till, [up], 10.05),
    ]

    assert [sale["rounding"] and sale["rounding"]["amount"] for sale in sales] == [-0.02, 0.02, None, 0.02]
    assert [sale["total"] for sale in sales] == [10, 10.05, 10.02, 10.05]
    told = report(till, shop)
    assert (told["sales"]["rounding"], told["sales"]["goods"], told["sales"]["total"]) == (0.02, 40.10, 40.12)
    assert [line["total"] for line in told["sales"]["byTax"]] == [40.10, 0.02]
    assert told["summary"]["byCurrency"][0]["expectedCash"] == 30.10
    audited(superuser_dsn, shop)


def test_perpetual_totals_go_on_over_closes_and_over_sales_without_a_drawer(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(policies={"cashRequireSessionForSales": False})
    book = product(superuser_dsn, shop, price=1000)
    till, other = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    open_drawer(other)
    sold(other, [book] * 7, 70)
    seen: list[tuple[float, ...]] = []
    for day in range(1, 4):
        sold(till, [book], [{"method": CARD, "amount": 10}])
        session = open_drawer(till)["id"]
        sale = sold(till, [{"productId": book, "quantity": day}], 10 * day)
        till.ok(
            till.post(
                f"/v1/sales/{sale['id']}/refunds", {"lines": [{"number": 1, "quantity": 1}], "reason": "one back"}
            ),
            201,
        )
        z = close(till, session, 10 * (day - 1))
        ever = z["sales"]["perpetual"]
        assert z["sales"]["total"] == 10 * (day - 1)
        seen.append(tuple(ever[name]["EUR"] for name in ("sales", "refunds", "algebraic", "absolute")))

    # Each day 10 without a drawer, 10 more than the day before in it, and 10 that come back.
    assert seen == [(20, -10, 10, 30), (50, -20, 30, 70), (90, -30, 60, 120)]
    assert report(other, shop, 1)["sales"]["perpetual"]["sales"] == {"EUR": 70}
    audited(superuser_dsn, shop)


def test_a_z_stays_byte_for_byte(superuser_dsn: str, shop: Shop, till: Api) -> None:
    admin = shop.elena.back_office()
    books = admin.ok(admin.post("/v1/catalogue/categories", {"name": "Books"}), 201)["id"]
    book = product(superuser_dsn, shop, price=1000, category_id=books)
    sale = sold(till, [book, book], 20)
    close(till, sale["sessionId"], 70)
    path = f"/v1/cash/sessions/reports/z/{sale['sessionId']}"
    kept = till.get(path).content

    admin.ok(admin.patch(f"/v1/catalogue/categories/{books}", {"name": "Old books"}))
    admin.ok(admin.patch(f"/v1/catalogue/products/{book}", {"name": "Older book", "price": 99}))
    later = open_drawer(till, {"EUR": 50})
    till.ok(till.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "all of it"}), 201)
    close(till, later["id"], 30)

    assert till.get(path).content == kept == admin.get(path).content


def test_who_counts_blind_sees_nothing_from_which_the_drawer_could_be_told(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(policies={"cashBlindClose": True})
    till, boss = shop.ana.login(shop.registers[0]), shop.marta.back_office()
    drawer = open_drawer(till, {"EUR": 50})
    sold(till, [product(superuser_dsn, shop, price=1000)], 20)

    blind, seeing = report(till, shop), report(boss, shop)

    assert blind["sales"] is None
    assert blind["summary"]["byCurrency"][0]["totalSalesCash"] is None
    assert (seeing["sales"]["total"], seeing["summary"]["byCurrency"][0]["expectedCash"]) == (10, 60)
    z = close(till, drawer["id"], 60)
    assert z["sales"]["total"] == 10


def test_sales_in_the_drawer_of_a_closed_branch_wait_until_it_is_open_again(superuser_dsn: str, shops: Shops) -> None:
    """A branch that becomes inactive sells nothing, whoever is logged in there."""
    shop = shops.make(branches=2)
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    book = product(superuser_dsn, shop, price=1000)
    before = sold(till, [book], 10)
    admin = shop.elena.login(shop.branches[1].registers[0], branch=1)
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}", {"isActive": False}))

    answer = sell(till, [book], 10)
    back = till.post(f"/v1/sales/{before['id']}/refunds", {"reason": "too late"})

    assert {answer.json()["code"], back.json()["code"]} <= {"BRANCH_INACTIVE", "UNAUTHORIZED"}
    assert len(audited(superuser_dsn, shop).sales) == 1
