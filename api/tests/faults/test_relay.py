"""The relay: everything is delivered, in order per key, whatever fails; what fails holds up its own key alone."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner

from tests.machinery import execute, query, served
from tests.relays import QUICK, RecordingSink, connected, eventually, receiving, relay, tell, told
from tests.support import Shops, open_drawer
from tillvault import cli
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.errors import DatabaseBusy
from tillvault.events.relay.domain import Envelope, SinkUnavailable, pause
from tillvault.events.relay.sweeping import sweep
from tillvault.events.sinks.subscribers import SubscriberSink

KEYS = ("drawer:a", "drawer:b", "drawer:c")


def failing(key: str, number: int) -> Callable[[Envelope], Exception | None]:
    def fails(envelope: Envelope) -> Exception | None:
        is_bad = (envelope.key, envelope.payload["number"]) == (key, number)
        return ValueError("cannot be handled") if is_bad else None

    return fails


def deliveries(superuser_dsn: str, organisation_id: UUID, target: str) -> list[tuple[Any, ...]]:
    rows = query(
        superuser_dsn,
        "SELECT status, attempts, error FROM event_deliveries WHERE organisation_id = $1 AND target = $2",
        organisation_id,
        target,
    )
    return [tuple(row) for row in rows]


def test_everything_is_delivered_once_and_in_order_when_nothing_fails(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id)

    told(settings, shop.id, KEYS, 700)
    with relay(settings, sink):
        eventually(lambda: len(sink.received) >= 2100, "the delivery")

    assert [sink.numbers(key) for key in KEYS] == [list(range(700))] * 3
    assert sink.calls < 20
    assert deliveries(superuser_dsn, shop.id, sink.target) == []


def test_a_poison_event_holds_up_its_own_key_and_becomes_a_dead_letter(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id, fails=failing("drawer:b", 5))

    told(settings, shop.id, KEYS, 10)
    with relay(settings, sink):
        eventually(lambda: len(sink.received) >= 29, "the delivery of the rest")
        eventually(lambda: len(deliveries(superuser_dsn, shop.id, sink.target)) == 1, "the notes")

    assert sink.numbers("drawer:a") == sink.numbers("drawer:c") == list(range(10))
    assert sink.numbers("drawer:b") == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert deliveries(superuser_dsn, shop.id, sink.target) == [("DEAD", 4, "ValueError: cannot be handled")]


def test_dead_letters_of_a_subscriber_are_replayed_from_the_command_line(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    broken = RecordingSink(shop.id, target="subscriber:replayed", fails=failing("drawer:a", 0))
    told(settings, shop.id, ["drawer:a"], 2)
    with relay(settings, broken):
        eventually(lambda: broken.numbers("drawer:a") == [1], "the dead letter")
        eventually(lambda: len(deliveries(superuser_dsn, shop.id, broken.target)) == 1, "the notes")
    assert settings.database_url is not None
    environment = {"DATABASE_URL": settings.database_url.get_secret_value(), "TILLVAULT_LOG_LEVEL": "error"}

    said = CliRunner().invoke(cli.app, ["relay", "--replay", broken.target], env=environment)
    mended = RecordingSink(shop.id, target=broken.target)
    with relay(settings, mended):
        eventually(lambda: mended.numbers("drawer:a") == [0], "the replay")

    assert said.exit_code == 0
    assert "1 dead letters of subscriber:replayed" in said.output


def test_a_sink_that_takes_nothing_makes_no_dead_letters_and_then_gets_everything_in_order(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    is_down = True
    down = RecordingSink(shop.id, fails=lambda _: SinkUnavailable("is down") if is_down else None)
    up = RecordingSink(shop.id, target="subscriber:up")

    told(settings, shop.id, KEYS, 20)
    with relay(settings, down, up):
        eventually(lambda: len(up.received) == 60, "the delivery to the other")
        told(settings, shop.id, ["drawer:d"], 20)
        eventually(lambda: len(up.received) == 80, "the delivery to the other")
        # More tries than an event has, were they counted.
        time.sleep(2)
        waiting = deliveries(superuser_dsn, shop.id, down.target)
        is_down = False
        eventually(lambda: len(down.received) == 80, "the delivery", seconds=40)
        eventually(lambda: deliveries(superuser_dsn, shop.id, down.target) == [], "the notes")

    assert waiting == [("PENDING", 0, None)] * 80
    assert [down.numbers(key) for key in (*KEYS, "drawer:d")] == [list(range(20))] * 4
    assert query(superuser_dsn, "SELECT 1 FROM event_queues WHERE organisation_id = $1", shop.id) == []


def test_a_busy_vault_or_database_is_no_fault_of_the_events() -> None:
    class Busy:
        name = "busy"
        types = frozenset({"sale.finalized"})

        async def handle(self, organisation_id: UUID, envelopes: object) -> None:
            del organisation_id, envelopes
            raise DatabaseBusy

    sink = SubscriberSink(Busy())

    async def run() -> None:
        await sink.send(UUID(int=1), [])

    assert (sink.target, sink.wants("sale.finalized"), sink.wants("sale.refunded")) == ("subscriber:busy", True, False)
    with pytest.raises(SinkUnavailable, match="busy"):
        asyncio.run(run())


def test_several_relays_share_the_work_and_keep_the_order(shops: Shops, settings: Settings) -> None:
    many = [shops.make(people=()) for _ in range(3)]
    sinks = [RecordingSink(shop.id, target="subscriber:shared", fails=failing("drawer:b", 7)) for shop in many]

    class Everybody:
        target = "subscriber:shared"
        lock = threading.Lock()

        def wants(self, event_type: str) -> bool:
            return bool(event_type)

        async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
            with self.lock:
                for sink in sinks:
                    await sink.send(organisation_id, envelopes)

        async def close(self) -> None: ...

    everybody = Everybody()
    small = replace(QUICK, batch=20)
    with (
        relay(settings, everybody, policy=small),
        relay(settings, everybody, policy=small),
        relay(settings, everybody, policy=small),
    ):
        for _ in range(5):
            for shop in many:
                told(settings, shop.id, KEYS, 20)
        eventually(lambda: all(len(sink.received) >= 300 - 5 for sink in sinks), "the delivery")

    for sink in sinks:
        assert sink.numbers("drawer:a") == list(range(20)) * 5
        assert sink.numbers("drawer:b") == [number for number in range(20) if number != 7] * 5


def test_an_event_whose_transaction_commits_late_is_not_lost(shops: Shops, settings: Settings) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id)

    async def late() -> None:
        async with connected(settings) as database, database.transaction(shop.id) as slow:
            # Written now, with a time and an id before those of the other, and visible only after it.
            tell(slow, "drawer:slow", 1)
            await database._flush(slow)  # pyright: ignore[reportPrivateUsage]  # what COMMIT would do first
            async with database.transaction(shop.id) as quick:
                tell(quick, "drawer:quick", 2)
            await asyncio.to_thread(eventually, lambda: sink.numbers("drawer:quick") == [2], "the quick one")

    with relay(settings, sink):
        asyncio.run(late())
        eventually(lambda: sink.numbers("drawer:slow") == [1], "the late one")


def test_a_relay_whose_lock_is_lost_begins_anew(shops: Shops, settings: Settings, superuser_dsn: str) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id, fails=failing("drawer:b", 1))
    holders = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7246111 AND objsubid = 2"

    with relay(settings, sink):
        told(settings, shop.id, ["drawer:a"], 1)
        eventually(lambda: len(sink.received) == 1, "a first delivery")
        (before,) = query(superuser_dsn, holders)
        query(superuser_dsn, "SELECT pg_terminate_backend($1)", before["pid"])
        told(settings, shop.id, ["drawer:b"], 3)
        eventually(lambda: sink.numbers("drawer:b") == [0, 2], "the delivery after it")
        (after,) = query(superuser_dsn, holders)

    assert after["pid"] != before["pid"]


def test_what_is_delivered_is_forgotten_in_time_and_what_waits_is_not(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id, target="subscriber:forgetful", fails=failing("drawer:b", 0))
    told(settings, shop.id, ["drawer:a", "drawer:b"], 2)
    with relay(settings, sink):
        eventually(lambda: len(sink.received) == 3, "the delivery")
        eventually(lambda: len(deliveries(superuser_dsn, shop.id, sink.target)) == 1, "the notes")
    told(settings, shop.id, ["drawer:c"], 1)

    def left(before: datetime, dead_before: datetime) -> list[str]:
        async def run() -> None:
            async with connected(settings) as database:
                await sweep(database, before=before, dead_before=dead_before)

        asyncio.run(run())
        return [
            row["key"]
            for row in query(
                superuser_dsn, "SELECT key FROM outbox_events WHERE organisation_id = $1 ORDER BY key", shop.id
            )
        ]

    now, past = utc_now() + timedelta(hours=1), datetime(2020, 1, 1, tzinfo=UTC)
    assert left(past, past) == ["drawer:a", "drawer:a", "drawer:b", "drawer:b", "drawer:c"]
    assert left(now, past) == ["drawer:b", "drawer:c"]
    assert left(now, now) == ["drawer:c"]
    execute(superuser_dsn, f"DELETE FROM outbox_events WHERE organisation_id = '{shop.id}'")


def test_pauses_grow_to_a_limit_and_differ() -> None:
    first, longest = timedelta(seconds=1), timedelta(seconds=60)

    whole = [pause(number, first=first, longest=longest, chance=0).total_seconds() for number in range(1, 9)]
    half = [pause(number, first=first, longest=longest, chance=1).total_seconds() for number in range(1, 9)]

    assert whole == [1, 2, 4, 8, 16, 32, 60, 60]
    assert half == [number / 2 for number in whole]
    assert pause(10_000, first=first, longest=longest, chance=0) == longest


def test_within_the_server_the_relay_delivers_and_its_metrics_stand_beside_those_of_the_api(
    shops: Shops, settings: Settings
) -> None:
    shop = shops.make()
    inside = settings.model_copy(update={"relay_in_server": "true", "webhooks_allow_private_targets": True})
    with receiving() as receiver, served(inside) as url, httpx.Client(base_url=url, timeout=30) as client:
        token = shop.elena.back_office().token
        made = client.post("/v1/webhooks", json={"url": receiver.url}, headers={"Authorization": f"Bearer {token}"})
        open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 5})
        eventually(lambda: "cash.session_opened" in {one.event["type"] for one in receiver.received}, "the delivery")
        eventually(lambda: 'result="delivered",sink="webhook"' in client.get("/metrics").text, "the counter")
        metrics = client.get("/metrics").text

    assert made.status_code == 201
    assert "tillvault_relay_lag_seconds" in metrics
