"""Redis Streams and NATS JetStream, with real servers: lost, found again, and told nothing twice under another id."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from tests.machinery import free_port, query, redis_server, running_redis, until
from tests.relays import connected, eventually, relay, told
from tests.support import Shop, Shops
from tillvault.core.config import Settings
from tillvault.events.relay.dispatch import dispatch
from tillvault.events.relay.outlets import Outlets
from tillvault.events.sinks.nats_stream import NatsStream
from tillvault.events.sinks.redis_stream import RedisStream

KEYS = ("drawer:a", "drawer:b")
NATS = shutil.which("nats-server") or shutil.which("/usr/sbin/nats-server")
needs_redis = pytest.mark.skipif(redis_server() is None, reason="redis-server is not installed")
needs_nats = pytest.mark.skipif(NATS is None, reason="nats-server is not installed")


def of_shop(shop: Shop, entries: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The numbers of a shop's events by key, in the order of the stream."""
    found: dict[str, list[int]] = {}
    for event in entries:
        if event["organisationId"] == str(shop.id) and event["key"] in KEYS:
            found.setdefault(event["key"], []).append(event["data"]["number"])
    return found


def in_redis(port: int, stream: str) -> list[tuple[dict[str, str], dict[str, Any]]]:
    with redis.Redis(port=port, decode_responses=True) as connection:
        client: Any = connection
        return [(fields, orjson.loads(fields["event"])) for _, fields in client.xrange(stream)]


def redis_stream(port: int, *, maxlen: int = 100_000) -> RedisStream:
    return RedisStream(f"redis://127.0.0.1:{port}/0", stream="events", maxlen=maxlen)


@needs_redis
def test_a_redis_stream_gets_every_event_with_its_id_and_the_log_tells_of_it(shops: Shops, settings: Settings) -> None:
    shop, port = shops.make(), free_port()
    with running_redis(port), relay(settings, redis_stream(port)):
        ids = told(settings, shop.id, KEYS, 50)
        eventually(lambda: len(of_shop(shop, [event for _, event in in_redis(port, "events")])) == 2, "the stream")
        entries = in_redis(port, "events")
        own = [(fields, event) for fields, event in entries if fields["organisation"] == str(shop.id)]
        marta = shop.marta.back_office()
        eventually(lambda: bool(marta.ok(marta.get("/v1/sync-logs?target=redis"))["items"]), "the log")
        logs = marta.ok(marta.get("/v1/sync-logs?target=redis"))["items"]

    assert of_shop(shop, [event for _, event in entries]) == {key: list(range(50)) for key in KEYS}
    assert [fields["id"] for fields, _ in own] == [event["id"] for _, event in own] == [str(each) for each in ids]
    assert {fields["key"] for fields, _ in own} == set(KEYS)
    assert sum(log["eventCount"] for log in logs if log["status"] == "SUCCEEDED") == 100


@needs_redis
def test_events_wait_while_redis_is_lost_and_come_in_order_when_it_is_back(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop, port = shops.make(), free_port()
    waiting = "SELECT count(*) FROM event_deliveries WHERE organisation_id = $1 AND status = 'PENDING'"
    with relay(settings, redis_stream(port)):
        told(settings, shop.id, KEYS, 30)
        eventually(lambda: query(superuser_dsn, waiting, shop.id)[0][0] == 60, "the waiting")
        with running_redis(port):
            told(settings, shop.id, KEYS, 30)
            eventually(lambda: query(superuser_dsn, waiting, shop.id)[0][0] == 0, "the delivery", seconds=40)
            eventually(
                lambda: sum(map(len, of_shop(shop, [event for _, event in in_redis(port, "events")]).values())) == 120,
                "the stream",
            )
            found = of_shop(shop, [event for _, event in in_redis(port, "events")])

    assert found == {key: [*range(30), *range(30)] for key in KEYS}


@needs_redis
def test_the_stream_keeps_about_as_many_events_as_it_is_told(shops: Shops, settings: Settings) -> None:
    shop, port = shops.make(), free_port()
    told(settings, shop.id, KEYS, 1000)

    async def run() -> int:
        sink = redis_stream(port, maxlen=500)
        try:
            async with connected(settings) as database:
                return await dispatch(database, shop.id, outlets=Outlets([sink]), limit=5000)
        finally:
            await sink.close()

    with running_redis(port):
        assert asyncio.run(run()) == 2000
        assert 500 <= len(in_redis(port, "events")) < 1000


@contextmanager
def running_nats(port: int, folder: Path) -> Generator[None]:
    assert NATS is not None
    process = subprocess.Popen(
        [NATS, "--addr", "127.0.0.1", "--port", str(port), "--jetstream", "--store_dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
        except OSError:
            return False

    try:
        until(answers, what="the start of NATS")
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def in_nats(port: int) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
    """Subject, headers and event of every message of the stream."""

    async def run() -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        nats: Any = importlib.import_module("nats")
        client = await nats.connect(f"nats://127.0.0.1:{port}", connect_timeout=5)
        try:
            stream = client.jetstream()
            state = (await stream.stream_info("TILLVAULT")).state
            messages = [await stream.get_msg("TILLVAULT", seq) for seq in range(1, state.last_seq + 1)]
            return [(message.subject, message.headers, orjson.loads(message.data)) for message in messages]
        finally:
            await client.close()

    return asyncio.run(run())


@needs_nats
def test_jetstream_gets_every_event_once_in_order_also_after_it_was_lost(
    shops: Shops, settings: Settings, superuser_dsn: str, tmp_path: Path
) -> None:
    shop, port = shops.make(), free_port()
    sink = NatsStream(f"nats://127.0.0.1:{port}", stream="TILLVAULT", subject="tillvault.events")
    waiting = "SELECT count(*) FROM event_deliveries WHERE organisation_id = $1 AND status = 'PENDING'"
    with relay(settings, sink):
        with running_nats(port, tmp_path):
            told(settings, shop.id, KEYS, 20)
            eventually(lambda: _logged(superuser_dsn, shop) == 40, "the delivery", seconds=40)
        told(settings, shop.id, KEYS, 20)
        eventually(lambda: query(superuser_dsn, waiting, shop.id)[0][0] == 40, "the waiting")
        with running_nats(port, tmp_path):
            eventually(lambda: query(superuser_dsn, waiting, shop.id)[0][0] == 0, "the delivery", seconds=60)
            own = [each for each in in_nats(port) if each[2]["organisationId"] == str(shop.id)]

    assert of_shop(shop, [event for _, _, event in own]) == {key: [*range(20), *range(20)] for key in KEYS}
    assert {subject for subject, _, _ in own} == {"tillvault.events.cash.session_opened"}
    assert [headers["Nats-Msg-Id"] for _, headers, _ in own] == [event["id"] for _, _, event in own]


def _logged(superuser_dsn: str, shop: Shop) -> int:
    counted = "SELECT coalesce(sum(event_count), 0) FROM sync_logs WHERE organisation_id = $1 AND status = 'SUCCEEDED'"
    return query(superuser_dsn, counted, shop.id)[0][0]
