"""Movements that wait for approval (domain.md)."""

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


def expected(reader: Api, path: str, currency: str = "EUR") -> float:
    lines = reader.ok(reader.get(path))["balances"]
    return next(line["expectedCash"] for line in lines if line["currency"] == currency)


def record(client: Api, path: str, kind: str = "PAID_IN", amount: Any = 5, **body: Any) -> httpx.Response:
    return client.post(f"{path}/movements", {"type": kind, "amount": {"EUR": amount}, "reason": "by hand"} | body)


def decide(client: Api, path: str, movement: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
    return client.post(f"{path}/movements/{movement['id']}/{verb}", body or None)


# Approval


@pytest.mark.parametrize("kind", ["PAID_IN", "PAID_OUT", "SAFE_DROP", "ADJUSTMENT"])
def test_exactly_at_the_limit_passes_and_beyond_it_waits(shops: Shops, kind: str) -> None:
    shop = shops.make(policies={"cashMovementApprovalLimits": {"EUR": 100}})
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till, {'EUR': 500})['id']}"

    at = till.ok(record(till, path, kind, 100), 201)
    beyond = till.ok(record(till, path, kind, 100.01), 201)

    assert (at["status"], beyond["status"]) == ("APPROVED", "PENDING")
    assert expected(till, path) == (600 if kind in {"PAID_IN", "ADJUSTMENT"} else 400)


def test_a_negative_adjustment_is_measured_by_its_size(till: Api, path: str) -> None:
    till.ok(record(till, path, "PAID_IN", 100), 201)

    assert till.ok(record(till, path, "ADJUSTMENT", -100.01), 201)["status"] == "PENDING"


def test_a_manager_waits_for_nobody(shop: Shop, path: str) -> None:
    manager = shop.marta.back_office()

    assert manager.ok(record(manager, path, amount=5000), 201)["status"] == "APPROVED"


def test_without_limits_nothing_waits(shops: Shops) -> None:
    shop = shops.make(policies={"cashMovementApprovalLimits": None})
    till = shop.ana.login(shop.registers[0])
    path = f"/v1/cash/sessions/{open_drawer(till)['id']}"

    assert till.ok(record(till, path, amount=10**12), 201)["status"] == "APPROVED"


