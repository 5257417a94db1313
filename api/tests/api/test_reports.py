"""X and Z (cash-session-api.md, "Reports"; domain.md, "Cash sessions")."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, Shop, Shops, fetch, move, open_drawer, refused
from tillvault.identity.domain import Role

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(
        currencies=("USD", "KHR"), people=[("ana", Role.CASHIER), ("luis", Role.CASHIER), ("marta", Role.MANAGER)]
    )


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


def x_report(client: Api, register: object) -> Any:
    return client.get(f"{PATH}/reports/x", params={"registerId": str(register)})


def busy_drawer(till: Api) -> str:
    drawer = open_drawer(till, {"USD": 100, "KHR": 40_000})
    for kind, amount in (
        ("PAID_IN", {"USD": 20.5}),
        ("PAID_IN", {"USD": 1, "KHR": 4000}),
        ("PAID_OUT", {"USD": 12.35}),
        ("SAFE_DROP", {"USD": 50}),
        ("ADJUSTMENT", {"USD": -0.15, "KHR": 100}),
        ("PAID_IN", {"USD": 5000}),  # Waits for an approval and does not count.
    ):
        move(till, drawer["id"], kind, amount)
    return drawer["id"]


TOTALS = {
    "USD": {
        "openingFloat": 100,
        "totalSalesCash": 0,
        "totalRefunds": 0,
        "totalPaidIn": 21.5,
        "totalPaidOut": 12.35,
        "totalAdjustments": -0.15,
        "totalSafeDrops": 50,
        "expectedCash": 59,
    },
    "KHR": {
        "openingFloat": 40_000,
        "totalSalesCash": 0,
        "totalRefunds": 0,
        "totalPaidIn": 4000,
        "totalPaidOut": 0,
        "totalAdjustments": 100,
        "totalSafeDrops": 0,
        "expectedCash": 44_100,
    },
}


def test_an_x_sums_by_kind_and_currency_and_changes_nothing(shop: Shop, till: Api) -> None:
    session_id = busy_drawer(till)
    before = till.ok(till.get(f"{PATH}/{session_id}"))

    x = till.ok(x_report(till, shop.registers[0]))
    again = till.ok(x_report(till, shop.registers[0]))

    assert set(x) == {
        "kind", "zNumber", "generatedAt", "session", "movements", "movementsTotal", "movementsPending", "summary",
        "sales",
    }  # fmt: skip
    assert (x["kind"], x["zNumber"], x["movementsTotal"], x["movementsPending"]) == ("X", None, 6, 1)
    assert [movement["type"] for movement in x["movements"]] == [
        "PAID_IN", "PAID_IN", "PAID_OUT", "SAFE_DROP", "ADJUSTMENT", "PAID_IN",
    ]  # fmt: skip
    assert x["session"] == before
    for line in x["summary"]["byCurrency"]:
        assert line == TOTALS[line["currency"]] | {
            "currency": line["currency"],
            "countedCash": None,
            "variance": None,
        }
        for name, amount in TOTALS[line["currency"]].items():
            assert x["summary"][f"{name}{line['currency'].capitalize()}"] == amount
    assert again | {"generatedAt": ""} == x | {"generatedAt": ""}
    assert till.ok(till.get(f"{PATH}/{session_id}")) == before


def test_an_x_needs_a_register_with_an_open_drawer(shops: Shops, shop: Shop, till: Api) -> None:
    foreign = shops.make()
    open_drawer(foreign.ana.login(foreign.registers[0]))

    told = refused(till.get(f"{PATH}/reports/x"), 400, "VALIDATION_ERROR")
    assert [item["field"] for item in told["details"]] == ["registerId"]
    refused(x_report(till, "no-uuid"), 400, "VALIDATION_ERROR")
    refused(x_report(till, shop.registers[1]), 404, "NO_ACTIVE_SESSION")
    refused(x_report(till, uuid4()), 404, "REGISTER_NOT_FOUND")
    refused(x_report(till, foreign.registers[0]), 404, "REGISTER_NOT_FOUND")


def test_who_may_read_an_x(shop: Shop, till: Api) -> None:
    open_drawer(till)
    luis, manager = shop.luis.login(shop.registers[1]), shop.marta.back_office()

    refused(x_report(luis, shop.registers[0]), 403, "ROLE_FORBIDDEN")
    assert x_report(manager, shop.registers[0]).status_code == 200
    assert x_report(Api(shop.http, shop.api_key), shop.registers[0]).status_code == 200


def test_a_z_keeps_the_close_and_gives_the_same_bytes_for_ever(shop: Shop, till: Api) -> None:
    session_id = busy_drawer(till)
    manager = shop.marta.back_office()
    waiting = manager.ok(manager.get(f"{PATH}/{session_id}/movements?status=PENDING"))["items"][0]
    manager.ok(manager.post(f"{PATH}/{session_id}/movements/{waiting['id']}/decline"))
    closed = till.ok(till.post(f"{PATH}/{session_id}/close", {"countedCashUsd": 40, "countedCashKhr": 44_100}))

    first = till.get(f"{PATH}/reports/z/{session_id}")
    luis = shop.luis.login(shop.registers[1])
    refused(luis.get(f"{PATH}/reports/z/{session_id}"), 403, "ROLE_FORBIDDEN")
    manager.ok(manager.post(f"{PATH}/{session_id}/review", {"decision": "APPROVE"}))
    open_drawer(till)
    later = [reader.get(f"{PATH}/reports/z/{session_id}") for reader in (till, manager, Api(shop.http, shop.api_key))]

    assert {answer.content for answer in later} == {first.content}
    z = first.json()["data"]
    assert first.json()["success"] is True
    assert (z["kind"], z["zNumber"], z["movementsTotal"], z["movementsPending"]) == ("Z", 1, 6, 0)
    assert z["session"] == closed
    for line in z["summary"]["byCurrency"]:
        counted = {"USD": (40, -19), "KHR": (44_100, 0)}[line["currency"]]
        assert line == TOTALS[line["currency"]] | {
            "currency": line["currency"],
            "countedCash": counted[0],
            "variance": counted[1],
        }
    assert (z["summary"]["varianceUsd"], z["summary"]["countedCashKhr"]) == (-19, 44_100)


def test_an_open_session_has_no_z_and_an_unknown_one_neither(shops: Shops, till: Api) -> None:
    drawer = open_drawer(till)
    foreign = shops.make().elena.back_office()

    refused(till.get(f"{PATH}/reports/z/{drawer['id']}"), 409, "SESSION_STILL_OPEN")
    refused(till.get(f"{PATH}/reports/z/{uuid4()}"), 404, "SESSION_NOT_FOUND")
    refused(foreign.get(f"{PATH}/reports/z/{drawer['id']}"), 404, "SESSION_NOT_FOUND")
    refused(till.get(f"{PATH}/reports/z/no-uuid"), 400, "VALIDATION_ERROR")


def test_z_numbers_have_no_gaps_per_register_though_some_closes_fail(shop: Shop, superuser_dsn: str) -> None:
    ana, luis = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    manager = shop.marta.back_office()
    for n in range(6):
        for till in (ana, luis):
            drawer = open_drawer(till, {"USD": 10})
            path = f"{PATH}/{drawer['id']}"
            refused(till.post(f"{path}/close", {}), 400, "COUNT_REQUIRED")
            refused(till.post(f"{path}/close", {"countedCash": {"GBP": 1}}), 400, "CURRENCY_NOT_ACCEPTED")
            closed = (
                manager.ok(manager.post(f"{path}/force-close", {"reason": "end of day"}))
                if n % 2
                else till.ok(till.post(f"{path}/close", {"countedCashUsd": 10}))
            )
            assert closed["zNumber"] == n + 1

    rows = fetch(superuser_dsn, "SELECT series_id, z_number FROM z_reports WHERE organisation_id = $1", shop.id)
    assert sorted((str(row["series_id"]), row["z_number"]) for row in rows) == sorted(
        (str(register), n) for register in shop.registers[:2] for n in range(1, 7)
    )


def test_a_close_that_the_database_rolls_back_takes_no_number(shop: Shop, till: Api, superuser_dsn: str) -> None:
    """A journal that cannot be written takes the close with it: no Z, no count, no number; the drawer stays open."""
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}"
    name = f"no_audit_{shop.id.hex}"
    fetch(
        superuser_dsn,
        f"""
        DO $$ BEGIN
          CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN IF NEW.organisation_id = ''{shop.id}'' THEN RAISE EXCEPTION ''the trail is full''; END IF;
             RETURN NEW; END';
          CREATE TRIGGER {name} BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION {name}();
        END $$
        """,
    )
    try:
        failed = till.post(f"{path}/close", {})
    finally:
        fetch(superuser_dsn, f"DO $$ BEGIN DROP TRIGGER {name} ON audit_log; DROP FUNCTION {name}(); END $$")

    assert failed.status_code == 500
    assert failed.json()["success"] is False
    assert b"trail" not in failed.content
    refused(till.get(f"{PATH}/reports/z/{drawer['id']}"), 409, "SESSION_STILL_OPEN")
    assert till.ok(till.post(f"{path}/close", {}))["zNumber"] == 1


def test_drawers_without_a_register_share_the_numbers_of_the_branch(shop: Shop) -> None:
    office = shop.marta.back_office()
    numbers: list[int] = []
    for _ in range(3):
        drawer = open_drawer(office)
        numbers.append(office.ok(office.post(f"{PATH}/{drawer['id']}/close", {}))["zNumber"])

    assert numbers == [1, 2, 3]


def test_a_report_lists_the_newest_movements_and_says_how_many_there_are(shop: Shop, till: Api) -> None:
    drawer = open_drawer(till)
    for n in range(203):
        move(till, drawer["id"], "PAID_IN", {"USD": 1}, reason=f"number {n}")

    x = till.ok(x_report(till, shop.registers[0]))

    assert (len(x["movements"]), x["movementsTotal"]) == (200, 203)
    assert (x["movements"][0]["reason"], x["movements"][-1]["reason"]) == ("number 3", "number 202")
    assert x["summary"]["byCurrency"][0]["totalPaidIn"] == 203
