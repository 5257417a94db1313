"""A manager decides on a movement at the cashier's till, by their PIN."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support import Api, Shop, Shops, move, open_drawer, refused

WAITS = {"EUR": 100.01}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


@pytest.fixture
def path(till: Api) -> str:
    """Of a drawer with 50 EUR in it."""
    return f"/v1/cash/sessions/{open_drawer(till, {'EUR': 50})['id']}"


@pytest.fixture
def movement(till: Api, path: str) -> dict[str, Any]:
    return move(till, path.rsplit("/", 1)[1], "PAID_IN", WAITS)


def decide(client: Api, path: str, movement: dict[str, Any], pin: str, verb: str = "approve") -> httpx.Response:
    return client.post(f"{path}/movements/{movement['id']}/{verb}", headers={"X-Approver-Pin": pin})


def test_a_managers_pin_lets_it_count_and_is_on_record(
    shop: Shop, till: Api, path: str, movement: dict[str, Any]
) -> None:
    approved = till.ok(decide(till, path, movement, shop.marta.pin))

    assert (approved["status"], approved["decidedBy"]) == ("APPROVED", str(shop.marta.id))
    assert till.ok(till.get(path))["balances"][0]["expectedCash"] == 150.01
    admin = shop.elena.back_office()
    (entry,) = admin.ok(admin.get("/v1/audit", params={"action": "CASH_MOVEMENT_APPROVED"}))["items"]
    assert (entry["actorId"], entry["after"]["decidedBy"]) == (str(shop.ana.id), str(shop.marta.id))


def test_a_managers_pin_declines_too(shop: Shop, till: Api, path: str, movement: dict[str, Any]) -> None:
    declined = till.ok(decide(till, path, movement, shop.marta.pin, "decline"))

    assert (declined["status"], declined["decidedBy"]) == ("DECLINED", str(shop.marta.id))
    assert till.ok(till.get(path))["balances"][0]["expectedCash"] == 50


@pytest.mark.parametrize("whose", ["ana", "luis", "nobody"])
def test_no_other_pin_decides(shop: Shop, till: Api, path: str, movement: dict[str, Any], whose: str) -> None:
    pin = "98765432" if whose == "nobody" else shop.people[whose].pin

    refused(decide(till, path, movement, pin), 403, "MOVEMENT_APPROVAL_REQUIRED")
    assert till.ok(till.get(f"{path}/movements?status=PENDING"))["items"] == [movement]


def test_guessing_a_managers_pin_is_slowed_down(till: Api, path: str, movement: dict[str, Any]) -> None:
    answers = [decide(till, path, movement, f"9000{at}") for at in range(6)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_managers_pin_opens_nobody_elses_drawer(shop: Shop, path: str, movement: dict[str, Any]) -> None:
    luis = shop.luis.login(shop.registers[1])

    refused(decide(luis, path, movement, shop.marta.pin), 403, "ROLE_FORBIDDEN")


def test_who_made_a_movement_does_not_approve_it_by_pin_either(shop: Shop, till: Api, path: str) -> None:
    movement = move(till, path.rsplit("/", 1)[1], "PAID_IN", WAITS)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.ana.id}", {"role": "MANAGER"}))
    marta = shop.marta.back_office()

    refused(decide(marta, path, movement, shop.ana.pin), 403, "SELF_REVIEW_FORBIDDEN")


def test_a_repetition_under_the_same_key_decides_once(
    shop: Shop, till: Api, path: str, movement: dict[str, Any]
) -> None:
    headers = {"X-Approver-Pin": shop.marta.pin, "Idempotency-Key": "twice"}
    where = f"{path}/movements/{movement['id']}/approve"

    first, second = till.post(where, headers=headers), till.post(where, headers=headers)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
