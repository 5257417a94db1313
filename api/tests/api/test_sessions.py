"""Reading drawers, and the hardening of their opening (cash-session-hardening.md)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, open_drawer, refused
from tillvault.core.money import EXPONENTS
from tillvault.identity.domain import Role

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


# Reading


def test_the_active_session_is_ones_own_and_its_absence_is_said_as_in_the_contract(shop: Shop) -> None:
    till, other = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    drawer = open_drawer(till, {"EUR": 5})

    assert till.ok(till.get(f"{PATH}/active")) == drawer
    here = {"branchId": str(shop.branches[0].id), "registerId": str(shop.registers[0])}
    assert till.ok(till.get(f"{PATH}/active", params=here))["id"] == drawer["id"]
    for client, params in ((other, {}), (till, {"registerId": str(shop.registers[1])}), (other, here)):
        body = refused(client.get(f"{PATH}/active", params=params), 404, "NO_ACTIVE_SESSION")
        assert body == {
            "success": False,
            "error": "No active session found for this user in this branch",
            "code": "NO_ACTIVE_SESSION",
        }


def test_the_active_session_of_another_branch_is_guarded(shops: Shops) -> None:
    shop, foreign = shops.make(branches=2), shops.make()
    till = shop.ana.login(shop.registers[0])

    refused(till.get(f"{PATH}/active?branchId={shop.branches[1].id}"), 403, "BRANCH_FORBIDDEN")
    refused(till.get(f"{PATH}/active?branchId={foreign.branches[0].id}"), 404, "BRANCH_NOT_FOUND")
    assert details(till.get(f"{PATH}/active?branchId=x")) == ["branchId"]


def test_a_cashier_reads_their_own_a_manager_the_branch_an_admin_all(shops: Shops) -> None:
    shop = shops.make(
        branches=2,
        people=[
            ("ana", Role.CASHIER),
            ("luis", Role.CASHIER),
            ("marta", Role.MANAGER, [0]),
            ("mario", Role.MANAGER, [1]),
            ("elena", Role.ADMIN, [1]),
        ],
    )
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}"

    luis, marta, mario = shop.luis.login(shop.registers[1]), shop.marta.back_office(), shop.mario.back_office()
    elena, foreign = shop.elena.back_office(), shops.make().elena.back_office()
    for reader in (till, marta, elena):
        assert reader.ok(reader.get(path))["id"] == drawer["id"]
        assert len(reader.ok(reader.get(PATH))["items"]) == 1
    refused(luis.get(path), 403, "ROLE_FORBIDDEN")
    refused(mario.get(path), 403, "BRANCH_FORBIDDEN")
    refused(foreign.get(path), 404, "SESSION_NOT_FOUND")
    refused(till.get(f"{PATH}/{uuid4()}"), 404, "SESSION_NOT_FOUND")
    assert details(till.get(f"{PATH}/no-uuid")) == ["session_id"]
    for reader in (luis, mario, foreign):
        assert reader.ok(reader.get(PATH))["items"] == []
    refused(mario.get(f"{PATH}?branchId={shop.branches[0].id}"), 403, "BRANCH_FORBIDDEN")
    assert len(elena.ok(elena.get(f"{PATH}?branchId={shop.branches[0].id}"))["items"]) == 1


def test_a_walk_through_the_pages_gives_every_session_once_newest_first(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    made: list[str] = []
    for _ in range(7):
        drawer = open_drawer(till)
        made.insert(0, drawer["id"])
        till.ok(till.post(f"{PATH}/{drawer['id']}/close", {}))

    walked: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    pages = 0
    while True:
        page = till.ok(till.get(PATH, params=query))
        walked += [item["id"] for item in page["items"]]
        pages += 1
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]

    assert walked == made
    assert pages == 3


def test_the_list_is_filtered(shop: Shop) -> None:
    ana, luis, manager = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1]), shop.marta.back_office()
    first = open_drawer(ana, {"EUR": 50})
    ana.ok(ana.post(f"{PATH}/{first['id']}/close", {"countedCash": {"EUR": 50}}))
    second = open_drawer(ana, {"EUR": 50})
    ana.ok(ana.post(f"{PATH}/{second['id']}/close", {"countedCash": {"EUR": 0}}))
    third = open_drawer(luis)

    def found(**query: str) -> list[str]:
        return [item["id"] for item in manager.ok(manager.get(PATH, params=query))["items"]]

    assert found(status="OPEN") == [third["id"]]
    assert found(status="CLOSED") == [first["id"]]
    assert found(status="PENDING_REVIEW") == [second["id"]]
    assert found(registerId=str(shop.registers[0])) == [second["id"], first["id"]]
    assert found(registerId=str(uuid4())) == []
    assert found(**{"from": second["openedAt"]}) == [third["id"], second["id"]]
    assert found(to=second["openedAt"]) == [first["id"]]
    assert found(**{"from": first["businessDate"], "to": third["businessDate"]}) == [
        third["id"],
        second["id"],
        first["id"],
    ]
    assert found(to="2000-01-01") == []
    assert found(**{"from": "2999-01-01"}) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=open", "status"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=100000", "limit"),
        ("cursor=nonsense", "cursor"),
        ("branchId=x", "branchId"),
        ("registerId=x", "registerId"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(desk: Api, query: str, field: str) -> None:
    assert details(desk.get(f"{PATH}?{query}")) == [field]


@pytest.mark.parametrize("moment", ["2026-01-30T10:00:00", "yesterday", "2026-02-30"])
def test_a_time_without_its_offset_is_refused(desk: Api, moment: str) -> None:
    answer = desk.get(PATH, params={"from": moment})

    assert {field.split(".")[0] for field in details(answer)} == {"from"}


# The hardening document


def test_the_document_names_an_example_for_each_refusal_of_an_opening(api: Api) -> None:
    document = api.get("/openapi.json").json()
    responses = document["paths"][PATH]["post"]["responses"]

    def examples(status: int) -> dict[str, Any]:
        return responses[str(status)]["content"]["application/json"]["examples"]

    assert {"REGISTER_ALREADY_OPEN", "USER_ALREADY_OPEN"} <= set(examples(409))
    assert {"REGISTER_NOT_FOUND", "BRANCH_NOT_FOUND"} <= set(examples(404))
    assert examples(409)["REGISTER_ALREADY_OPEN"]["value"] == {
        "success": False,
        "error": "A session is already open on this register. Close it or force-close it first.",
        "code": "REGISTER_ALREADY_OPEN",
    }
    for status, response in responses.items():
        if int(status) >= 400:
            assert response["content"]["application/json"]["examples"], status


def test_openings_are_counted_by_result_and_code(shop: Shop, api: Api) -> None:
    def count(result: str, code: str) -> float:
        wanted = f'tillvault_cash_session_open_total{{code="{code}",result="{result}"}} '
        lines = api.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))

    till = shop.ana.login(shop.registers[0])
    before = count("opened", ""), count("refused", "USER_ALREADY_OPEN"), count("refused", "REGISTER_NOT_FOUND")
    open_drawer(till)
    till.post(PATH, {"registerId": str(shop.registers[1])})
    till.post(PATH, {"registerId": str(uuid4())})

    after = count("opened", ""), count("refused", "USER_ALREADY_OPEN"), count("refused", "REGISTER_NOT_FOUND")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
    assert "tillvault_cash_session_open_seconds_bucket" in api.get("/metrics").text


def test_every_known_currency_can_be_a_drawer_currency(shops: Shops) -> None:
    assert {"EUR", "USD", "KHR", "JPY", "KWD"} <= set(EXPONENTS)
    shop = shops.make(currencies=("EUR", "USD", "KHR", "JPY", "KWD"))

    data = open_drawer(shop.ana.login(shop.registers[0]), {"KWD": 1.234, "JPY": 5})

    assert {line["currency"]: line["openingFloat"] for line in data["balances"]} == {
        "EUR": 0,
        "USD": 0,
        "KHR": 0,
        "JPY": 5,
        "KWD": 1.234,
    }
