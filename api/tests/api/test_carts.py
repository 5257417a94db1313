"""Carts: lines come and go until the sale is final (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

import pytest

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


def test_without_an_open_drawer_no_cart_is_started_or_changed(superuser_dsn: str, shop: Shop, till: Api) -> None:
    cart = till.ok(till.post("/v1/sales/carts", {}), 201)
    drawer = till.ok(till.get("/v1/cash/sessions/active"))["id"]
    till.ok(till.post(f"/v1/cash/sessions/{drawer}/close", {"countedCash": {"EUR": 50}}))

    refused(till.post("/v1/sales/carts", {}), 409, "CASH_SESSION_REQUIRED")
    refused(till.patch(f"/v1/sales/carts/{cart['id']}", {"label": "x"}), 409, "CASH_SESSION_REQUIRED")
    refused(till.delete(f"/v1/sales/carts/{cart['id']}"), 409, "CASH_SESSION_REQUIRED")
