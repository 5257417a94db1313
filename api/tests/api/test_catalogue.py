"""/v1/catalogue: products, and prices of branches."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.catalogue import CATEGORIES, PRODUCTS, make, put
from tests.support import Api, Shop, Shops, race, refused, statuses
from tillvault.identity.domain import Role


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make(
        branches=2,
        currencies=("EUR", "KHR"),
        people=(("ana", Role.CASHIER), ("marta", Role.MANAGER, (0,)), ("elena", Role.ADMIN)),
    )


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


@pytest.fixture(scope="module")
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


def test_a_product_keeps_what_it_was_given(admin: Api) -> None:
    category = admin.ok(admin.post(CATEGORIES, {"name": "Lamps", "colour": "#FFCC00"}), 201)

    made = make(
        admin,
        "  Desk lamp ",
        sku="LAMP-1",
        barcode="3017620422003",
        categoryId=category["id"],
        taxRate=5.5,
        eeeCategory="EEE-4",
        weightGrams=850,
        price=12.5,
        isOpenPrice=True,
        unit="PIECE",
        isFavourite=True,
    )

    assert made == admin.ok(admin.get(f"{PRODUCTS}/{made['id']}"))
    assert made | {"id": "", "createdAt": "", "updatedAt": ""} == {
        "id": "",
        "name": "Desk lamp",
        "sku": "LAMP-1",
        "barcode": "3017620422003",
        "categoryId": category["id"],
        "categoryName": "Lamps",
        "taxRate": 5.5,
        "eeeCategory": "EEE-4",
        "weightGrams": 850,
        "price": 12.5,
        "currency": "EUR",
        "isBranchPrice": False,
        "isOpenPrice": True,
        "unit": "PIECE",
        "isFavourite": True,
        "isActive": True,
        "createdAt": "",
        "updatedAt": "",
        "prices": [],
    }
    assert category["colour"] == "#ffcc00"


def test_a_price_is_needed_unless_the_cashier_types_it(admin: Api) -> None:
    answer = admin.post(PRODUCTS, {"name": "Forgotten"})

    assert refused(answer, 400, "VALIDATION_ERROR")["details"][0]["field"] == "price"
    open_price = admin.ok(admin.post(PRODUCTS, {"name": "Odds and ends", "isOpenPrice": True}), 201)
    assert (open_price["price"], open_price["isOpenPrice"]) == (0, True)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "  "},
        {"name": None},
        {"name": "x" * 121},
        {"name": "two\nlines"},
        {"sku": ""},
        {"sku": "x" * 65},
        {"barcode": "é"},
        {"barcode": "1" * 65},
        {"barcode": ""},
        {"categoryId": "lamps"},
        {"taxRate": -1},
        {"taxRate": 100.01},
        {"taxRate": 5.555},
        {"taxRate": "5.5"},
        {"taxRate": True},
        {"eeeCategory": "EEE-9"},
        {"weightGrams": 0},
        {"weightGrams": 1.5},
        {"weightGrams": 100_000_001},
        {"price": -1},
        {"price": 1.005},
        {"price": 1e13},
        {"price": "1"},
        {"currency": "XXX"},
        {"unit": "LITRE"},
        {"isOpenPrice": 1},
        {"isActive": None},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_product_that_makes_no_sense_is_refused(admin: Api, change: dict[str, Any]) -> None:
    made = make(admin, "Sound")

    answers = [
        admin.post(PRODUCTS, {"name": "New", "price": 1} | change),
        admin.patch(f"{PRODUCTS}/{made['id']}", change),
    ]

    for answer in answers:
        assert refused(answer, 400, "VALIDATION_ERROR")["details"][0]["field"] == next(iter(change))
    assert admin.ok(admin.get(f"{PRODUCTS}/{made['id']}")) == made


def test_codes_and_names_of_categories_are_taken_once(admin: Api) -> None:
    make(admin, "First", sku="ONCE", barcode="111")
    other = make(admin, "Second", sku="TWICE", barcode="222")
    admin.ok(admin.post(CATEGORIES, {"name": "Straße"}), 201)

    refused(admin.post(PRODUCTS, {"name": "X", "price": 1, "sku": "ONCE"}), 409, "SKU_TAKEN")
    refused(admin.post(PRODUCTS, {"name": "X", "price": 1, "barcode": "111"}), 409, "BARCODE_TAKEN")
    refused(admin.patch(f"{PRODUCTS}/{other['id']}", {"sku": "ONCE"}), 409, "SKU_TAKEN")
    refused(admin.patch(f"{PRODUCTS}/{other['id']}", {"barcode": "111"}), 409, "BARCODE_TAKEN")
    refused(admin.post(CATEGORIES, {"name": " STRASSE "}), 409, "CATEGORY_NAME_TAKEN")


def test_only_one_of_many_simultaneous_products_gets_a_sku(admin: Api) -> None:
    answers = race([lambda: admin.post(PRODUCTS, {"name": "Racer", "price": 1, "sku": "RACE"})] * 8)

    assert statuses(answers) == {201: 1, 409: 7}


def test_a_change_replaces_what_it_names_and_is_audited(admin: Api) -> None:
    made = make(admin, "Kettle", sku="K-1", barcode="555", price=20, eeeCategory="EEE-2", weightGrams=900)

    changed = admin.ok(
        admin.patch(f"{PRODUCTS}/{made['id']}", {"price": 18.9, "sku": None, "eeeCategory": None, "isActive": False})
    )
    same = admin.ok(admin.patch(f"{PRODUCTS}/{made['id']}", {"price": 18.90}))

    assert (changed["price"], changed["sku"], changed["eeeCategory"], changed["isActive"]) == (18.9, None, None, False)
    assert (changed["barcode"], changed["weightGrams"]) == ("555", 900)
    assert same == changed
    told = admin.ok(admin.get("/v1/audit", params={"resourceType": "product", "resourceId": made["id"]}))["items"]
    assert [entry["action"] for entry in told] == ["PRODUCT_UPDATED", "PRODUCT_CREATED"]
    assert told[0]["before"] == {"sku": "K-1", "price": 20, "eeeCategory": "EEE-2", "isActive": True}
    assert told[0]["after"] == {"sku": None, "price": 18.9, "eeeCategory": None, "isActive": False}


def test_another_currency_keeps_the_number_where_its_decimals_allow_it(admin: Api) -> None:
    made = make(admin, "Imported", price=20)
    exact = make(admin, "Exact", price=20.5)

    changed = admin.ok(admin.patch(f"{PRODUCTS}/{made['id']}", {"currency": "KHR"}))

    assert (changed["price"], changed["currency"]) == (20, "KHR")
    refused(admin.patch(f"{PRODUCTS}/{exact['id']}", {"currency": "KHR"}), 400, "VALIDATION_ERROR")


def test_a_branch_has_a_price_of_its_own_until_it_is_taken_away(shop: Shop, admin: Api, till: Api) -> None:
    made = make(admin, "Bicycle pump", price=10)
    path = f"{PRODUCTS}/{made['id']}/prices/{shop.branches[0].id}"

    priced = admin.ok(put(admin, path, {"price": 8.5}))
    here = till.ok(till.get(PRODUCTS, params={"q": "bicycle pump"}))["items"][0]
    there = admin.ok(admin.get(PRODUCTS, params={"q": "bicycle pump", "branchId": shop.branches[1].id}))["items"][0]
    removed = admin.ok(admin.delete(path))
    again = admin.ok(admin.delete(path))

    assert priced["price"] == 10
    assert [(price["branchId"], price["price"], price["currency"]) for price in priced["prices"]] == [
        (str(shop.branches[0].id), 8.5, "EUR")
    ]
    assert (here["price"], here["isBranchPrice"]) == (8.5, True)
    assert (there["price"], there["isBranchPrice"]) == (10, False)
    assert removed["prices"] == again["prices"] == []
    assert priced["updatedAt"] > made["updatedAt"]
    told = admin.ok(admin.get("/v1/audit", params={"resourceId": made["id"]}))["items"]
    assert [entry["action"] for entry in told] == ["PRODUCT_PRICE_REMOVED", "PRODUCT_PRICE_SET", "PRODUCT_CREATED"]
    assert told[0]["branchId"] == str(shop.branches[0].id)


def test_a_manager_prices_only_for_their_own_branch(shop: Shop, admin: Api) -> None:
    made = make(admin, "Curtain")
    manager = shop.marta.back_office()
    path = f"{PRODUCTS}/{made['id']}/prices"

    assert put(manager, f"{path}/{shop.branches[0].id}", {"price": 2}).status_code == 200
    refused(put(manager, f"{path}/{shop.branches[1].id}", {"price": 2}), 403, "BRANCH_FORBIDDEN")
    refused(manager.delete(f"{path}/{shop.branches[1].id}"), 403, "BRANCH_FORBIDDEN")
    refused(put(admin, f"{path}/{uuid4()}", {"price": 2}), 404, "BRANCH_NOT_FOUND")
    refused(put(admin, f"{path}/{shop.branches[0].id}", {"price": 2.001}), 400, "VALIDATION_ERROR")
    refused(put(admin, f"{PRODUCTS}/{uuid4()}/prices/{shop.branches[0].id}", {"price": 2}), 404, "PRODUCT_NOT_FOUND")


def test_a_cashier_reads_and_does_not_write(admin: Api, till: Api) -> None:
    made = make(admin, "Read only")

    assert till.get(f"{PRODUCTS}/{made['id']}").status_code == 200
    assert till.get(CATEGORIES).status_code == 200
    refused(till.post(PRODUCTS, {"name": "X", "price": 1}), 403, "ROLE_FORBIDDEN")
    refused(till.patch(f"{PRODUCTS}/{made['id']}", {"price": 0}), 403, "ROLE_FORBIDDEN")
    refused(till.post(CATEGORIES, {"name": "X"}), 403, "ROLE_FORBIDDEN")


def test_what_is_unknown_is_not_found(admin: Api) -> None:
    refused(admin.get(f"{PRODUCTS}/{uuid4()}"), 404, "PRODUCT_NOT_FOUND")
    refused(admin.patch(f"{PRODUCTS}/{uuid4()}", {"price": 1}), 404, "PRODUCT_NOT_FOUND")
    refused(admin.patch(f"{CATEGORIES}/{uuid4()}", {"name": "X"}), 404, "CATEGORY_NOT_FOUND")
    refused(admin.post(PRODUCTS, {"name": "X", "price": 1, "categoryId": str(uuid4())}), 404, "CATEGORY_NOT_FOUND")


def test_a_machine_says_the_currency_where_branches_have_several(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    admin = shop.elena.back_office()
    machine = Api(shop.http, shop.api_key)
    assert make(machine, "Tea")["currency"] == "USD"
    admin.ok(admin.post("/v1/branches", {"name": "Far", "timezone": "Europe/Madrid", "baseCurrency": "EUR"}), 201)

    answer = machine.post(PRODUCTS, {"name": "Coffee", "price": 1})

    assert refused(answer, 400, "VALIDATION_ERROR")["details"][0]["field"] == "currency"
    assert make(machine, "Coffee", currency="EUR")["currency"] == "EUR"
