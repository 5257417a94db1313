"""/v1/alerts."""

from __future__ import annotations

import pytest

from tests.faults.test_vault_fsck import check
from tests.faults.test_vault_guard import post_many, tamper
from tests.support import Api, Shop, Shops, fetch, open_drawer, refused
from tillvault.core.config import Settings


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


def kinds(caller: Api) -> dict[str, str]:
    return {alert["sessionId"]: alert["kind"] for alert in caller.ok(caller.get("/v1/alerts"))["items"]}


def close(till: Api, session_id: str, counted: int) -> None:
    till.ok(till.post(f"/v1/cash/sessions/{session_id}/close", {"countedCash": {"EUR": counted}}))


def test_a_difference_is_an_alert_and_a_right_count_is_none(shop: Shop) -> None:
    till, manager = shop.ana.login(shop.registers[0]), shop.marta.back_office()
    wrong = open_drawer(till, {"EUR": 50})
    close(till, wrong["id"], 30)
    right = open_drawer(till, {"EUR": 50})
    close(till, right["id"], 50)

    (alert,) = manager.ok(manager.get("/v1/alerts"))["items"]

    assert (alert["kind"], alert["sessionId"], alert["needsReview"]) == ("VARIANCE", wrong["id"], True)
    assert (alert["balances"][0]["variance"], alert["openedByName"]) == (-20, "Ana")


def test_a_force_close_stays_an_alert_with_the_same_key_once_it_is_reviewed(shop: Shop) -> None:
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    manager, admin = shop.marta.back_office(), shop.elena.back_office()
    manager.ok(manager.post(f"/v1/cash/sessions/{drawer['id']}/force-close", {"reason": "went home"}))
    (before,) = manager.ok(manager.get("/v1/alerts"))["items"]

    admin.ok(admin.post(f"/v1/cash/sessions/{drawer['id']}/review", {"decision": "APPROVE"}))
    (after,) = manager.ok(manager.get("/v1/alerts"))["items"]

    assert (before["kind"], before["forcedReason"], before["needsReview"]) == ("FORCE_CLOSED", "went home", True)
    assert (after["key"], after["needsReview"]) == (before["key"], False)


def test_a_drawer_left_open_past_its_day_is_an_alert(shop: Shop, superuser_dsn: str) -> None:
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    manager = shop.marta.back_office()
    before = kinds(manager)

    fetch(superuser_dsn, "UPDATE cash_sessions SET business_date = business_date - 1 WHERE id = $1", drawer["id"])

    assert (before, kinds(manager)) == ({}, {drawer["id"]: "OPEN_PAST_CUTOFF"})


def test_alerts_are_for_those_who_supervise_and_for_machines(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    close(till, drawer["id"], 0)

    machine = Api(shop.http, shop.api_key)

    refused(shop.ana.back_office().get("/v1/alerts"), 403, "ROLE_FORBIDDEN")
    assert kinds(machine) == {drawer["id"]: "VARIANCE"}


def test_a_log_that_fsck_finds_broken_is_an_alert_until_a_check_of_everything_holds(
    shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    manager = shop.marta.back_office()
    post_many(shop, threads=2, count=2)
    own = f"WHERE organisation_id = '{shop.id}' AND index = 1"

    def found() -> dict[str, object] | None:
        return manager.ok(manager.get("/v1/alerts"))["vault"]

    assert check(settings, shop).holds
    assert found() is None

    tamper(superuser_dsn, f"UPDATE vault_tickets SET evidence_jws = evidence_jws || 'A' {own}")
    assert not check(settings, shop).holds
    first = found()
    assert not check(settings, shop).holds
    assert check(settings, shop, signatures=False).holds
    assert first is not None
    assert (found(), first["index"]) == (first, 1)

    tamper(superuser_dsn, f"UPDATE vault_tickets SET evidence_jws = left(evidence_jws, -1) {own}")
    assert check(settings, shop).holds
    assert found() is None
