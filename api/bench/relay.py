"""The relay: events a second out of the outbox, to a sink in the process and to a Redis stream on this machine.

`python -m bench.relay` measures it alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from rich.console import Console
from rich.table import Table

from tillvault.core import migrate
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres
from tillvault.core.ids import new_id
from tillvault.events import service as events
from tillvault.events.relay.domain import Envelope
from tillvault.events.relay.outlets import Policy
from tillvault.events.relay.service import Relay
from tillvault.events.webhooks.sending import Sender
from tillvault.identity import setup

EVENTS = 50_000
_KEYS = 50
_DATA = {
    "sessionId": str(new_id()),
    "registerId": str(new_id()),
    "openedBy": str(new_id()),
    "openingFloat": {"EUR": "150.00", "USD": "20.00"},
    "businessDate": "2026-11-21",
    "note": "The drawer was counted by two.",
}


class Counting:
    """A sink that writes every envelope as JSON and throws it away."""

    target = "subscriber:bench"

    def __init__(self) -> None:
        self.count = 0
        self.bytes = 0
        self.is_full = asyncio.Event()

    def wants(self, event_type: str) -> bool:
        return bool(event_type)

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        del organisation_id
        self.bytes += sum(len(envelope.wire()) for envelope in envelopes)
        self.count += len(envelopes)
        if self.count >= EVENTS:
            self.is_full.set()

    async def close(self) -> None: ...


async def _fill(settings: Settings, organisation_id: UUID) -> None:
    assert settings.database_url is not None
    database = await Database.connect(settings.database_url.get_secret_value(), settings, flush=events.flush)
    for start in range(0, EVENTS, 10_000):
        async with database.transaction(organisation_id) as db:
            await db.execute(
                "INSERT INTO outbox_events (organisation_id, id, type, version, key, data, occurred_at)"
                " SELECT $1, u.id, 'cash.session_opened', 1, 'drawer:' || (u.n % $3), $4::jsonb, now()"
                " FROM unnest($2::uuid[]) WITH ORDINALITY AS u(id, n)",
                organisation_id,
                [new_id() for _ in range(10_000)],
                _KEYS,
                json.dumps(_DATA | {"start": start}),
            )
    await database.close()


async def _organisation(settings: Settings) -> UUID:
    assert settings.database_url is not None
    database = await Database.connect(settings.database_url.get_secret_value(), settings, flush=events.flush)
    async with database.transaction(new_id()) as db:
        made = await setup.create_organisation(db, slug="bench", name="Bench")
    await database.close()
    return made


async def _in_process(settings: Settings) -> float:
    """Events a second to a sink in the process, with the policy of `tillvault relay`."""
    assert settings.database_url is not None
    dsn = settings.database_url.get_secret_value()
    database = await Database.connect(dsn, settings, flush=events.flush)
    sink = Counting()
    relay = Relay(
        database=database,
        dsn=dsn,
        sinks=[sink],
        sender=Sender(allow_private=True, timeout_seconds=5),
        secret=b"bench",
        policy=Policy.of(settings, in_server=False),
    )
    started = time.perf_counter()
    running = asyncio.create_task(relay.run())
    await sink.is_full.wait()
    seconds = time.perf_counter() - started
    relay.stop()
    await running
    await database.close()
    return EVENTS / seconds


def _to_redis(settings: Settings, folder: Path) -> float:
    """Events a second by `tillvault relay` to a Redis stream, from the first that arrives to the last."""
    binary = shutil.which("redis-server")
    assert binary is not None
    assert settings.database_url is not None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    relay = subprocess.Popen(
        [sys.executable, "-m", "tillvault.cli", "relay"],
        stdout=subprocess.DEVNULL,
        env=os.environ
        | {
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "TILLVAULT_DATA_DIR": str(folder),
            "RELAY_REDIS_STREAM_URL": f"redis://127.0.0.1:{port}/0",
        },
    )
    try:
        with redis.Redis(port=port) as connection:
            client: Any = connection
            while not (first := _length(client)):
                assert relay.poll() is None, "the relay ended"
                time.sleep(0.01)
            started = time.perf_counter()
            while (length := _length(client)) < EVENTS:
                time.sleep(0.01)
            return (length - first) / (time.perf_counter() - started)
    finally:
        for process in (relay, server):
            process.terminate()
            process.wait(timeout=30)


def _length(client: Any) -> int:
    try:
        return int(client.xlen("tillvault.events"))
    except redis.RedisError:
        return 0


def compare(table: Table) -> None:
    """Adds a row for each sink: the whole outbox of one organisation, `EVENTS` events under `_KEYS` keys."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        asyncio.run(migrate.prepare_embedded(server))
        migrate.upgrade(server.dsn(OWNER_ROLE))
        settings = Settings.model_validate({"DATABASE_URL": server.dsn(APP_LOGIN), "TILLVAULT_DATA_DIR": folder})
        organisation_id = asyncio.run(_organisation(settings))
        asyncio.run(_fill(settings, organisation_id))
        rate = asyncio.run(_in_process(settings))
        told = f"{EVENTS} events of one organisation, {_KEYS} keys"
        table.add_row("relay to a sink in the process", f"{rate:.0f} events/s", "≥ 5000/s", told)
        if shutil.which("redis-server") is None:
            return
        asyncio.run(_fill(settings, organisation_id))
        rate = _to_redis(settings, Path(folder))
        table.add_row("`tillvault relay` to a Redis stream here", f"{rate:.0f} events/s", "≥ 5000/s", told)


def main() -> None:
    console = Console(width=140)
    table = Table("measured", "figure", "target", "detail")
    with console.status("relay"):
        compare(table)
    console.print(table)


if __name__ == "__main__":
    main()
