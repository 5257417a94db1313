"""Reviews and recounts, blind close, and what is told of a close (domain.md)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, fetch, move, open_drawer, refused
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


def review(client: Api, path: str, decision: str, counted: Any = None, **body: Any) -> httpx.Response:
    count = {"countedCash": {"EUR": counted}} if counted is not None else {}
    return client.post(f"{path}/review", {"decision": decision} | count | body)


def line(session: dict[str, Any], currency: str = "EUR") -> dict[str, Any]:
    return next(item for item in session["balances"] if item["currency"] == currency)


# Review


def test_an_approved_difference_is_closed(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 30))
    manager = shop.marta.back_office()

    reviewed = manager.ok(review(manager, path, "APPROVE", note="known thief"))

    assert (reviewed["status"], reviewed["reviewedBy"]) == ("CLOSED", str(shop.marta.id))
    assert reviewed["reviewedAt"].endswith("Z")
    assert (reviewed["reviewNote"], reviewed["recounts"]) == ("known thief", [])
    assert line(reviewed)["variance"] == -20
    refused(review(manager, path, "APPROVE"), 409, "SESSION_NOT_PENDING_REVIEW")


def test_a_recount_stands_beside_the_first_count(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 30))
    z = till.get(f"{PATH}/reports/z/{path.rsplit('/', 1)[1]}").content
    manager, other = shop.marta.back_office(), shop.mario.back_office()

    first = manager.ok(review(manager, path, "RECOUNT", 40))
    second = other.ok(review(other, path, "RECOUNT", 49.5, denominations={"EUR": {"20": 2, "0.50": 19}}, note="found"))

    assert (first["status"], first["reviewedBy"], first["reviewedAt"]) == ("PENDING_REVIEW", None, None)
    assert (second["status"], second["reviewedBy"]) == ("CLOSED", str(shop.mario.id))
    assert line(second) == {
        "currency": "EUR",
        "openingFloat": 50,
        "expectedCash": 50,
        "countedCash": 30,
        "variance": -20,
    }
    assert [(item["number"], item["countedBy"]) for item in second["recounts"]] == [
        (2, str(shop.marta.id)),
        (3, str(shop.mario.id)),
    ]
    assert [item["balances"][0]["variance"] for item in second["recounts"]] == [-10, -0.5]
    assert second["recounts"][1]["denominations"] == {"EUR": {"20": 2, "0.50": 19}}
    assert till.ok(till.get(path)) == second
    assert till.get(f"{PATH}/reports/z/{second['id']}").content == z


def test_a_recount_exactly_at_the_threshold_settles(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 0))
    manager = shop.marta.back_office()

    assert manager.ok(review(manager, path, "RECOUNT", 55.01))["status"] == "PENDING_REVIEW"
    assert manager.ok(review(manager, path, "RECOUNT", 55))["status"] == "CLOSED"


def test_a_recount_counts_as_a_close_does(shop: Shop, till: Api, path: str) -> None:
    till.ok(close(till, path, 0))
    manager = shop.marta.back_office()

    refused(review(manager, path, "RECOUNT"), 400, "COUNT_REQUIRED")
    refused(review(manager, path, "RECOUNT", 50, denominations={"EUR": {"20": 1}}), 400, "DENOMINATIONS_MISMATCH")
    refused(review(manager, path, "RECOUNT", countedCash={"GBP": 50}), 400, "CURRENCY_NOT_ACCEPTED")
    refused(review(manager, path, "APPROVE", 50), 400, "VALIDATION_ERROR")
    refused(review(manager, path, "DENY"), 400, "VALIDATION_ERROR")
    refused(manager.post(f"{path}/review", {}), 400, "VALIDATION_ERROR")
    assert manager.ok(manager.get(path))["recounts"] == []


def test_who_may_review(shops: Shops, shop: Shop, till: Api, path: str) -> None:
    manager, foreign = shop.marta.back_office(), shops.make().elena.back_office()
    manager.ok(close(manager, path, 0))

    refused(review(till, path, "APPROVE"), 403, "ROLE_FORBIDDEN")
    refused(review(Api(shop.http, shop.api_key), path, "APPROVE"), 403, "ROLE_FORBIDDEN")
    refused(review(foreign, path, "APPROVE"), 404, "SESSION_NOT_FOUND")
    for decision, counted in (("APPROVE", None), ("RECOUNT", 50)):
        refused(review(manager, path, decision, counted), 403, "SELF_REVIEW_FORBIDDEN")
    other = shop.mario.back_office()
    assert other.ok(review(other, path, "APPROVE"))["status"] == "CLOSED"


def test_only_a_session_that_waits_is_reviewed(shop: Shop, till: Api, path: str) -> None:
    manager = shop.marta.back_office()

    refused(review(manager, path, "APPROVE"), 409, "SESSION_STILL_OPEN")
    till.ok(close(till, path, 50))
    refused(review(manager, path, "APPROVE"), 409, "SESSION_NOT_PENDING_REVIEW")
    refused(review(manager, f"{PATH}/{uuid4()}", "APPROVE"), 404, "SESSION_NOT_FOUND")


# Blind close


def test_blind_close_hides_every_expected_amount_from_the_cashier_until_the_count(shops: Shops) -> None:
    shop = shops.make(currencies=("EUR", "USD"), policies={"cashBlindClose": True})
    till, manager, admin = shop.ana.login(shop.registers[0]), shop.marta.back_office(), shop.elena.back_office()
    opened = till.post(PATH, {"openingFloat": {"EUR": 50}}, headers={"Idempotency-Key": "open"})
    replayed = till.post(PATH, {"openingFloat": {"EUR": 50}}, headers={"Idempotency-Key": "open"})
    path = f"{PATH}/{opened.json()['data']['id']}"
    move(till, opened.json()["data"]["id"], "PAID_IN", {"EUR": 27.31})
    register = {"registerId": str(shop.registers[0])}

    def views(reader: Api) -> list[dict[str, Any]]:
        return [
            reader.ok(reader.get(path)),
            reader.ok(reader.get(PATH))["items"][0],
            reader.ok(reader.get(f"{PATH}/reports/x", params=register))["session"],
        ]

    hidden = [opened.json()["data"], replayed.json()["data"], till.ok(till.get(f"{PATH}/active")), *views(till)]
    x = till.get(f"{PATH}/reports/x", params=register)
    seen = views(manager)
    managers_x = manager.ok(manager.get(f"{PATH}/reports/x", params=register))
    left = till.post("/api/auth/logout-pos")
    choice = shop.http.post("/api/auth/validar-pin", json={"pin": shop.ana.pin, "codigo_tienda": shop.branches[0].code})
    elsewhere = shop.ana.try_login(shop.registers[1])
    back = shop.ana.login(shop.registers[0])
    on_board = next(
        item
        for item in admin.get("/api/tpv/estado-sesiones").json()["tpvs"]
        if item["tpv_id"] == str(shop.registers[0])
    )

    for session in hidden:
        assert line(session)["openingFloat"] == 50
        assert (line(session)["expectedCash"], line(session)["variance"]) == (None, None)
        assert (session["expectedCashUsd"], session["varianceUsd"]) == (None, None)
    # Neither the sum nor its parts can be read off the report.
    assert b"77.31" not in x.content
    assert x.json()["data"]["summary"]["byCurrency"][0]["totalPaidIn"] is None
    assert x.json()["data"]["summary"]["byCurrency"][0]["expectedCash"] is None
    assert left.json()["monto_caja"] is None
    assert choice.json()["sesion_pausada"]["monto_caja"] is None
    assert refused(elsewhere, 409, "SESSION_PAUSED")["detail"]["session_info"]["monto_caja"] is None
    assert {line(session)["expectedCash"] for session in seen} == {77.31}
    assert managers_x["summary"]["byCurrency"][0]["expectedCash"] == 77.31
    assert on_board["monto_caja"] == 77.31
    closed = back.ok(close(back, path, 70))
    assert (line(closed)["expectedCash"], line(closed)["variance"]) == (77.31, -7.31)
    assert line(back.ok(back.get(path)))["expectedCash"] == 77.31
    z = back.ok(back.get(f"{PATH}/reports/z/{closed['id']}"))
    assert z["summary"]["byCurrency"][0]["variance"] == -7.31


def test_blind_close_hides_nothing_from_a_manager_who_counts_at_the_till(shops: Shops) -> None:
    shop = shops.make(policies={"cashBlindClose": True})
    till = shop.marta.login(shop.registers[0])

    opened = open_drawer(till, {"EUR": 50})

    assert line(opened)["expectedCash"] == 50
    assert till.post("/api/auth/logout-pos").json()["monto_caja"] == 50


# Told and audited


def test_every_act_is_audited_and_told(shop: Shop, till: Api, path: str, superuser_dsn: str) -> None:
    manager, admin = shop.marta.back_office(), shop.elena.back_office()
    session_id = path.rsplit("/", 1)[1]
    till.ok(close(till, path, 0, note="oops"))
    manager.ok(review(manager, path, "RECOUNT", 40))
    admin.ok(review(admin, path, "APPROVE", note="written off"))
    forced = f"{PATH}/{open_drawer(till)['id']}"
    manager.ok(force(manager, forced))
    open_drawer(till)
    admin.post(f"/api/tpv/{shop.registers[0]}/liberar")

    audited = fetch(
        superuser_dsn,
        "SELECT action, actor_id, resource_id, after->>'status' AS status, after->>'closeReason' AS reason"
        " FROM audit_log WHERE organisation_id = $1 AND resource_type = 'cash_session'"
        " AND action <> 'CASH_SESSION_OPENED' ORDER BY occurred_at, id",
        shop.id,
    )
    told = fetch(
        superuser_dsn,
        "SELECT type, key, data->>'status' AS status, data->>'closeReason' AS reason, data->>'zNumber' AS z,"
        " data->'variance'->>'EUR' AS variance FROM outbox_events"
        " WHERE organisation_id = $1 AND type IN ('cash.session_closed', 'cash.session_reviewed')"
        " ORDER BY occurred_at, id",
        shop.id,
    )

    assert [(row["action"], row["actor_id"], row["status"], row["reason"]) for row in audited] == [
        ("CASH_SESSION_CLOSED", shop.ana.id, "PENDING_REVIEW", "NORMAL"),
        ("CASH_SESSION_RECOUNTED", shop.marta.id, "PENDING_REVIEW", None),
        ("CASH_SESSION_REVIEWED", shop.elena.id, "CLOSED", None),
        ("CASH_SESSION_FORCE_CLOSED", shop.marta.id, "PENDING_REVIEW", "FORCED"),
        ("CASH_SESSION_FORCE_CLOSED", shop.elena.id, "PENDING_REVIEW", "RELEASED"),
    ]
    assert audited[0]["resource_id"] == session_id
    assert [(row["type"], row["status"], row["reason"], row["z"], row["variance"]) for row in told] == [
        ("cash.session_closed", "PENDING_REVIEW", "NORMAL", "1", "-50.00"),
        ("cash.session_reviewed", "PENDING_REVIEW", None, None, "-10.00"),
        ("cash.session_reviewed", "CLOSED", None, None, "-50.00"),
        ("cash.session_closed", "PENDING_REVIEW", "FORCED", "2", "0.00"),
        ("cash.session_closed", "PENDING_REVIEW", "RELEASED", "3", "0.00"),
    ]
    assert {row["key"] for row in told[:3]} == {f"cash_session:{session_id}"}
