"""Lines of a sale: whose price counts, what is refused, and the limits of every input (domain.md, "Money, sales,
refunds")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.books import audited
from tests.selling import product, report, sell, sold
from tests.support import Api, Shop, Shops, open_drawer, refused


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


@pytest.fixture
def boss(shop: Shop) -> Api:
    boss = shop.marta.login(shop.registers[1])
    open_drawer(boss, {"EUR": 50})
    return boss


def by_card(amount: float) -> list[dict[str, Any]]:
    return [{"method": "CARD", "amount": amount}]


# Prices


@pytest.mark.parametrize(
    ("unit", "quantity", "price", "total", "tax"),
    [
        ("KILOGRAM", 0.333, 1999, 6.66, 1.11),
        ("KILOGRAM", 0.001, 500, 0.01, 0),
        ("KILOGRAM", 0.001, 499, 0, 0),
        ("KILOGRAM", 1.005, 1000, 10.05, 1.68),
        ("PIECE", 3, 333, 9.99, 1.67),
        ("PIECE", 1_000_000, 100, 1_000_000, 166_666.67),
    ],
)
def test_a_line_is_rounded_once_and_half_up(
    superuser_dsn: str, shop: Shop, till: Api, unit: str, quantity: float, price: int, total: float, tax: float
) -> None:
    thing = product(superuser_dsn, shop, price=price, unit=unit)

    sale = sold(till, [{"productId": thing, "quantity": quantity}], by_card(total) if total else [])

    (line,) = sale["lines"]
    assert (line["quantity"], line["total"], line["tax"], sale["total"]) == (quantity, total, tax, total)


def test_discounts_of_lines_come_before_the_carts_which_is_shared_to_the_cent(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    book = product(superuser_dsn, shop, price=1000)
    lamp = product(superuser_dsn, shop, price=333, tax_rate_bp=550)

    sale = sold(
        till,
        [
            {"productId": book, "discount": {"percent": 50}},
            {"productId": lamp, "quantity": 2, "discount": {"amount": 1.66}},
        ],
        by_card(9),
        discount={"amount": 1},
    )

    # 5.00 + 5.00 are left of 16.66; one euro more is shared half and half.
    assert [(line["gross"], line["discount"], line["total"]) for line in sale["lines"]] == [
        (10, 5.5, 4.5),
        (6.66, 2.16, 4.5),
    ]
    assert (sale["discount"], sale["goods"], sale["total"]) == (7.66, 9, 9)
    assert sale["taxes"] == [
        {"rate": 20, "net": 3.75, "tax": 0.75, "total": 4.5},
        {"rate": 5.5, "net": 4.27, "tax": 0.23, "total": 4.5},
    ]
    assert report(till, shop)["sales"]["discounts"] == 7.66


@pytest.mark.parametrize("where", ["line", "cart"])
def test_a_discount_larger_than_the_price_is_refused_and_one_of_all_is_not(
    superuser_dsn: str, shop: Shop, till: Api, where: str
) -> None:
    book = product(superuser_dsn, shop, price=1000)

    def discounted(discount: dict[str, float]) -> Any:
        line = {"productId": book} | ({"discount": discount} if where == "line" else {})
        return sell(till, [line], [], **({"discount": discount} if where == "cart" else {}))

    refused(discounted({"amount": 10.01}), 400, "DISCOUNT_TOO_LARGE")
    refused(discounted({"percent": 100.01}), 400, "VALIDATION_ERROR")
    refused(discounted({"percent": 5, "amount": 1}), 400, "VALIDATION_ERROR")
    refused(discounted({}), 400, "VALIDATION_ERROR")
    for discount in ({"amount": 10.0}, {"percent": 100.0}):
        sale = till.ok(discounted(discount), 201)
        assert (sale["total"], sale["discount"], sale["payments"]) == (0, 10, [])


def test_a_donation_alone_is_a_sale_without_tax(superuser_dsn: str, shop: Shop, till: Api) -> None:
    sale = sold(till, [], 5, donation=3)

    assert (sale["goods"], sale["donation"], sale["tax"], sale["total"]) == (0, 3, 0, 3)
    sales = report(till, shop)["sales"]
    assert (sales["donations"], sales["goods"], sales["total"]) == (3, 0, 3)
    assert sales["byTax"] == [{"part": "DONATION", "rate": None, "net": 3, "tax": 0, "total": 3}]
    audited(superuser_dsn, shop)


def test_a_free_product_is_sold_for_nothing(superuser_dsn: str, shop: Shop, till: Api) -> None:
    gift = product(superuser_dsn, shop, price=0)

    sale = sold(till, [gift])

    assert (sale["total"], sale["payments"], sale["receiptNumber"]) == (0, [], 1)
    refused(sell(till, [gift], 5), 400, "OVERPAID")
    audited(superuser_dsn, shop)


def test_a_product_without_a_fixed_price_takes_the_cashiers(superuser_dsn: str, shop: Shop, till: Api) -> None:
    record = product(superuser_dsn, shop, price=400, is_open_price=True)

    sale = sold(till, [{"productId": record, "unitPrice": 2.5}], 2.5)

    assert (sale["total"], sale["lines"][0]["listPrice"]) == (2.5, None)
    refused(sell(till, [record], 4), 400, "VALIDATION_ERROR")
    boss = shop.elena.back_office()
    assert boss.ok(boss.get("/v1/audit", params={"action": "SALE_PRICE_DECIDED"}))["items"] == []


def test_a_price_that_is_not_the_catalogues_takes_a_manager_and_is_on_record(
    superuser_dsn: str, shop: Shop, till: Api, boss: Api
) -> None:
    book = product(superuser_dsn, shop, price=1000)
    cheap = {"productId": book, "unitPrice": 7.5}
    loose = {"name": "Box of cables", "unitPrice": 2, "taxRate": 20}

    for line in (cheap, cheap | {"unitPrice": 10.01}, loose):
        refused(sell(till, [line], 20), 403, "PRICE_NOT_ALLOWED")
    equal = sold(till, [cheap | {"unitPrice": 10}], 10)
    sale = sold(boss, [cheap, loose], 9.5)

    assert equal["lines"][0]["listPrice"] is None
    assert [(line["unitPrice"], line["listPrice"]) for line in sale["lines"]] == [(7.5, 10), (2, None)]
    trail = boss.ok(boss.get("/v1/audit", params={"action": "SALE_PRICE_DECIDED"}))["items"]
    assert [(entry["resourceId"], entry["actorId"]) for entry in trail] == [(sale["id"], str(shop.marta.id))]
    by = str(shop.marta.id)
    assert trail[0]["after"]["lines"] == [
        {"line": 1, "name": "Book", "price": 7.5, "listPrice": 10, "decidedBy": by},
        {"line": 2, "name": "Box of cables", "price": 2, "listPrice": None, "decidedBy": by},
    ]


def test_the_price_of_the_branch_goes_before_that_of_the_organisation(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    admin = shop.elena.back_office()
    book = product(superuser_dsn, shop, price=1000)
    path = f"/v1/catalogue/products/{book}/prices"
    admin.ok(admin.request("PUT", f"{path}/{shop.branches[0].id}", json={"price": 8}))
    admin.ok(admin.request("PUT", f"{path}/{shop.branches[1].id}", json={"price": 6}))

    here = sold(till, [book], 10)
    refused(sell(till, [{"productId": book, "unitPrice": 10}], 10), 403, "PRICE_NOT_ALLOWED")
    admin.delete(f"{path}/{shop.branches[0].id}")
    later = sold(till, [book], 10)

    assert (here["total"], later["total"]) == (8, 10)


def test_what_cannot_be_sold_is_refused(superuser_dsn: str, shops: Shops, shop: Shop, till: Api) -> None:
    foreign = product(superuser_dsn, shops.make(), price=1000)
    things = {
        "inactive": product(superuser_dsn, shop, price=1000, is_active=False),
        "in dollars": product(superuser_dsn, shop, price=1000, currency="USD"),
        "unknown": str(uuid4()),
        "somebody else's": foreign,
    }
    for thing in things.values():
        answer = sell(till, [thing], 10)
        refused(answer, 400, "PRODUCT_NOT_SELLABLE")
    assert not audited(superuser_dsn, shop).sales


def test_a_product_that_is_withdrawn_or_dearer_since_is_sold_as_it_is_now(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    admin = shop.elena.back_office()
    book = product(superuser_dsn, shop, price=1000)
    before = sold(till, [book], 10)
    admin.ok(admin.patch(f"/v1/catalogue/products/{book}", {"price": 12, "name": "Rare book"}))
    refused(sell(till, [book], 10), 400, "PAYMENT_INSUFFICIENT")
    dearer = sold(till, [book], 12)
    admin.ok(admin.patch(f"/v1/catalogue/products/{book}", {"isActive": False}))
    refused(sell(till, [book], 12), 400, "PRODUCT_NOT_SELLABLE")

    assert till.ok(till.get(f"/v1/sales/{before['id']}"))["lines"] == before["lines"]
    assert [sale["lines"][0]["name"] for sale in (before, dearer)] == ["Book", "Rare book"]


def test_a_line_carries_category_and_weight_of_its_product_unless_it_says_its_own(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    kettle = product(superuser_dsn, shop, price=800, eee_category="EEE-2", weight_grams=900)

    sale = sold(
        till,
        [{"productId": kettle, "quantity": 2}, {"productId": kettle, "eeeCategory": "EEE-5", "weightGrams": 1234}],
        24,
    )

    assert [(line["eeeCategory"], line["weightGrams"]) for line in sale["lines"]] == [("EEE-2", 1800), ("EEE-5", 1234)]


# Limits


def body(thing: str, **changes: Any) -> dict[str, Any]:
    return {"lines": [{"productId": thing}], "payments": [{"method": "CASH", "amount": 20}]} | changes


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 0.0001},
        {"quantity": 1.0005},
        {"quantity": 1_000_001},
        {"quantity": 1e13},
        {"quantity": "1"},
        {"quantity": True},
        {"quantity": None},
        {"quantity": 1.5},
        {"unitPrice": -1},
        {"unitPrice": 1.001},
        {"unitPrice": 1e13},
        {"unitPrice": "10"},
        {"unitPrice": True},
        {"taxRate": -1},
        {"taxRate": 100.5},
        {"taxRate": 5.555},
        {"weightGrams": 0},
        {"weightGrams": 1.5},
        {"weightGrams": 10**9 + 1},
        {"eeeCategory": "EEE-9"},
        {"productId": "no id"},
        {"productId": 7},
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\u0000b"},
        {"discount": {"percent": -1}},
        {"discount": {"percent": 1.234}},
        {"discount": {"amount": -1}},
        {"discount": {"amount": 0.001}},
        {"price": 1},
    ],
    ids=str,
)
def test_a_line_out_of_limits_is_refused(superuser_dsn: str, shop: Shop, till: Api, line: dict[str, Any]) -> None:
    thing = product(superuser_dsn, shop, price=1000)

    refused(till.post("/v1/sales", body(thing, lines=[{"productId": thing} | line])), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "payment",
    [
        {"amount": 0},
        {"amount": -20},
        {"amount": 20.001},
        {"amount": 1e13},
        {"amount": "20"},
        {"amount": True},
        {"amount": None},
        {"method": "GOLD"},
        {"method": None},
        {"currency": "XXX"},
        {"currency": "eur"},
        {"currency": 978},
        {"reference": ""},
        {"reference": "x" * 121},
        {"change": 1},
    ],
    ids=str,
)
def test_a_payment_out_of_limits_is_refused(superuser_dsn: str, shop: Shop, till: Api, payment: dict[str, Any]) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    wanted = body(thing, payments=[{"method": "CASH", "amount": 20} | payment])

    refused(till.post("/v1/sales", wanted), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": []},
        {"lines": None},
        {"lines": {}},
        {"payments": [{"method": "CASH", "amount": 1}] * 11},
        {"donation": -1},
        {"donation": 0.001},
        {"donation": "1"},
        {"donation": 1e13},
        {"note": "x" * 501},
        {"note": 7},
        {"id": "no id"},
        {"sessionId": 7},
        {"changeCurrency": "XXX"},
        {"occurredAt": "2026-11-20T10:00:00"},
        {"occurredAt": "yesterday"},
        {"occurredAt": "2126-01-01T00:00:00Z"},
        {"total": 10},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_sale_out_of_limits_is_refused(superuser_dsn: str, shop: Shop, till: Api, changes: dict[str, Any]) -> None:
    thing = product(superuser_dsn, shop, price=1000)

    refused(till.post("/v1/sales", body(thing, **changes)), 400, "VALIDATION_ERROR")

    assert not audited(superuser_dsn, shop).sales


@pytest.mark.parametrize(("lines", "status"), [(200, 201), (201, 400)])
def test_a_sale_has_200_lines_at_most(superuser_dsn: str, shop: Shop, till: Api, lines: int, status: int) -> None:
    thing = product(superuser_dsn, shop, price=1)

    assert sell(till, [thing] * lines, 5).status_code == status


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999999999", "1e-999999999", "01", "0x10", "1_0"])
def test_what_is_no_number_is_no_amount(superuser_dsn: str, shop: Shop, till: Api, text: str) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    raw = '{"lines":[{"productId":"%s","quantity":%s}],"payments":[{"method":"CASH","amount":%s}]}'

    for quantity, amount in ((text, "20"), ("1", text)):
        answer = till.post(
            "/v1/sales", content=raw % (thing, quantity, amount), headers={"Content-Type": "application/json"}
        )
        refused(answer, 400, "VALIDATION_ERROR")


def test_a_sale_beyond_the_largest_amount_is_refused(superuser_dsn: str, shop: Shop, boss: Api) -> None:
    dear = {"name": "Diamonds", "unitPrice": 10**12, "taxRate": 20}

    assert sold(boss, [dear], by_card(10**12))["total"] == 10**12
    refused(sell(boss, [dear, dear], by_card(10**12)), 400, "VALIDATION_ERROR")
    refused(sell(boss, [dear | {"quantity": 1000}], by_card(10**12)), 400, "VALIDATION_ERROR")
    refused(sell(boss, [dear], by_card(10**12), donation=0.01), 400, "VALIDATION_ERROR")
    audited(superuser_dsn, shop)


def test_a_sale_made_offline_keeps_its_time_and_a_clock_a_little_ahead_is_ours(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    thing = product(superuser_dsn, shop, price=1000)

    offline = sold(till, [thing], 10, occurredAt="2026-11-01T10:15:00+02:00")
    ahead = sold(till, [thing], 10, occurredAt=(datetime.now(UTC) + timedelta(minutes=5)).isoformat())

    assert offline["occurredAt"] == "2026-11-01T08:15:00Z"
    assert offline["createdAt"] > offline["occurredAt"]
    assert ahead["occurredAt"] == ahead["createdAt"]