def test_a_waiting_movement_counts_once_it_is_approved(shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    manager = shop.marta.back_office()
    before = expected(till, path)

    approved = manager.ok(decide(manager, path, movement, "approve", note="seen the receipt"))

    assert (before, expected(till, path)) == (50, 150.01)
    assert (approved["status"], approved["decidedBy"]) == ("APPROVED", str(shop.marta.id))
    assert approved["decidedAt"].endswith("Z")
    assert {k: v for k, v in approved.items() if k not in {"status", "decidedBy", "decidedAt"}} == {
        k: v for k, v in movement.items() if k not in {"status", "decidedBy", "decidedAt"}
    }


def test_a_declined_movement_never_counts(shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    manager = shop.marta.back_office()

    declined = manager.ok(decide(manager, path, movement, "decline"))

    assert (declined["status"], expected(till, path)) == ("DECLINED", 50)
    for verb in ("approve", "decline"):
        refused(decide(manager, path, movement, verb), 409, "MOVEMENT_ALREADY_DECIDED")


def test_who_may_decide(shops: Shops, shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    foreign = shops.make().elena.back_office()
    manager = shop.marta.back_office()

    for verb in ("approve", "decline"):
        refused(decide(till, path, movement, verb), 403, "ROLE_FORBIDDEN")
        refused(decide(foreign, path, movement, verb), 404, "SESSION_NOT_FOUND")
        refused(decide(manager, path, {"id": uuid4()}, verb), 404, "MOVEMENT_NOT_FOUND")
    assert manager.ok(manager.get(f"{path}/movements?status=PENDING"))["items"] == [movement]


def test_nobody_decides_on_their_own_movement(shop: Shop, till: Api, path: str) -> None:
    """Also somebody who was a cashier when they recorded it."""
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.ana.id}", {"role": "MANAGER"}))

    promoted = shop.ana.login(shop.registers[0], forzar_cierre=True)

    for verb in ("approve", "decline"):
        refused(decide(promoted, path, movement, verb), 403, "SELF_REVIEW_FORBIDDEN")


def test_a_movement_of_another_session_is_not_found(shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    manager = shop.marta.back_office()
    other = open_drawer(manager, registerId=str(shop.registers[1]))

    answer = decide(manager, f"/v1/cash/sessions/{other['id']}", movement, "approve")

    refused(answer, 404, "MOVEMENT_NOT_FOUND")


def test_an_approval_is_refused_when_the_cash_has_gone_in_the_meantime(shop: Shop, till: Api, path: str) -> None:
    till.ok(record(till, path, "PAID_IN", 100), 201)
    movement = till.ok(record(till, path, "PAID_OUT", 120), 201)
    till.ok(record(till, path, "PAID_OUT", 100), 201)
    manager = shop.marta.back_office()

    refused(decide(manager, path, movement, "approve"), 400, "INSUFFICIENT_CASH")
    assert manager.ok(decide(manager, path, movement, "decline"))["status"] == "DECLINED"


def test_nothing_is_decided_on_a_session_that_is_not_open(shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", {"EUR": 100.01})
    manager = shop.marta.back_office()
    manager.ok(manager.post(f"{path}/force-close", {"reason": "end of day"}))

    refused(decide(manager, path, movement, "approve"), 409, "SESSION_NOT_OPEN")


def test_movements_are_listed_newest_first_page_by_page(till: Api, path: str) -> None:
    made = [till.ok(record(till, path, amount=n + 1), 201)["id"] for n in range(5)][::-1]

    first = till.ok(till.get(f"{path}/movements?limit=3"))
    second = till.ok(till.get(f"{path}/movements?limit=3&cursor={first['nextCursor']}"))

    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert second["nextCursor"] is None


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_movement_is_never_edited_or_deleted(till: Api, path: str, method: str) -> None:
    movement = till.ok(record(till, path), 201)

    answer = till.request(method, f"{path}/movements/{movement['id']}", json={"amount": {"EUR": 1}})

    assert answer.status_code in {404, 405}
    assert answer.json()["success"] is False


def test_every_act_is_audited_and_told(shop: Shop, till: Api, path: str, superuser_dsn: str) -> None:
    manager = shop.marta.back_office()
    till.ok(record(till, path, "SAFE_DROP", 20), 201)
    first = till.ok(record(till, path, amount=200), 201)
    second = till.ok(record(till, path, amount=300), 201)
    manager.ok(decide(manager, path, first, "approve", note="fine"))
    manager.ok(decide(manager, path, second, "decline"))
    refused(record(till, path, "PAID_OUT", 10_000), 400, "INSUFFICIENT_CASH")

    audited = fetch(
        superuser_dsn,
        "SELECT action, actor_id, after::text FROM audit_log"
        " WHERE organisation_id = $1 AND resource_type = 'cash_movement' ORDER BY occurred_at, id",
        shop.id,
    )
    told = fetch(
        superuser_dsn,
        "SELECT data->>'movementType' AS kind, data->>'status' AS status, data->>'operatorId' AS operator"
        " FROM outbox_events WHERE organisation_id = $1 AND type = 'cash.movement_recorded' ORDER BY occurred_at, id",
        shop.id,
    )

    assert [(row["action"], row["actor_id"]) for row in audited] == [
        ("CASH_MOVEMENT_RECORDED", shop.ana.id),
        ("CASH_MOVEMENT_RECORDED", shop.ana.id),
        ("CASH_MOVEMENT_RECORDED", shop.ana.id),
        ("CASH_MOVEMENT_APPROVED", shop.marta.id),
        ("CASH_MOVEMENT_DECLINED", shop.marta.id),
    ]
    assert '"note": "fine"' in audited[3]["after"]
    assert [(row["kind"], row["status"]) for row in told] == [
        ("SAFE_DROP", "APPROVED"),
        ("PAID_IN", "PENDING"),
        ("PAID_IN", "PENDING"),
        ("PAID_IN", "APPROVED"),
        ("PAID_IN", "DECLINED"),
    ]
    assert told[3]["operator"] == str(shop.marta.id)
