"""Carts: lines come and go until the sale is final (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.books import audited
from tests.selling import product
from tests.support import Api, Shop, Shops, open_drawer, race, refused, statuses


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


def test_a_cart_becomes_one_sale_with_its_own_id(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book, lamp = product(superuser_dsn, shop, price=1000), product(superuser_dsn, shop, price=2550)
    cart = till.ok(till.post("/v1/sales/carts", {"label": "Blue coat"}), 201)
    path = f"/v1/sales/carts/{cart['id']}"

    till.ok(till.post(f"{path}/lines", {"productId": book, "quantity": 2}), 201)
    cart = till.ok(till.post(f"{path}/lines", {"productId": lamp}), 201)
    assert cart["total"] == 45.5
    cart = till.ok(till.patch(f"{path}/lines/{cart['lines'][0]['id']}", {"quantity": 1}))
    cart = till.ok(till.patch(path, {"discount": {"percent": 10}, "donation": 1}))
    assert (cart["goods"], cart["discounts"], cart["total"]) == (31.95, 3.55, 32.95)
    till.ok(till.post(f"{path}/park"))
    refused(till.post(f"{path}/lines", {"productId": book}), 409, "CART_NOT_OPEN")
    till.ok(till.post(f"{path}/resume"))
    pay = {"payments": [{"method": "CASH", "amount": 40}]}
    answers = race([lambda: till.post(f"{path}/finalize", pay) for _ in range(5)])

    assert statuses(answers) == {201: 1, 200: 4}
    assert {answer.json()["data"]["id"] for answer in answers} == {cart["id"]}
    sale = answers[0].json()["data"]
    assert (sale["goods"], sale["donation"], sale["total"], sale["change"][0]["amount"]) == (31.95, 1, 32.95, -7.05)
    assert till.ok(till.get(path))["status"] == "FINALISED"
    refused(till.post(f"{path}/finalize", {"payments": [{"method": "CASH", "amount": 50}]}), 409, "SALE_ID_TAKEN")


def test_a_price_that_a_manager_gave_stays_when_the_cashier_sells(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=1000)
    cart = till.ok(till.post("/v1/sales/carts", {}), 201)
    path = f"/v1/sales/carts/{cart['id']}"
    line = till.ok(till.post(f"{path}/lines", {"productId": book}), 201)["lines"][0]["id"]
    refused(till.patch(f"{path}/lines/{line}", {"unitPrice": 5}), 403, "PRICE_NOT_ALLOWED")
    till.ok(till.post(f"{path}/park"))
    boss = shop.marta.login(shop.registers[1])
    open_drawer(boss)
    boss.ok(boss.post(f"{path}/resume"))
    boss.ok(boss.patch(f"{path}/lines/{line}", {"unitPrice": 5}))
    boss.ok(boss.post(f"{path}/park"))
    till.ok(till.post(f"{path}/resume"))

    sale = till.ok(till.post(f"{path}/finalize", {"payments": [{"method": "CARD", "amount": 5}]}), 201)

    assert (sale["goods"], sale["lines"][0]["listPrice"]) == (5, 10)
    admin = shop.elena.back_office()
    (entry,) = admin.ok(admin.get("/v1/audit", params={"action": "SALE_PRICE_DECIDED"}))["items"]
    # The cashier sold it; whose price it was is on record, too.
    assert (entry["actorId"], entry["after"]["lines"][0]["decidedBy"]) == (str(shop.ana.id), str(shop.marta.id))


def test_without_an_open_drawer_no_cart_is_started_or_changed(superuser_dsn: str, shop: Shop, till: Api) -> None:
    cart = till.ok(till.post("/v1/sales/carts", {}), 201)
    drawer = till.ok(till.get("/v1/cash/sessions/active"))["id"]
    till.ok(till.post(f"/v1/cash/sessions/{drawer}/close", {"countedCash": {"EUR": 50}}))

    refused(till.post("/v1/sales/carts", {}), 409, "CASH_SESSION_REQUIRED")
    refused(till.patch(f"/v1/sales/carts/{cart['id']}", {"label": "x"}), 409, "CASH_SESSION_REQUIRED")
    refused(till.delete(f"/v1/sales/carts/{cart['id']}"), 409, "CASH_SESSION_REQUIRED")


# The rest of its life


def start(till: Api, *products: str) -> tuple[dict[str, Any], str]:
    """A cart with these products, and its path."""
    cart = till.ok(till.post("/v1/sales/carts", {}), 201)
    path = f"/v1/sales/carts/{cart['id']}"
    for one in products:
        cart = till.ok(till.post(f"{path}/lines", {"productId": one}), 201)
    return cart, path


def cash(amount: float) -> dict[str, Any]:
    return {"payments": [{"method": "CASH", "amount": amount}]}


def test_a_cart_has_the_prices_of_the_moment_until_it_is_sold(superuser_dsn: str, shop: Shop, till: Api) -> None:
    admin = shop.elena.back_office()
    book, lamp = product(superuser_dsn, shop, price=1000), product(superuser_dsn, shop, price=500)
    _, path = start(till, book, lamp)
    admin.ok(admin.patch(f"/v1/catalogue/products/{book}", {"price": 12}))
    admin.ok(admin.patch(f"/v1/catalogue/products/{lamp}", {"isActive": False}))

    cart = till.ok(till.get(path))

    assert [line["problem"] for line in cart["lines"]] == [None, "PRODUCT_NOT_SELLABLE"]
    assert (cart["lines"][1]["sale"], cart["total"]) == (None, 12)
    refused(till.post(f"{path}/finalize", cash(20)), 400, "PRODUCT_NOT_SELLABLE")
    assert till.ok(till.get(path))["status"] == "OPEN"
    till.ok(till.delete(f"{path}/lines/{cart['lines'][1]['id']}"))
    sale = till.ok(till.post(f"{path}/finalize", cash(20)), 201)
    assert (sale["total"], sale["id"]) == (12, cart["id"])
    audited(superuser_dsn, shop)


def test_a_refused_sale_leaves_the_cart_open(superuser_dsn: str, shop: Shop, till: Api) -> None:
    _, path = start(till, product(superuser_dsn, shop, price=1000))

    refused(till.post(f"{path}/finalize", cash(9.99)), 400, "PAYMENT_INSUFFICIENT")
    refused(till.post(f"{path}/finalize", {"payments": []}), 400, "PAYMENT_INSUFFICIENT")
    refused(till.post(f"{path}/finalize", {"payments": [{"method": "CARD", "amount": 11}]}), 400, "OVERPAID")

    assert till.ok(till.get(path))["status"] == "OPEN"
    assert till.ok(till.post(f"{path}/finalize", cash(10)), 201)["receiptNumber"] == 1
    refused(till.post(f"{path}/lines", {"productId": str(uuid4())}), 409, "CART_NOT_OPEN")
    for act in ("park", "resume"):
        refused(till.post(f"{path}/{act}"), 409, "CART_NOT_OPEN")
    refused(till.delete(path), 409, "CART_NOT_OPEN")


def test_an_empty_cart_is_not_sold_but_one_with_a_donation_is(shop: Shop, till: Api) -> None:
    _, path = start(till)

    refused(till.post(f"{path}/finalize", {"payments": []}), 400, "VALIDATION_ERROR")
    till.ok(till.patch(path, {"donation": 2}))

    assert till.ok(till.post(f"{path}/finalize", cash(2)), 201)["donation"] == 2


def test_a_cart_is_in_one_pair_of_hands(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=1000)
    cart, path = start(till, book)
    other, boss = shop.luis.login(shop.registers[1]), shop.marta.back_office()
    theirs = open_drawer(other)

    for answer in (
        other.post(f"{path}/lines", {"productId": book}),
        other.post(f"{path}/park"),
        other.post(f"{path}/resume"),
        other.post(f"{path}/finalize", cash(10)),
        other.delete(path),
    ):
        refused(answer, 409, "CART_NOT_OPEN")
    assert other.ok(other.get("/v1/sales/carts"))["items"] == []
    assert [one["id"] for one in boss.ok(boss.get("/v1/sales/carts"))["items"]] == [cart["id"]]
    till.ok(till.post(f"{path}/park"))
    assert [one["status"] for one in other.ok(other.get("/v1/sales/carts"))["items"]] == ["PARKED"]
    taken = other.ok(other.post(f"{path}/resume"))
    refused(till.post(f"{path}/finalize", cash(10)), 409, "CART_NOT_OPEN")
    sale = other.ok(other.post(f"{path}/finalize", cash(10)), 201)

    assert (taken["cashierName"], taken["sessionId"], sale["sessionId"]) == ("Luis", theirs["id"], theirs["id"])
    assert other.ok(other.get("/v1/sales/carts"))["items"] == []


def test_a_cart_outlives_the_drawer_in_which_it_was_begun(superuser_dsn: str, shop: Shop, till: Api) -> None:
    _, path = start(till, product(superuser_dsn, shop, price=1000))
    first = till.ok(till.get("/v1/cash/sessions/active"))["id"]
    till.ok(till.post(f"/v1/cash/sessions/{first}/close", {"countedCash": {"EUR": 50}}))
    refused(till.post(f"{path}/finalize", cash(10)), 409, "CASH_SESSION_REQUIRED")
    second = open_drawer(till)

    assert till.ok(till.post(f"{path}/finalize", cash(10)), 201)["sessionId"] == second["id"]


def test_what_is_given_up_or_taken_out_is_on_record(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=1000)
    cart, path = start(till, book, book)
    line = cart["lines"][0]["id"]

    till.ok(till.delete(f"{path}/lines/{line}"))
    refused(till.delete(f"{path}/lines/{line}"), 404, "CART_LINE_NOT_FOUND")
    till.ok(till.post(f"{path}/park"))
    assert till.ok(till.delete(path))["status"] == "ABANDONED"
    refused(till.post(f"{path}/resume"), 409, "CART_NOT_OPEN")

    boss = shop.elena.back_office()
    trail = boss.ok(boss.get("/v1/audit", params={"resourceType": "cart"}))["items"]
    assert [(entry["action"], entry["actorId"]) for entry in trail] == [
        ("CART_ABANDONED", str(shop.ana.id)),
        ("CART_LINE_REMOVED", str(shop.ana.id)),
    ]
    assert (trail[0]["after"], trail[1]["after"]) == ({"total": 10}, {"productId": book, "quantity": 1})
    assert till.ok(till.get("/v1/sales/carts", params={"status": "ABANDONED"}))["items"][0]["id"] == cart["id"]


def test_a_cart_under_an_id_of_the_clients_is_started_once(shop: Shop, till: Api) -> None:
    made = {"id": str(uuid4())}

    till.ok(till.post("/v1/sales/carts", made), 201)

    refused(till.post("/v1/sales/carts", made), 409, "CART_ID_TAKEN")
    refused(till.get(f"/v1/sales/carts/{uuid4()}"), 404, "CART_NOT_FOUND")
    refused(till.post(f"/v1/sales/carts/{uuid4()}/finalize", cash(1)), 404, "CART_NOT_FOUND")


def test_a_cart_has_200_lines_at_most(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=1)
    _, path = start(till, *[book] * 200)

    refused(till.post(f"{path}/lines", {"productId": book}), 400, "CART_FULL")

    assert till.ok(till.post(f"{path}/finalize", cash(2)), 201)["total"] == 2


def test_a_price_that_was_decided_may_be_given_back_to_the_catalogue(superuser_dsn: str, shop: Shop) -> None:
    book = product(superuser_dsn, shop, price=1000)
    boss = shop.marta.login(shop.registers[1])
    open_drawer(boss)
    cart, path = start(boss, book)
    line = f"{path}/lines/{cart['lines'][0]['id']}"

    decided = boss.ok(boss.patch(line, {"unitPrice": 5}))
    equal = boss.ok(boss.patch(line, {"unitPrice": 10}))
    boss.ok(boss.patch(line, {"unitPrice": 5, "discount": {"amount": 1}}))
    back = boss.ok(boss.patch(line, {"unitPrice": None, "discount": None}))

    assert (decided["total"], decided["lines"][0]["priceDecidedBy"]) == (5, str(shop.marta.id))
    assert (equal["total"], equal["lines"][0]["priceDecidedBy"]) == (10, None)
    assert (back["total"], back["lines"][0]["priceDecidedBy"], back["discounts"]) == (10, None, 0)


@pytest.mark.parametrize(
    ("where", "body"),
    [
        ("cart", {"donation": -1}),
        ("cart", {"donation": 0.001}),
        ("cart", {"donation": None}),
        ("cart", {"donation": "1"}),
        ("cart", {"label": ""}),
        ("cart", {"label": "x" * 121}),
        ("cart", {"note": "x" * 501}),
        ("cart", {"discount": {}}),
        ("cart", {"discount": {"percent": 101}}),
        ("cart", {"discount": {"amount": 0.001}}),
        ("cart", {"status": "FINALISED"}),
        ("line", {"quantity": 0}),
        ("line", {"quantity": None}),
        ("line", {"quantity": 0.5}),
        ("line", {"quantity": True}),
        ("line", {"quantity": 0.0001}),
        ("line", {"unitPrice": -1}),
        ("line", {"unitPrice": 0.001}),
        ("line", {"discount": {"amount": 1, "percent": 1}}),
        ("line", {"discount": {"amount": 0.001}}),
        ("line", {"weightGrams": 0}),
        ("line", {"eeeCategory": "EEE-0"}),
        ("line", {"productId": str(UUID(int=7))}),
        ("finalize", {"payments": [{"method": "CASH", "amount": 0}]}),
        ("finalize", {"payments": [{"method": "CARD", "amount": 1}] * 11}),
        ("finalize", {"changeCurrency": "XXX"}),
        ("finalize", {"lines": []}),
    ],
    ids=str,
)
def test_a_cart_out_of_limits_is_refused_and_stays_as_it_was(
    superuser_dsn: str, shop: Shop, till: Api, where: str, body: dict[str, Any]
) -> None:
    cart, path = start(till, product(superuser_dsn, shop, price=1000))

    match where:
        case "cart":
            answer = till.patch(path, body)
        case "line":
            answer = till.patch(f"{path}/lines/{cart['lines'][0]['id']}", body)
        case _:
            answer = till.post(f"{path}/finalize", body)

    refused(answer, 400, "VALIDATION_ERROR")
    assert till.ok(till.get(path)) == cart


def test_a_discount_that_has_become_too_large_is_said_when_the_cart_is_sold(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    book = product(superuser_dsn, shop, price=1000)
    cart, path = start(till, book, book)
    till.ok(till.patch(path, {"discount": {"amount": 15}}))

    smaller = till.ok(till.delete(f"{path}/lines/{cart['lines'][0]['id']}"))

    assert smaller["total"] == 10
    refused(till.post(f"{path}/finalize", cash(10)), 400, "DISCOUNT_TOO_LARGE")
    till.ok(till.patch(path, {"discount": None}))
    assert till.ok(till.post(f"{path}/finalize", cash(10)), 201)["total"] == 10
