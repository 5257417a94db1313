"""A cart that was taken up at a till is sold in the transaction of its sale (`cartId`)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.selling import product, sell, sold, till_with_drawer
from tests.support import Api, Shop, Shops, open_drawer, race, refused, statuses


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    return till_with_drawer(shop)


@pytest.fixture
def book(superuser_dsn: str, shop: Shop) -> str:
    return product(superuser_dsn, shop, price=1000)


@pytest.fixture
def cart(till: Api, book: str) -> dict[str, Any]:
    """Parked, and taken up again."""
    cart = till.ok(till.post("/v1/sales/carts", {}), 201)
    path = f"/v1/sales/carts/{cart['id']}"
    till.ok(till.post(f"{path}/lines", {"productId": book}), 201)
    till.ok(till.post(f"{path}/park"))
    return till.ok(till.post(f"{path}/resume"))


def status_of(till: Api, cart: dict[str, Any]) -> str:
    return till.ok(till.get(f"/v1/sales/carts/{cart['id']}"))["status"]


def test_the_cart_is_sold_with_the_sale_as_the_till_has_it_by_then(till: Api, book: str, cart: dict[str, Any]) -> None:
    sale = sold(till, [book, book], 20, cartId=cart["id"])

    assert (sale["total"], status_of(till, cart)) == (20, "FINALISED")
    refused(till.post(f"/v1/sales/carts/{cart['id']}/resume"), 409, "CART_NOT_OPEN")


def test_one_cart_is_sold_once_however_many_try(till: Api, book: str, cart: dict[str, Any]) -> None:
    answers = race([lambda: sell(till, [book], 10, cartId=cart["id"]) for _ in range(5)])

    assert statuses(answers) == {201: 1, 409: 4}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"CART_NOT_OPEN"}
    assert len(till.ok(till.get("/v1/sales"))["items"]) == 1


def test_a_lost_answer_may_be_asked_for_again(till: Api, book: str, cart: dict[str, Any]) -> None:
    sale_id = str(uuid4())
    body = {"id": sale_id, "cartId": cart["id"]}

    first, second = sell(till, [book], 10, **body), sell(till, [book], 10, **body)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["data"] == second.json()["data"]


def test_a_sale_that_is_refused_leaves_the_cart_as_it_was(till: Api, book: str, cart: dict[str, Any]) -> None:
    refused(sell(till, [book], 1, cartId=cart["id"]), 400, "PAYMENT_INSUFFICIENT")

    assert status_of(till, cart) == "OPEN"


def test_only_who_took_the_cart_up_sells_it(shop: Shop, book: str, cart: dict[str, Any]) -> None:
    luis = shop.luis.login(shop.registers[1])
    open_drawer(luis)

    refused(sell(luis, [book], 10, cartId=cart["id"]), 409, "CART_NOT_OPEN")


@pytest.mark.parametrize("is_parked", [True, False], ids=["parked", "given up"])
def test_a_cart_that_is_in_nobodys_hands_is_not_sold(
    till: Api, book: str, cart: dict[str, Any], is_parked: bool
) -> None:
    path = f"/v1/sales/carts/{cart['id']}"
    till.ok(till.post(f"{path}/park") if is_parked else till.delete(path))

    refused(sell(till, [book], 10, cartId=cart["id"]), 409, "CART_NOT_OPEN")


def test_another_organisations_cart_is_not_found(shops: Shops, till: Api, book: str) -> None:
    other = shops.make()
    theirs = other.ana.login(other.registers[0])
    open_drawer(theirs)
    cart = theirs.ok(theirs.post("/v1/sales/carts", {}), 201)

    refused(sell(till, [book], 10, cartId=cart["id"]), 404, "CART_NOT_FOUND")
