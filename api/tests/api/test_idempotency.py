"""Idempotency-Key on writes under /v1 (decision 11)."""

from __future__ import annotations

import asyncio
import threading
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from tests.support import Api, Shop, Shops, fetch, move, open_drawer, refused

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def test_the_same_request_is_answered_with_the_same_bytes_and_done_once(shop: Shop, till: Api) -> None:
    first = till.post(PATH, {"openingFloat": {"EUR": 5}}, **keyed("open-1"))
    drawer = first.json()["data"]
    move(till, drawer["id"], "PAID_IN", {"EUR": 1})
    second = till.post(PATH, {"openingFloat": {"EUR": 5}}, **keyed("open-1"))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert len(till.ok(till.get(PATH))["items"]) == 1


def test_every_write_of_the_drawer_can_be_repeated(shop: Shop, till: Api) -> None:
    manager = shop.marta.back_office()
    drawer = open_drawer(till, {"EUR": 500})
    path = f"{PATH}/{drawer['id']}"
    waiting = move(till, drawer["id"], "PAID_IN", {"EUR": 300})
    refuse = move(till, drawer["id"], "PAID_IN", {"EUR": 300})
    writes: list[tuple[Api, str, Any]] = [
        (till, f"{path}/movements", {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "once"}),
        (manager, f"{path}/movements/{waiting['id']}/approve", None),
        (manager, f"{path}/movements/{refuse['id']}/decline", {"note": "no"}),
        (till, f"{path}/close", {"countedCash": {"EUR": 0}}),
        (manager, f"{path}/review", {"decision": "RECOUNT", "countedCash": {"EUR": 1}}),
        (manager, f"{path}/review", {"decision": "APPROVE"}),
    ]

    for n, (client, where, body) in enumerate(writes):
        first, second = (client.post(where, body, **keyed(f"write-{n}")) for _ in range(2))
        assert first.status_code < 300, first.text
        assert (second.status_code, second.content) == (first.status_code, first.content)
        assert second.headers["idempotency-replayed"] == "true"


def test_a_force_close_can_be_repeated(shop: Shop, till: Api) -> None:
    manager = shop.marta.back_office()
    path = f"{PATH}/{open_drawer(till)['id']}/force-close"

    first, second = (manager.post(path, {"reason": "end of day"}, **keyed("force")) for _ in range(2))

    assert first.status_code == 200
    assert first.content == second.content


def test_a_key_means_one_request(till: Api) -> None:
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}/movements"
    body = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "once"}
    till.ok(till.post(path, body, **keyed("one")), 201)

    refused(till.post(path, body | {"amount": {"EUR": 2}}, **keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED")
    refused(till.post(f"{PATH}/{drawer['id']}/close", body, **keyed("one")), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(till.ok(till.get(path))["items"]) == 1


def test_a_refusal_is_not_kept(till: Api) -> None:
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}/movements"
    out = {"type": "PAID_OUT", "amount": {"EUR": 5}, "reason": "window cleaner"}

    refused(till.post(path, out, **keyed("out")), 400, "INSUFFICIENT_CASH")
    move(till, drawer["id"], "PAID_IN", {"EUR": 5})
    accepted = till.post(path, out, **keyed("out"))

    assert accepted.status_code == 201
    assert "idempotency-replayed" not in accepted.headers
    refused(till.post(path, {"type": "PAID_OUT"}, **keyed("bad")), 400, "VALIDATION_ERROR")
    assert till.post(path, out | {"type": "PAID_IN"}, **keyed("bad")).status_code == 201


def test_two_people_may_use_the_same_key(shops: Shops, shop: Shop, till: Api) -> None:
    luis, other = shop.luis.login(shop.registers[1]), shops.make()
    foreign = other.ana.login(other.registers[0])

    opened = {client.ok(client.post(PATH, {}, **keyed("same")), 201)["openedBy"] for client in (till, luis, foreign)}

    assert opened == {str(shop.ana.id), str(shop.luis.id), str(other.ana.id)}


def test_a_key_outlives_the_login_that_sent_it(shop: Shop, till: Api) -> None:
    first = till.post(PATH, {}, **keyed("open"))
    till.post("/api/auth/logout-pos")
    again = shop.ana.login(shop.registers[0])

    second = again.post(PATH, {}, **keyed("open"))

    assert second.content == first.content


def test_a_key_is_worth_nothing_without_a_login(shop: Shop, till: Api) -> None:
    till.post(PATH, {}, **keyed("open"))

    refused(Api(shop.http).post(PATH, {}, **keyed("open")), 401, "UNAUTHORIZED")


def test_a_key_is_forgotten_after_a_day(till: Api, shop: Shop, superuser_dsn: str) -> None:
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}/movements"
    body = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "once"}
    first = till.ok(till.post(path, body, **keyed("one")), 201)
    fetch(
        superuser_dsn,
        "UPDATE idempotency_keys SET created_at = created_at - interval '24 hours' WHERE organisation_id = $1",
        shop.id,
    )

    second = till.ok(till.post(path, body, **keyed("one")), 201)
    third = till.ok(till.post(path, body, **keyed("one")), 201)

    assert first["id"] != second["id"] == third["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_is_no_key_is_refused(till: Api, key: str) -> None:
    told = refused(till.post(PATH, {}, **keyed(key)), 400, "VALIDATION_ERROR")

    assert [item["field"] for item in told["details"]] == ["Idempotency-Key"]


def test_a_key_of_255_characters_is_taken(till: Api) -> None:
    assert till.post(PATH, {}, **keyed("x" * 255)).status_code == 201


def test_reading_ignores_the_key(till: Api) -> None:
    for _ in range(2):
        answer = till.get(PATH, **keyed("read"))
        assert "idempotency-replayed" not in answer.headers


def test_a_key_that_is_still_in_flight_is_a_conflict(shop: Shop, till: Api, superuser_dsn: str) -> None:
    """The first request waits for the drawer, which another transaction holds; the second meets its key."""
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}/movements"
    body = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "once"}
    key = f"slow-{uuid4()}"
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(till.post(path, body, **keyed(key))))

    async def hold() -> Any:
        raw = await asyncpg.connect(superuser_dsn)
        try:
            async with raw.transaction():
                await raw.execute("SELECT FROM cash_sessions WHERE id = $1 FOR UPDATE", drawer["id"])
                first.start()
                for _ in range(200):
                    if await raw.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                        break
                    await asyncio.sleep(0.02)
                return await asyncio.to_thread(till.post, path, body, **keyed(key))
        finally:
            await raw.close()

    meanwhile = asyncio.run(hold())
    first.join()

    refused(meanwhile, 409, "IDEMPOTENCY_IN_FLIGHT")
    assert answers[0].status_code == 201
    assert till.post(path, body, **keyed(key)).content == answers[0].content
