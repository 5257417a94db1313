"""`tillvault relay` killed again and again while twenty producers commit at random: all is delivered, in order per key.

TILLVAULT_TEST_ROUNDS=50 kills fifty times instead of a few, and has 20 × 500 events told instead of 20 × 100.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import redis

from tests.machinery import Serving, copy_folder, free_port, query, redis_server, running_redis, until
from tests.nursery import Nursery
from tests.relays import connected, eventually, forget_the_rest, receiving, tell
from tests.support import Api, Shops
from tillvault.core.config import Settings
from tillvault.core.db import Database

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("TILLVAULT_TEST_ROUNDS", "5"))
PRODUCERS = 20
EACH = 500 if ROUNDS >= 50 else 100
KEYS = [f"drawer:{number}" for number in range(PRODUCERS // 2)]
"""Two producers share a key, one after the other as two that act on the same drawer."""
STREAM = "tillvault.crashes"


async def produce(settings: Settings, organisation_id: UUID, seconds: float) -> None:
    """Each producer tells EACH events, one or a few in a transaction, with a random wait before its commit."""
    counters: dict[str, int] = defaultdict(int)

    async def one(database: Database, key: str, chance: random.Random) -> None:
        left = EACH
        while left:
            part = min(left, chance.choice((1, 1, 2, 3)))
            async with database.transaction(organisation_id) as db:
                await db.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", key)
                for _ in range(part):
                    tell(db, key, counters[key])
                    counters[key] += 1
                await database._flush(db)  # pyright: ignore[reportPrivateUsage]  # what COMMIT would do first
                await asyncio.sleep(chance.uniform(0, 0.02))
            left -= part
            await asyncio.sleep(chance.uniform(0, 2) * seconds / EACH * part)

    wide = settings.model_copy(update={"database_pool_size": PRODUCERS})
    async with connected(wide) as database:
        await asyncio.gather(
            *(one(database, KEYS[number % len(KEYS)], random.Random(number)) for number in range(PRODUCERS))  # noqa: S311  (a delay)
        )


def judge(events: Iterable[dict[str, Any]]) -> int:
    """Each key complete and in order at the first delivery of each event, each event under one id; gives how many
    deliveries were repetitions."""
    first: dict[str, list[int]] = defaultdict(list)
    ids: dict[tuple[str, int], set[str]] = defaultdict(set)
    repeated = 0
    for event in events:
        key, number = event["key"], event["data"]["number"]
        if (key, number) in ids:
            repeated += 1
        else:
            first[key].append(number)
        ids[key, number].add(event["id"])

    assert first == {key: list(range(2 * EACH)) for key in KEYS}
    assert {len(some) for some in ids.values()} == {1}
    return repeated


@pytest.mark.skipif(redis_server() is None, reason="redis-server is not installed")
def test_a_relay_that_is_killed_again_and_again_loses_nothing_and_keeps_the_order(
    shops: Shops, settings: Settings, superuser_dsn: str, nursery: Nursery, tmp_path: Path
) -> None:
    assert settings.database_url is not None
    shop = shops.make()
    port = free_port()
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "TILLVAULT_KEYS_DIR": str(settings.keys_folder),
        "WEBHOOKS_ALLOW_PRIVATE_TARGETS": "true",
        "RELAY_REDIS_STREAM_URL": f"redis://127.0.0.1:{port}/0",
        "RELAY_REDIS_STREAM_NAME": STREAM,
    }
    chance = random.Random(7)  # noqa: S311  (a moment)
    with receiving() as receiver, running_redis(port), redis.Redis(port=port) as client:
        stream: Any = client
        admin: Api = shop.elena.back_office()
        # The API of the session refuses private targets; the endpoint is given one behind its back.
        made = admin.ok(admin.post("/v1/webhooks", {"url": "https://1.1.1.1/"}), 201)
        _point_at(settings, shop.id, made["id"], receiver.url)
        forget_the_rest(superuser_dsn, shop.id)
        producing = threading.Thread(target=lambda: asyncio.run(produce(settings, shop.id, ROUNDS * 2.0)))
        producing.start()
        for number in range(ROUNDS):
            relay = Serving(tmp_path / f"relay-{number}", settings=environment, command=("relay",), nursery=nursery)
            try:
                until(lambda relay=relay: any(one["event"] == "relay.started" for one in relay.records), seconds=60)
                threading.Event().wait(chance.uniform(0, 0.8))
                assert relay.process.poll() is None, relay.said
                relay.end(signal.SIGKILL)
            finally:
                relay.clean_up()
        producing.join(timeout=300)
        last = Serving(tmp_path / "last", settings=environment, command=("relay",), nursery=nursery)
        try:
            total = PRODUCERS * EACH
            eventually(
                lambda: len({one.headers["webhook-id"] for one in list(receiver.received)}) == total, "all", seconds=300
            )
            eventually(lambda: _length(stream) >= total, "all of the stream", seconds=60)
            eventually(lambda: not _waiting(superuser_dsn, shop.id), "the end of what waits", seconds=60)
            assert last.end(signal.SIGTERM) == 0
        finally:
            last.clean_up()
        streamed = [orjson.loads(fields[b"event"]) for _, fields in stream.xrange(STREAM)]

    by_webhook = judge(one.event for one in receiver.received)
    by_stream = judge(event for event in streamed if event["organisationId"] == str(shop.id) and event["key"] in KEYS)
    print(f"{ROUNDS} kills: repeated by webhook {by_webhook}, by stream {by_stream} of {PRODUCERS * EACH}")


def _point_at(settings: Settings, organisation_id: UUID, webhook_id: str, url: str) -> None:
    async def run() -> None:
        async with connected(settings) as database, database.transaction(organisation_id) as db:
            await db.execute(
                "UPDATE webhook_endpoints SET url = $3, types = '{cash.session_opened}' "
                "WHERE organisation_id = $1 AND id = $2",
                organisation_id,
                UUID(webhook_id),
                url,
            )

    asyncio.run(run())


def _length(stream: Any) -> int:
    return stream.xlen(STREAM)


def _waiting(superuser_dsn: str, organisation_id: UUID) -> list[Any]:
    return query(superuser_dsn, "SELECT 1 FROM event_queues WHERE organisation_id = $1", organisation_id)


def test_the_relay_serves_its_metrics_and_ends_with_zero(settings: Settings, tmp_path: Path) -> None:
    assert settings.database_url is not None
    port = free_port()
    relay = Serving(
        tmp_path / "relay",
        settings={
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "TILLVAULT_KEYS_DIR": str(settings.keys_folder),
        },
        command=("relay", "--metrics-port", str(port)),
    )
    try:
        until(lambda: any(one["event"] == "relay.started" for one in relay.records), seconds=60)
        metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
        code = relay.end(signal.SIGTERM)
    finally:
        relay.clean_up()

    assert "tillvault_relay_lag_seconds" in metrics
    assert code == 0
    assert relay.records[-1]["event"] == "relay.stopped"


def test_serve_with_an_embedded_database_runs_a_relay_that_ends_with_it(made: Path, tmp_path: Path) -> None:
    serving = Serving(copy_folder(made, tmp_path / "var")).ready()
    try:
        until(lambda: any(one["event"] == "relay.started" for one in serving.records), what="the start of the relay")
        code = serving.end(signal.SIGTERM)
    finally:
        serving.clean_up()

    assert code == 0
    assert "relay.stopped" in [one["event"] for one in serving.records]
