"""Races for drawers: who opens, what lands before a close, and what a key is worth (domain.md, "Cash sessions")."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, codes, fetch, move, open_drawer, race, refused, statuses
from tillvault.identity.domain import Role

CROWD = tuple((f"c{n}", Role.CASHIER) for n in range(50))


@pytest.fixture(scope="module")
def crowd(shops: Shops) -> Shop:
    return shops.make(people=[*CROWD, ("elena", Role.ADMIN)], registers=2)


@pytest.fixture(scope="module")
def logins(crowd: Shop) -> list[Api]:
    """Fifty cashiers at their desks: a register is taken by the first who opens a drawer on it."""
    return [crowd.people[name].back_office() for name, _ in CROWD]


@pytest.fixture
def emptied(crowd: Shop) -> Iterator[Shop]:
    yield crowd
    admin = crowd.people["elena"].back_office()
    for register in crowd.registers:
        admin.post(f"/api/tpv/{register}/liberar")


@pytest.mark.parametrize("attempt", range(5))
def test_only_one_of_fifty_simultaneous_openings_wins(
    emptied: Shop, logins: list[Api], superuser_dsn: str, attempt: int
) -> None:
    register = str(emptied.registers[attempt % 2])

    answers = race([partial(till.post, "/v1/cash/sessions", {"registerId": register}) for till in logins])

    assert statuses(answers) == {201: 1, 409: 49}
    assert codes(answers) == {"REGISTER_ALREADY_OPEN": 49}
    rows = fetch(
        superuser_dsn,
        "SELECT id FROM cash_sessions WHERE register_id = $1 AND status = 'OPEN'",
        emptied.registers[attempt % 2],
    )
    winner = next(answer for answer in answers if answer.status_code == 201)
    assert [str(row["id"]) for row in rows] == [winner.json()["data"]["id"]]


@pytest.mark.parametrize("attempt", range(5))
def test_one_person_opens_one_of_two_registers(emptied: Shop, logins: list[Api], attempt: int) -> None:
    till = logins[attempt]

    answers = race(
        [partial(till.post, "/v1/cash/sessions", {"registerId": str(emptied.registers[n % 2])}) for n in range(50)]
    )

    assert statuses(answers) == {201: 1, 409: 49}
    assert set(codes(answers)) <= {"USER_ALREADY_OPEN", "REGISTER_ALREADY_OPEN"}


def rounds(shop: Shop, till: Api, register: str, count: int) -> list[tuple[str, list[httpx.Response], httpx.Response]]:
    """Open, then let movements race the close; the opened session, the movements' answers, the close's."""
    played: list[tuple[str, list[httpx.Response], httpx.Response]] = []
    for n in range(count):
        drawer = till.ok(till.post("/v1/cash/sessions", {"registerId": register, "openingFloat": {"EUR": 10}}), 201)
        path = f"/v1/cash/sessions/{drawer['id']}"
        first = partial(till.post, f"{path}/movements", {"type": "PAID_IN", "amount": {"EUR": 1.25}, "reason": "race"})
        second = partial(till.post, f"{path}/movements", {"type": "PAID_OUT", "amount": {"EUR": 0.5}, "reason": "race"})
        close = partial(till.post, f"{path}/close", {"countedCash": {"EUR": 10}})
        # The order of starting changes from round to round, so that each side wins its share.
        acts = [first, close, second] if n % 2 else [close, first, second]
        answers = race(acts)
        at = acts.index(close)
        played.append((drawer["id"], [answer for i, answer in enumerate(answers) if i != at], answers[at]))
    return played


@pytest.mark.slow
def test_nothing_lands_after_the_close_in_five_hundred_rounds(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make(people=[("ana", Role.CASHIER), ("luis", Role.CASHIER), ("elena", Role.ADMIN)], registers=2)
    tills = [shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])]

    with ThreadPoolExecutor(2) as desks:
        halves = desks.map(rounds, [shop] * 2, tills, [str(register) for register in shop.registers], [250] * 2)
        played = [one for half in halves for one in half]

    office = shop.elena.back_office()
    landed = late = 0
    for session_id, moves, closed in played:
        assert closed.status_code == 200, closed.text
        z = office.ok(office.get(f"/v1/cash/sessions/reports/z/{session_id}"))
        listed = office.ok(office.get(f"/v1/cash/sessions/{session_id}/movements"))["items"]
        accepted = {answer.json()["data"]["id"] for answer in moves if answer.status_code == 201}
        for answer in moves:
            if answer.status_code != 201:
                refused(answer, 409, "SESSION_NOT_OPEN")
        landed, late = landed + len(accepted), late + len(moves) - len(accepted)
        assert {item["id"] for item in z["movements"]} == accepted == {item["id"] for item in listed}
        signed = sum(
            Decimal(str(item["amounts"]["EUR"])) * (1 if item["type"] == "PAID_IN" else -1) for item in z["movements"]
        )
        line = z["summary"]["byCurrency"][0]
        assert Decimal(str(line["expectedCash"])) == 10 + signed
        assert Decimal(str(line["totalPaidIn"])) - Decimal(str(line["totalPaidOut"])) == signed
        assert closed.json()["data"]["balances"][0]["expectedCash"] == line["expectedCash"]
    assert len(played) == 500
    assert landed > 50, "the close always won: this was no race"
    assert late > 50, "the movement always won: this was no race"
    numbers = fetch(superuser_dsn, "SELECT series_id, z_number FROM z_reports WHERE organisation_id = $1", shop.id)
    for register in shop.registers:
        assert sorted(row["z_number"] for row in numbers if row["series_id"] == register) == list(range(1, 251))


def test_a_drawer_is_closed_once_however_many_try(shops: Shops) -> None:
    shop = shops.make()
    manager = shop.marta.back_office()
    for n in range(20):
        till = shop.ana.back_office()
        drawer = open_drawer(till, registerId=str(shop.registers[0]))
        path = f"/v1/cash/sessions/{drawer['id']}"

        answers = race(
            [
                *[partial(till.post, f"{path}/close", {}) for _ in range(4)],
                *[partial(manager.post, f"{path}/force-close", {"reason": "too slow"}) for _ in range(4)],
            ]
        )

        assert statuses(answers) == {200: 1, 409: 7}
        assert codes(answers) == {"SESSION_NOT_OPEN": 7}
        assert next(a.json()["data"]["zNumber"] for a in answers if a.status_code == 200) == n + 1


def test_money_is_paid_out_once_when_two_want_the_last_of_it(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 30})
    path = f"/v1/cash/sessions/{drawer['id']}"
    out = {"type": "PAID_OUT", "amount": {"EUR": 10}, "reason": "the last of it"}

    answers = race([partial(till.post, f"{path}/movements", out) for _ in range(12)])

    assert statuses(answers) == {201: 3, 400: 9}
    assert codes(answers) == {"INSUFFICIENT_CASH": 9}
    assert till.ok(till.get(path))["balances"][0]["expectedCash"] == 0


def test_a_movement_is_decided_once_and_never_after_a_force_close(shops: Shops) -> None:
    shop = shops.make(people=[("ana", Role.CASHIER), ("marta", Role.MANAGER), ("mario", Role.MANAGER)])
    till, marta, mario = shop.ana.login(shop.registers[0]), shop.marta.back_office(), shop.mario.back_office()
    seen: set[str] = set()
    for _ in range(30):
        drawer = open_drawer(till, {"EUR": 500})
        path = f"/v1/cash/sessions/{drawer['id']}"
        waiting = move(till, drawer["id"], "PAID_IN", {"EUR": 100.01})
        decision = f"{path}/movements/{waiting['id']}"

        approved, declined, closed = race(
            [
                partial(marta.post, f"{decision}/approve"),
                partial(mario.post, f"{decision}/decline"),
                partial(mario.post, f"{path}/force-close", {"reason": "end of day"}),
            ]
        )

        assert closed.status_code == 200
        assert statuses([approved, declined]).get(200, 0) <= 1
        assert set(codes([approved, declined])) <= {"MOVEMENT_ALREADY_DECIDED", "SESSION_NOT_OPEN"}
        final = till.ok(till.get(f"{path}/movements"))["items"][0]
        expected = closed.json()["data"]["balances"][0]["expectedCash"]
        assert final["status"] == ("APPROVED" if approved.status_code == 200 else "DECLINED")
        assert expected == (600.01 if approved.status_code == 200 else 500)
        seen.add(final["status"] + str(declined.status_code))
    assert len(seen) > 1, "one side always won: this was no race"


def test_one_review_decides(shops: Shops) -> None:
    shop = shops.make(people=[("ana", Role.CASHIER), ("marta", Role.MANAGER), ("mario", Role.MANAGER)])
    till, marta, mario = shop.ana.login(shop.registers[0]), shop.marta.back_office(), shop.mario.back_office()
    for _ in range(10):
        drawer = open_drawer(till, {"EUR": 50})
        path = f"/v1/cash/sessions/{drawer['id']}"
        till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 0}}))

        answers = race(
            [
                partial(who.post, f"{path}/review", body)
                for who in (marta, mario)
                for body in ({"decision": "APPROVE"}, {"decision": "RECOUNT", "countedCash": {"EUR": 50}})
            ]
        )

        assert statuses(answers) == {200: 1, 409: 3}
        assert codes(answers) == {"SESSION_NOT_PENDING_REVIEW": 3}


def test_a_hundred_posts_of_one_key_make_one_movement(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till)
    path = f"/v1/cash/sessions/{drawer['id']}/movements"
    body: dict[str, Any] = {"type": "PAID_IN", "amount": {"EUR": 5}, "reason": "double tap"}
    headers = {"Idempotency-Key": f"tap-{uuid4()}"}

    answers = race([partial(till.post, path, body, headers=headers) for _ in range(100)])
    afterwards = till.post(path, body, headers=headers)

    made = [answer for answer in answers if answer.status_code == 201]
    assert set(codes(answers)) <= {"IDEMPOTENCY_IN_FLIGHT"}
    assert len({answer.content for answer in [*made, afterwards]}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
    assert len(till.ok(till.get(path))["items"]) == 1


def test_an_x_agrees_with_itself_while_movements_come_in(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till)
    register = {"registerId": str(shop.registers[0])}
    path = f"/v1/cash/sessions/{drawer['id']}/movements"
    body = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "one more"}

    answers = race(
        [
            partial(till.get, "/v1/cash/sessions/reports/x", params=register)
            if n % 2
            else partial(till.post, path, body)
            for n in range(60)
        ]
    )

    reports = [answer.json()["data"] for answer in answers if answer.status_code == 200]
    assert len(reports) == 30
    for x in reports:
        assert x["summary"]["byCurrency"][0]["expectedCash"] == x["movementsTotal"] == len(x["movements"])
        assert x["session"]["balances"][0]["expectedCash"] == x["movementsTotal"]
