"""Opening a drawer: the float, its currencies and denominations, and what is no amount."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.support import Api, Shop, Shops, refused

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture(scope="module")
def desk(shops: Shops) -> Api:
    """A login whose openings are all refused, so that many tests can share it."""
    shop = shops.make(currencies=("USD", "KHR"))
    return shop.ana.login(shop.registers[0])


def details(answer: httpx.Response) -> list[str]:
    return [item["field"] for item in refused(answer, 400, "VALIDATION_ERROR")["details"]]


# Opening


def test_a_drawer_opens_on_the_register_of_the_login_with_nothing_in_it(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[1])

    answer = till.post(PATH, {})

    assert answer.status_code == 201
    assert answer.json()["success"] is True
    data = answer.json()["data"]
    for moment in ("openedAt", "createdAt", "updatedAt"):
        assert datetime.fromisoformat(data.pop(moment)).tzinfo is not None
    assert data.pop("businessDate")
    assert data.pop("id")
    assert data == {
        "organisationId": str(shop.id),
        "branchId": str(shop.branches[0].id),
        "registerId": str(shop.registers[1]),
        "registerName": "Caja 2",
        "openedBy": str(shop.ana.id),
        "openedByName": "Ana",
        "status": "OPEN",
        "openingFloatUsd": 0,
        "openingFloatKhr": 0,
        "expectedCashUsd": 0,
        "expectedCashKhr": 0,
        "countedCashUsd": 0,
        "countedCashKhr": 0,
        "varianceUsd": 0,
        "varianceKhr": 0,
        "countedProvided": None,
        "closeReason": None,
        "forcedReason": None,
        "closedBy": None,
        "closedAt": None,
        "zNumber": None,
        "note": None,
        "closeNote": None,
        "reviewedBy": None,
        "reviewedAt": None,
        "reviewNote": None,
        "balances": [{"currency": "EUR", "openingFloat": 0, "expectedCash": 0, "countedCash": None, "variance": None}],
        "openingDenominations": {},
        "countedDenominations": {},
        "leftCash": None,
        "removedCash": None,
        "recounts": [],
    }


def test_the_usd_and_khr_fields_open_a_drawer_of_those_two(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), timezone="Asia/Phnom_Penh")
    till = shop.ana.login(shop.registers[0])

    body = {"openingFloatUsd": 100.5, "openingFloatKhr": 400000, "note": "  morning  "}
    data = till.ok(till.post(PATH, body), 201)

    assert (data["openingFloatUsd"], data["openingFloatKhr"]) == (100.5, 400000)
    assert (data["expectedCashUsd"], data["expectedCashKhr"]) == (100.5, 400000)
    assert {line["currency"]: line["openingFloat"] for line in data["balances"]} == {"KHR": 400000, "USD": 100.5}
    assert data["note"] == "morning"


def test_one_of_the_two_fields_leaves_the_other_at_zero(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, {"openingFloatKhr": 100}), 201)

    assert (data["openingFloatUsd"], data["openingFloatKhr"]) == (0, 100)


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("EUR", "150.00", "150.00"),
        ("EUR", "0.01", "0.01"),
        ("EUR", "1.500", "1.50"),
        ("EUR", "1e3", "1000.00"),
        ("EUR", "1000000000000", "1000000000000.00"),
        ("EUR", "-0", "0.00"),
        ("JPY", "1500", "1500"),
        ("KWD", "1.234", "1.234"),
    ],
)
def test_amounts_come_back_digit_by_digit(shops: Shops, currency: str, amount: str, text: str) -> None:
    shop = shops.make(currencies=(currency,))
    till = shop.ana.login(shop.registers[0])

    answer = till.request(
        "POST",
        PATH,
        content=f'{{"openingFloat": {{"{currency}": {amount}}}}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 201
    assert f'"openingFloat":{text},'.encode() in answer.content


@pytest.mark.parametrize(
    "body",
    [
        {"denominations": {"EUR": {"50": 2, "0.20": 5}}},
        {"denominations": {"EUR": {"50": 2, "0.2": 5}}, "openingFloat": {"EUR": 101}},
        {"denominations": {"EUR": {"50": 2, "0.20": 5, "500": 0}}, "openingFloat": {"EUR": 101.00}},
    ],
)
def test_a_float_can_be_counted_by_denomination(shop: Shop, body: dict[str, Any]) -> None:
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, body), 201)

    assert data["balances"][0]["openingFloat"] == 101
    assert data["openingDenominations"] == body["denominations"]
    assert till.ok(till.get(f"{PATH}/{data['id']}"))["openingDenominations"] == body["denominations"]


def test_denominations_that_do_not_add_up_are_refused(desk: Api) -> None:
    body = {"denominations": {"USD": {"50": 2}}, "openingFloat": {"USD": 101}}

    refused(desk.post(PATH, body), 400, "DENOMINATIONS_MISMATCH")


@pytest.mark.parametrize(
    "denominations",
    [
        {"USD": {"0.001": 1}},
        {"USD": {"-5": 1}},
        {"USD": {"0": 1}},
        {"USD": {"5": -1}},
        {"USD": {"5": 1.5}},
        {"USD": {"5": True}},
        {"USD": {"5": "1"}},
        {"USD": {"5": 1_000_001}},
        {"USD": {"five": 1}},
        {"USD": {"1e3": 1}},
        {"USD": {"٥": 1}},
        {"USD": {"": 1}},
        {"USD": 5},
        {"XXX": {"5": 1}},
        [],
        "50",
    ],
)
def test_denominations_that_make_no_sense_are_refused(desk: Api, denominations: Any) -> None:
    assert details(desk.post(PATH, {"denominations": denominations})) == ["denominations"]


def test_a_currency_that_the_drawer_does_not_hold_is_refused_unless_it_is_zero(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    refused(till.post(PATH, {"openingFloat": {"EUR": 1, "GBP": 0.01}}), 400, "CURRENCY_NOT_ACCEPTED")
    refused(till.post(PATH, {"openingFloatUsd": 1}), 400, "CURRENCY_NOT_ACCEPTED")
    refused(till.post(PATH, {"denominations": {"GBP": {"5": 1}}}), 400, "CURRENCY_NOT_ACCEPTED")
    data = till.ok(till.post(PATH, {"openingFloat": {"EUR": 1, "GBP": 0}}), 201)
    assert [line["currency"] for line in data["balances"]] == ["EUR"]


def test_zeros_in_the_usd_and_khr_fields_open_a_drawer_that_holds_neither(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, {"openingFloatUsd": 0, "openingFloatKhr": 0}), 201)

    assert data["openingFloatUsd"] == data["openingFloatKhr"] == 0


@pytest.mark.parametrize(
    "raw",
    ["-0.01", "0.001", "1e13", "1000000000000.01", '"5"', "true", "false", "[]", "{}", "1e400", "-1", "9" * 40],
)
@pytest.mark.parametrize("form", ["openingFloatUsd", "openingFloat"])
def test_an_amount_that_makes_no_sense_is_refused_by_name(desk: Api, raw: str, form: str) -> None:
    value = f'{{"USD": {raw}}}' if form == "openingFloat" else raw

    answer = desk.request("POST", PATH, content=f'{{"{form}": {value}}}', headers={"content-type": "application/json"})

    assert details(answer) == [form]


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1" * 500, "01", "+1", ".5", "0x10"])
def test_what_is_no_json_number_is_refused(desk: Api, raw: str) -> None:
    answer = desk.request(
        "POST", PATH, content=f'{{"openingFloatUsd": {raw}}}', headers={"content-type": "application/json"}
    )

    refused(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"openingFloatKhr": 0.5}, "openingFloatKhr"),
        ({"openingfloatUsd": 5}, "openingfloatUsd"),
        ({"opening_float_usd": 5}, "opening_float_usd"),
        ({"openingFloatEur": 5}, "openingFloatEur"),
        ({"note": "x" * 501}, "note"),
        ({"note": 5}, "note"),
        ({"branchId": "no-uuid"}, "branchId"),
        ({"registerId": "no-uuid"}, "registerId"),
        ({"registerId": 5}, "registerId"),
        ({"openingFloat": {"usd": 5}}, "openingFloat"),
        ({"openingFloat": {"XXX": 5}}, "openingFloat"),
        ({"openingFloat": [5]}, "openingFloat"),
        ({"openingFloat": {"USD": 5}, "openingFloatUsd": 5}, "body"),
        ({"openingFloat": {}, "openingFloatKhr": 0}, "body"),
    ],
)
def test_a_body_that_makes_no_sense_names_its_field(desk: Api, body: dict[str, Any], field: str) -> None:
    assert details(desk.post(PATH, body)) == [field]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"x"', b'{"note": "a", "note": "b"}', b"\xff\xfe", b'{"note": "\\u0000"}']
)
def test_a_body_that_is_no_plain_json_object_is_refused(desk: Api, raw: bytes) -> None:
    answer = desk.request("POST", PATH, content=raw, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"


def test_a_note_of_500_characters_is_kept_whole(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    assert till.ok(till.post(PATH, {"note": "ហាង" * 166 + "ab"}), 201)["note"] == "ហាង" * 166 + "ab"


def test_a_body_over_the_limit_is_413(desk: Api) -> None:
    answer = desk.post(PATH, {"note": "x" * 262_200})

    assert refused(answer, 413, "PAYLOAD_TOO_LARGE")["maxSizeBytes"] == 262_144
