"""Closing a drawer, also by force (cash-session-api.md, domain.md)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, move, open_drawer, refused
from tillvault.identity.domain import Role

PEOPLE = (
    ("ana", Role.CASHIER),
    ("luis", Role.CASHIER),
    ("marta", Role.MANAGER),
    ("mario", Role.MANAGER),
    ("elena", Role.ADMIN),
)


PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(people=PEOPLE)


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


@pytest.fixture
def path(till: Api) -> str:
    """Of a drawer with 50 EUR in it."""
    return f"{PATH}/{open_drawer(till, {'EUR': 50})['id']}"


def close(client: Api, path: str, counted: Any = None, **body: Any) -> httpx.Response:
    return client.post(f"{path}/close", ({"countedCash": {"EUR": counted}} if counted is not None else {}) | body)


def force(client: Api, path: str, **body: Any) -> httpx.Response:
    return client.post(f"{path}/force-close", {"reason": "end of day"} | body)


def line(session: dict[str, Any], currency: str = "EUR") -> dict[str, Any]:
    return next(item for item in session["balances"] if item["currency"] == currency)


# Close


def test_a_close_without_a_difference_is_closed(shop: Shop, till: Api, path: str) -> None:
    closed = till.ok(close(till, path, 50, note=" all there "))

    assert line(closed) == {
        "currency": "EUR",
        "openingFloat": 50,
        "expectedCash": 50,
        "countedCash": 50,
        "variance": 0,
    }
    assert (closed["status"], closed["closeReason"], closed["countedProvided"]) == ("CLOSED", "NORMAL", True)
    assert (closed["closedBy"], closed["zNumber"], closed["closeNote"]) == (str(shop.ana.id), 1, "all there")
    assert closed["closedAt"].endswith("Z")
    assert till.ok(till.get(path)) == closed
    refused(till.get(f"{PATH}/active"), 404, "NO_ACTIVE_SESSION")


@pytest.mark.parametrize(
    ("counted", "status"),
    [(45, "CLOSED"), (55, "CLOSED"), (44.99, "PENDING_REVIEW"), (55.01, "PENDING_REVIEW"), (0, "PENDING_REVIEW")],
)
def test_exactly_at_the_threshold_is_within(till: Api, path: str, counted: float, status: str) -> None:
    closed = till.ok(close(till, path, counted))

    assert closed["status"] == status
    assert line(closed)["variance"] == round(counted - 50, 2)


def test_a_shortage_never_offsets_a_surplus_in_another_currency(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"USD": 50, "KHR": 100_000})

    body = {"countedCashUsd": 40, "countedCashKhr": 141_000}
    closed = till.ok(till.post(f"{PATH}/{drawer['id']}/close", body))

    assert (closed["varianceUsd"], closed["varianceKhr"]) == (-10, 41_000)
    assert (closed["countedCashUsd"], closed["countedCashKhr"]) == (40, 141_000)
    assert (closed["expectedCashUsd"], closed["expectedCashKhr"]) == (50, 100_000)
    assert closed["status"] == "PENDING_REVIEW"


@pytest.mark.parametrize(("khr", "status"), [(80_000, "CLOSED"), (79_999, "PENDING_REVIEW")])
def test_each_currency_has_its_own_threshold(shops: Shops, khr: int, status: str) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"USD": 50, "KHR": 100_000})

    closed = till.ok(till.post(f"{PATH}/{drawer['id']}/close", {"countedCashUsd": 50, "countedCashKhr": khr}))

    assert closed["status"] == status


def test_a_currency_without_a_threshold_tolerates_nothing(shops: Shops) -> None:
    shop = shops.make(currencies=("GBP",))
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"GBP": 50})

    closed = till.ok(till.post(f"{PATH}/{drawer['id']}/close", {"countedCash": {"GBP": 49.99}}))

    assert closed["status"] == "PENDING_REVIEW"


def test_a_currency_left_out_is_zero_only_if_nothing_of_it_is_expected(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"USD": 50})
    path = f"{PATH}/{drawer['id']}"
    move(till, drawer["id"], "PAID_IN", {"KHR": 4000})

    refused(till.post(f"{path}/close", {"countedCashUsd": 50}), 400, "COUNT_REQUIRED")
    refused(till.post(f"{path}/close", {"countedCashKhr": 4000}), 400, "COUNT_REQUIRED")
    refused(till.post(f"{path}/close", {}), 400, "COUNT_REQUIRED")
    move(till, drawer["id"], "PAID_OUT", {"KHR": 4000})
    closed = till.ok(till.post(f"{path}/close", {"countedCashUsd": 50}))
    assert (closed["status"], closed["countedCashKhr"], closed["countedProvided"]) == ("CLOSED", 0, True)


def test_an_empty_drawer_closes_without_a_count(till: Api, shop: Shop) -> None:
    drawer = open_drawer(till)

    assert till.ok(till.post(f"{PATH}/{drawer['id']}/close", {}))["status"] == "CLOSED"


def test_a_count_by_denomination_is_kept(till: Api, path: str) -> None:
    pieces = {"EUR": {"20": 2, "5": 1, "0.50": 10}}

    refused(close(till, path, 49, denominations=pieces), 400, "DENOMINATIONS_MISMATCH")
    closed = till.ok(close(till, path, 50, denominations=pieces))

    assert (line(closed)["countedCash"], closed["countedDenominations"]) == (50, pieces)
    z = till.ok(till.get(f"{PATH}/reports/z/{closed['id']}"))
    assert z["session"]["countedDenominations"] == pieces


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"countedCash": {"EUR": -1}}, "countedCash"),
        ({"countedCash": {"EUR": 0.001}}, "countedCash"),
        ({"countedCash": {"EUR": "50"}}, "countedCash"),
        ({"countedCash": 50}, "countedCash"),
        ({"countedCashUsd": True}, "countedCashUsd"),
        ({"countedCashEur": 50}, "countedCashEur"),
        ({"countedCash": {"EUR": 50}, "countedCashUsd": 0}, "body"),
        ({"denominations": {"EUR": {"3.333": 1}}}, "denominations"),
        ({"note": "x" * 501}, "note"),
    ],
)
@pytest.mark.parametrize("verb", ["close", "force-close"])
def test_a_count_that_makes_no_sense_names_its_field_and_closes_nothing(
    shop: Shop, till: Api, path: str, verb: str, body: dict[str, Any], field: str
) -> None:
    client = shop.marta.back_office() if verb == "force-close" else till
    reason = {"reason": "end of day"} if verb == "force-close" else {}

    told = refused(client.post(f"{path}/{verb}", body | reason), 400, "VALIDATION_ERROR")

    assert [item["field"] for item in told["details"]] == [field]
    assert till.ok(till.get(path))["status"] == "OPEN"


@pytest.mark.parametrize("verb", ["close", "force-close"])
def test_a_count_of_a_currency_that_the_drawer_does_not_hold_is_refused(
    shop: Shop, till: Api, path: str, verb: str
) -> None:
    client = shop.marta.back_office()
    body = {"countedCash": {"EUR": 50, "GBP": 1}} | ({"reason": "end of day"} if verb == "force-close" else {})

    refused(client.post(f"{path}/{verb}", body), 400, "CURRENCY_NOT_ACCEPTED")


def test_movements_that_wait_are_decided_before_a_close(shop: Shop, till: Api, path: str) -> None:
    waiting = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 500})
    manager = shop.marta.back_office()

    refused(close(till, path, 50), 409, "MOVEMENTS_PENDING")
    manager.ok(manager.post(f"{path}/movements/{waiting['id']}/approve"))

    assert till.ok(close(till, path, 550))["status"] == "CLOSED"


def test_a_closed_session_is_not_closed_again(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 0))
    manager = shop.marta.back_office()

    refused(close(till, path, 50), 409, "SESSION_NOT_OPEN")
    refused(force(manager, path), 409, "SESSION_NOT_OPEN")
    assert line(till.ok(till.get(path)))["countedCash"] == 0


def test_who_may_close(shops: Shops, shop: Shop, path: str) -> None:
    luis, machine = shop.luis.login(shop.registers[1]), Api(shop.http, shop.api_key)
    foreign, manager = shops.make().elena.back_office(), shop.marta.back_office()

    refused(close(luis, path, 50), 403, "ROLE_FORBIDDEN")
    refused(close(machine, path, 50), 403, "ROLE_FORBIDDEN")
    refused(close(foreign, path, 50), 404, "SESSION_NOT_FOUND")
    refused(close(manager, f"{PATH}/{uuid4()}", 50), 404, "SESSION_NOT_FOUND")
    closed = manager.ok(close(manager, path, 50))
    assert (closed["closedBy"], closed["closeReason"]) == (str(shop.marta.id), "NORMAL")


def test_a_close_frees_the_register_that_was_kept(shop: Shop, till: Api, path: str) -> None:
    till.post("/api/auth/logout-pos")
    manager, admin = shop.marta.back_office(), shop.elena.back_office()

    manager.ok(close(manager, path, 50))

    assert till.get("/api/auth/verificar-sesion").json()["estado"] == "cerrada"
    assert till.post("/api/auth/logout-pos").json()["estado"] == "cerrada"
    lines = admin.get("/api/tpv/estado-sesiones").json()["tpvs"]
    assert {item["estado"] for item in lines} == {"disponible"}
    assert shop.luis.try_login(shop.registers[0]).status_code == 200


def test_a_close_leaves_the_login_of_whoever_is_at_the_register(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 50))

    assert till.get("/api/auth/verificar-sesion").json()["valida"] is True
    assert till.post("/api/auth/logout-pos").json()["estado"] == "cerrada"


def test_a_close_frees_no_register_but_its_own(shop: Shop, till: Api, path: str) -> None:
    luis = shop.luis.login(shop.registers[1])
    open_drawer(luis)
    luis.post("/api/auth/logout-pos")

    till.ok(close(till, path, 50))

    assert luis.get("/api/auth/verificar-sesion").json()["estado"] == "pausada"


# Force-close


def test_a_force_close_without_a_count_takes_what_is_expected_and_waits_for_a_review(shop: Shop, path: str) -> None:
    manager = shop.marta.back_office()

    closed = manager.ok(force(manager, path, reason="  nobody here  ", note="keys found"))

    assert (closed["status"], closed["closeReason"], closed["countedProvided"]) == ("PENDING_REVIEW", "FORCED", False)
    assert (line(closed)["countedCash"], line(closed)["variance"]) == (50, 0)
    assert (closed["forcedReason"], closed["closeNote"]) == ("nobody here", "keys found")
    assert closed["zNumber"] == 1


@pytest.mark.parametrize(
    ("counted", "status"), [(50, "CLOSED"), (45, "CLOSED"), (44.99, "PENDING_REVIEW"), (0, "PENDING_REVIEW")]
)
def test_a_force_close_with_a_count_is_judged_like_a_close(shop: Shop, path: str, counted: float, status: str) -> None:
    manager = shop.marta.back_office()

    closed = manager.ok(force(manager, path, countedCash={"EUR": counted}))

    assert (closed["status"], closed["countedProvided"]) == (status, True)


def test_a_force_close_that_counts_only_some_currencies_is_not_counted(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"USD": 50, "KHR": 100_000})
    manager = shop.marta.back_office()

    closed = manager.ok(force(manager, f"{PATH}/{drawer['id']}", countedCashUsd=48))

    assert (closed["status"], closed["countedProvided"]) == ("PENDING_REVIEW", False)
    assert (closed["varianceUsd"], closed["varianceKhr"], closed["countedCashKhr"]) == (-2, 0, 100_000)


def test_a_force_close_declines_what_waits(shop: Shop, till: Api, path: str) -> None:
    move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 500})
    manager = shop.marta.back_office()

    closed = manager.ok(force(manager, path))

    waiting = manager.ok(manager.get(f"{path}/movements"))["items"][0]
    assert (waiting["status"], waiting["decidedBy"]) == ("DECLINED", str(shop.marta.id))
    assert line(closed)["expectedCash"] == 50


@pytest.mark.parametrize("reason", [None, "", "ab", "  ab  ", " " * 20, "x" * 501])
def test_a_force_close_needs_a_reason(shop: Shop, path: str, reason: str | None) -> None:
    manager = shop.marta.back_office()

    told = refused(manager.post(f"{path}/force-close", {"reason": reason}), 400, "VALIDATION_ERROR")
    left_out = refused(manager.post(f"{path}/force-close", {}), 400, "VALIDATION_ERROR")

    assert [item["field"] for item in told["details"] + left_out["details"]] == ["reason", "reason"]


def test_who_may_force_close(shops: Shops, shop: Shop, till: Api, path: str) -> None:
    foreign = shops.make().elena.back_office()

    refused(force(till, path), 403, "ROLE_FORBIDDEN")
    refused(force(shop.luis.login(shop.registers[1]), path), 403, "ROLE_FORBIDDEN")
    refused(force(Api(shop.http, shop.api_key), path), 403, "ROLE_FORBIDDEN")
    refused(force(foreign, path), 404, "SESSION_NOT_FOUND")
    admin = shop.elena.back_office()
    assert admin.ok(force(admin, path))["status"] == "PENDING_REVIEW"


def test_the_cashier_feels_a_force_close_and_keeps_their_login(shop: Shop, till: Api, path: str) -> None:
    manager = shop.marta.back_office()
    manager.ok(force(manager, path))

    refused(close(till, path, 50), 409, "SESSION_NOT_OPEN")
    refused(till.get(f"{PATH}/active"), 404, "NO_ACTIVE_SESSION")
    assert open_drawer(till)["status"] == "OPEN"
