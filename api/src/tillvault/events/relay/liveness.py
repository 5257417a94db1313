"""How a relay says that it lives: an advisory lock on a connection of its own, which PostgreSQL lets go of the moment
the process is gone, however it went."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from tillvault.events.relay.queries import LIVENESS_CLASS

_ASK_SECONDS = 5.0


@asynccontextmanager
async def living(dsn: str) -> AsyncGenerator[tuple[int, asyncio.Event]]:
    """The number of this relay as long as it lives, and an event that is set when the connection was lost: from then
    on others may take what it has leased, and it must stop."""
    raw = await asyncpg.connect(dsn, timeout=10, command_timeout=_ASK_SECONDS)
    lost = asyncio.Event()
    raw.add_termination_listener(lambda _: lost.set())
    asking = asyncio.create_task(_ask(raw, lost))
    try:
        yield await _numbered(raw), lost
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await raw.close(timeout=2)


async def _numbered(raw: asyncpg.Connection[asyncpg.Record]) -> int:
    while True:
        number = secrets.randbelow(2**31 - 1) + 1
        if await raw.fetchval("SELECT pg_try_advisory_lock($1, $2)", LIVENESS_CLASS, number):
            return number


async def _ask(raw: asyncpg.Connection[asyncpg.Record], lost: asyncio.Event) -> None:
    """A connection whose other end vanished says nothing by itself."""
    while not lost.is_set():
        await asyncio.sleep(_ASK_SECONDS)
        try:
            await raw.fetchval("SELECT 1")
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            lost.set()
