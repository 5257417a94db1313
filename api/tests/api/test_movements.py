"""Movements by hand: what they do and what is refused (cash-session-api.md, domain.md)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, open_drawer, refused
from tillvault.identity.domain import Role

PEOPLE = (
    ("ana", Role.CASHIER),
    ("luis", Role.CASHIER),
    ("marta", Role.MANAGER),
    ("mario", Role.MANAGER),
    ("elena", Role.ADMIN),
)


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(people=PEOPLE)


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


@pytest.fixture
def path(till: Api) -> str:
    """Of a drawer with 50 EUR in it."""
    return f"/v1/cash/sessions/{open_drawer(till, {'EUR': 50})['id']}"


@pytest.fixture(scope="module")
def refusing(shops: Shops) -> tuple[Api, str]:
    """A drawer whose movements are all refused, so that many tests can share it."""
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    return till, f"/v1/cash/sessions/{open_drawer(till, {'USD': 50})['id']}/movements"


def expected(reader: Api, path: str, currency: str = "EUR") -> float:
    lines = reader.ok(reader.get(path))["balances"]
    return next(line["expectedCash"] for line in lines if line["currency"] == currency)


def record(client: Api, path: str, kind: str = "PAID_IN", amount: Any = 5, **body: Any) -> httpx.Response:
    return client.post(f"{path}/movements", {"type": kind, "amount": {"EUR": amount}, "reason": "by hand"} | body)


# What a movement does


@pytest.mark.parametrize(
    ("kind", "amount", "left"),
    [
        ("PAID_IN", 12.34, 62.34),
        ("PAID_OUT", 12.34, 37.66),
        ("PAID_OUT", 50, 0),
        ("SAFE_DROP", 20, 30),
        ("ADJUSTMENT", 1.5, 51.5),
        ("ADJUSTMENT", -1.5, 48.5),
        ("ADJUSTMENT", -50, 0),
    ],
)
def test_each_kind_changes_what_is_expected(till: Api, path: str, kind: str, amount: float, left: float) -> None:
    movement = till.ok(record(till, path, kind, amount), 201)

    assert (movement["type"], movement["status"], movement["amounts"]) == (kind, "APPROVED", {"EUR": amount})
    assert expected(till, path) == left


def test_a_movement_says_who_what_where_and_why(shop: Shop, till: Api, path: str) -> None:
    data = till.ok(
        record(till, path, branchId=str(shop.branches[0].id), registerId=str(shop.registers[0]), reason="  Change  "),
        201,
    )

    assert data.pop("id")
    assert data.pop("createdAt").endswith("Z")
    assert data == {
        "organisationId": str(shop.id),
        "branchId": str(shop.branches[0].id),
        "registerId": str(shop.registers[0]),
        "sessionId": path.rsplit("/", 1)[1],
        "actorId": str(shop.ana.id),
        "actorName": "Ana",
        "type": "PAID_IN",
        "status": "APPROVED",
        "amountUsd": 0,
        "amountKhr": 0,
        "amounts": {"EUR": 5},
        "reason": "Change",
        "refSaleId": None,
        "decidedBy": None,
        "decidedAt": None,
    }


def test_the_usd_and_khr_fields_move_both_currencies_at_once(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till, {'USD': 50})['id']}"

    body = {"type": "PAID_IN", "amountUsd": 1.25, "amountKhr": 4000, "reason": "both"}
    data = till.ok(till.post(f"{path}/movements", body), 201)

    assert (data["amountUsd"], data["amountKhr"], data["amounts"]) == (1.25, 4000, {"USD": 1.25, "KHR": 4000})
    assert (expected(till, path, "USD"), expected(till, path, "KHR")) == (51.25, 4000)


def test_many_movements_sum_up_exactly(till: Api, path: str) -> None:
    for _ in range(30):
        till.ok(record(till, path, amount=0.1), 201)
        till.ok(record(till, path, "PAID_OUT", 0.07), 201)

    assert expected(till, path) == 50.90


# What is refused


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "SALE_CASH"}, "type"),
        ({"type": "REFUND_CASH"}, "type"),
        ({"type": "paid_in"}, "type"),
        ({"type": None}, "type"),
        ({"reason": "ab"}, "reason"),
        ({"reason": "  a  "}, "reason"),
        ({"reason": " " * 10}, "reason"),
        ({"reason": "x" * 121}, "reason"),
        ({"reason": None}, "reason"),
        ({"amount": {"USD": 0.001}}, "amount"),
        ({"amount": {"USD": "5"}}, "amount"),
        ({"amount": {"USD": True}}, "amount"),
        ({"amount": {"USD": 1e13}}, "amount"),
        ({"amount": {"XXX": 1}}, "amount"),
        ({"amount": {}}, "body"),
        ({"amount": {"USD": 0, "KHR": 0}}, "body"),
        ({"amount": {"USD": -5}}, "body"),
        ({"amount": {"USD": 5, "KHR": -5}}, "body"),
        ({"amount": {"USD": 5}, "amountUsd": 5}, "body"),
        ({"amount": None}, "body"),
        ({"amount": None, "amountUsd": 0, "amountKhr": 0}, "body"),
        ({"amount": None, "amountKhr": 0.5}, "amountKhr"),
        ({"status": "APPROVED"}, "status"),
        ({"actorId": "0190c3a4-0000-7000-8000-000000000001"}, "actorId"),
        ({"branchId": "0190c3a4-0000-7000-8000-000000000001"}, "branchId"),
        ({"registerId": "0190c3a4-0000-7000-8000-000000000001"}, "registerId"),
    ],
)
def test_a_body_that_makes_no_sense_names_its_field(
    refusing: tuple[Api, str], change: dict[str, Any], field: str
) -> None:
    till, path = refusing
    body = {"type": "PAID_IN", "amount": {"USD": 5}, "reason": "by hand"} | change

    told = refused(till.post(path, body), 400, "VALIDATION_ERROR")

    assert [item["field"] for item in told["details"]] == [field]
    assert till.ok(till.get(path))["items"] == []


@pytest.mark.parametrize("reason", ["abc", " abc ", "x" * 120, "ប្រាក់"])
def test_a_reason_is_measured_after_it_was_trimmed(till: Api, path: str, reason: str) -> None:
    assert till.ok(record(till, path, reason=reason), 201)["reason"] == reason.strip()


def test_a_currency_that_the_drawer_does_not_hold_is_refused(till: Api, path: str) -> None:
    refused(
        till.post(f"{path}/movements", {"type": "PAID_IN", "amount": {"GBP": 5}, "reason": "by hand"}),
        400,
        "CURRENCY_NOT_ACCEPTED",
    )
    refused(
        till.post(f"{path}/movements", {"type": "PAID_IN", "amountUsd": 5, "reason": "by hand"}),
        400,
        "CURRENCY_NOT_ACCEPTED",
    )


@pytest.mark.parametrize(("kind", "amount"), [("PAID_OUT", 50.01), ("SAFE_DROP", 50.01), ("ADJUSTMENT", -50.01)])
def test_a_drawer_is_not_paid_out_below_zero(till: Api, path: str, kind: str, amount: float) -> None:
    refused(record(till, path, kind, amount), 400, "INSUFFICIENT_CASH")
    assert expected(till, path) == 50


def test_one_currency_never_pays_for_another(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till, {'USD': 50})['id']}/movements"

    refused(
        till.post(path, {"type": "PAID_OUT", "amountUsd": 1, "amountKhr": 100, "reason": "by hand"}),
        400,
        "INSUFFICIENT_CASH",
    )
    refused(
        till.post(path, {"type": "ADJUSTMENT", "amount": {"USD": 10, "KHR": -1}, "reason": "by hand"}),
        400,
        "INSUFFICIENT_CASH",
    )


def test_a_branch_may_allow_drawers_below_zero(shops: Shops) -> None:
    shop = shops.make(policies={"cashAllowNegativeDrawer": True})
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till)['id']}"

    till.ok(record(till, path, "PAID_OUT", 20), 201)

    assert expected(till, path) == -20
    told = refused(till.post(f"{path}/close", {}), 400, "COUNT_REQUIRED")
    assert told["error"]
    closed = till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 0}}))
    assert closed["balances"][0]["variance"] == 20


def test_a_branch_may_forbid_to_pay_out(shops: Shops) -> None:
    shop = shops.make(policies={"cashAllowPaidOut": False})
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till, {'EUR': 50})['id']}"

    refused(record(till, path, "PAID_OUT", 1), 400, "PAID_OUT_NOT_ALLOWED")
    till.ok(record(till, path, "SAFE_DROP", 1), 201)
    till.ok(record(till, path, "PAID_IN", 1), 201)


def test_nothing_is_recorded_on_a_session_that_is_not_open(till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 50}}))

    refused(record(till, path), 409, "SESSION_NOT_OPEN")
    assert till.ok(till.get(f"{path}/movements"))["items"] == []


def test_who_may_record_and_read(shops: Shops, shop: Shop, till: Api, path: str) -> None:
    luis, manager, foreign = (
        shop.luis.login(shop.registers[1]),
        shop.marta.back_office(),
        shops.make().elena.back_office(),
    )
    machine = Api(shop.http, shop.api_key)

    refused(record(luis, path), 403, "ROLE_FORBIDDEN")
    refused(luis.get(f"{path}/movements"), 403, "ROLE_FORBIDDEN")
    refused(record(machine, path), 403, "ROLE_FORBIDDEN")
    refused(record(foreign, path), 404, "SESSION_NOT_FOUND")
    refused(foreign.get(f"{path}/movements"), 404, "SESSION_NOT_FOUND")
    refused(record(till, f"/v1/cash/sessions/{uuid4()}"), 404, "SESSION_NOT_FOUND")
    refused(record(Api(shop.http), path), 401, "UNAUTHORIZED")
    assert manager.ok(record(manager, path), 201)["actorName"] == "Marta"
    assert len(machine.ok(machine.get(f"{path}/movements"))["items"]) == 1


def test_a_manager_of_another_branch_is_refused(shops: Shops) -> None:
    shop = shops.make(
        branches=2, people=[("ana", Role.CASHIER), ("mario", Role.MANAGER, [1]), ("elena", Role.ADMIN, [1])]
    )
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till)['id']}"
    mario, elena = shop.mario.back_office(), shop.elena.back_office()

    refused(record(mario, path), 403, "BRANCH_FORBIDDEN")
    refused(mario.get(f"{path}/movements"), 403, "BRANCH_FORBIDDEN")
    refused(mario.post(f"{path}/force-close", {"reason": "not mine"}), 403, "BRANCH_FORBIDDEN")
    assert elena.ok(record(elena, path), 201)["status"] == "APPROVED"
