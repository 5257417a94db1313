"""The bulk of fsck: neighbouring leaves checked on their own, so that many processes can share a log.

A unit takes what stands before its first leaf from that leaf itself, and says what it took. Whoever puts the units
together compares it with where the unit before has led to. A unit that does not hold, or not alone, proves nothing: its
leaves are then judged one after the other.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from tillvault.core.config import Settings
from tillvault.core.db import Connection, Database, Row
from tillvault.events import service as events
from tillvault.vault import fsck_queries, fsck_rows, jwk
from tillvault.vault.domain import Head
from tillvault.vault.entries import Broken, Chain
from tillvault.vault.fsck_rows import Prover
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.key_leaves import EVIDENCE
from tillvault.vault.leaves import KEY, LeafRefused, parse_leaf

UNIT = 8 * fsck_queries.PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Leaves from `first` up to `end`, which hold if what stands before them is what is said here."""

    first: int
    end: int
    holds: bool = False
    hashes: bytes = field(default=b"", repr=False)
    """Of the leaves, one after the other."""
    prev: str = ""
    received_at: str = ""
    """No leaf before was received later than this."""
    streams: dict[str, int] = field(default_factory=dict[str, int])
    """The last position before, of the streams that have leaves here."""
    signer: str | None = None
    """The key that signed all evidence here."""
    after: tuple[str, str, dict[str, int]] = ("", "", {})
    """The same three after the last leaf."""

    def follows(self, chain: Chain) -> bool:
        """Whether it holds and goes on where the chain has come to."""
        return (
            self.holds
            and self.first == chain.size
            and self.prev == chain.prev
            and chain.received_at <= self.received_at
            and all(chain.streams.get(stream, 0) == last for stream, last in self.streams.items())
            and self.signer in {None, chain.signers.get(EVIDENCE, self.signer)}
        )

    def advance(self, chain: Chain) -> None:
        """Lead the chain, which the unit follows, to the unit's end."""
        chain.prev, chain.received_at, streams = self.after
        chain.streams.update(streams)
        if self.signer is not None:
            chain.signers[EVIDENCE] = self.signer
        chain.size = self.end


Units: TypeAlias = Callable[[Connection, Head, PublicKeys | None], AsyncGenerator[Unit]]
"""The units of a log up to its head, in order."""


def _spans(size: int, step: int) -> list[tuple[int, int]]:
    return [(first, min(first + step, size)) for first in range(0, size, step)]


# Checking -----------------------------------------------------------------------------------------------------------


async def here(db: Connection, head: Head, keys: PublicKeys | None, *, step: int = UNIT) -> AsyncGenerator[Unit]:
    """In this process, one after the other."""
    for first, end in _spans(head.edge.size, step):
        yield await check(db, head.origin, keys, first=first, end=end)


async def check(db: Connection, origin: str, keys: PublicKeys | None, *, first: int, end: int) -> Unit:
    """Check the leaves of one unit."""
    work = _Work(first, end, origin, keys)
    read = partial(fsck_queries.entries, db, evidence=keys is not None)
    page = await read(first, end)
    try:
        while page:
            # PostgreSQL reads the next page while this one is checked.
            coming = asyncio.create_task(read(page[-1]["index"] + 1, end))
            await asyncio.sleep(0)
            try:
                work.take(page)
            finally:
                page = await coming
    except (Broken, LeafRefused, _NotAlone):
        return Unit(first=first, end=end)
    return work.done()


class _NotAlone(Exception):
    """A leaf that means something for leaves elsewhere."""


@dataclass(slots=True)
class _Work:
    first: int
    end: int
    origin: str
    keys: PublicKeys | None
    chain: Chain = field(init=False)
    prover: Prover = field(init=False)
    hashes: list[bytes] = field(default_factory=list[bytes])
    before: tuple[str, str] = ("", "")
    streams: dict[str, int] = field(default_factory=dict[str, int])

    def __post_init__(self) -> None:
        self.chain = Chain(self.origin, size=self.first)
        self.prover = Prover(self.chain, self.keys)

    def take(self, page: Sequence[Row]) -> None:
        """Raises Broken, LeafRefused or _NotAlone for a unit that proves nothing."""
        chain, proves = self.chain, self.prover.proves
        rows = iter(page)
        if not self.hashes:
            leaf = parse_leaf(page[0]["leaf"])
            chain.prev, chain.received_at = self.before = leaf.prev, leaf.received_at
            self._judge(next(rows))
        for row in rows:
            if not proves(row):
                self._judge(row)
        self.hashes += [row["leaf_hash"] for row in page]

    def _judge(self, row: Row) -> None:
        stream = row["stream"]
        if stream not in self.streams:
            self.streams[stream] = self.chain.streams[stream] = row["stream_seq"] - 1
        if f'"type":"{KEY}"' in row["leaf"]:
            raise _NotAlone
        fsck_rows.check_row(self.chain, row, self.keys)

    def done(self) -> Unit:
        chain = self.chain
        return Unit(
            first=self.first,
            end=self.end,
            holds=chain.size == self.end,
            hashes=b"".join(self.hashes),
            prev=self.before[0],
            received_at=self.before[1],
            streams=self.streams,
            signer=chain.signers.get(EVIDENCE),
            after=(chain.prev, chain.received_at, chain.streams),
        )


# Processes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Units checked by processes of their own, each with its connection, all in the snapshot of the one that asks."""

    dsn: str
    settings: Settings
    jobs: int
    step: int = UNIT

    async def __call__(self, db: Connection, head: Head, keys: PublicKeys | None) -> AsyncGenerator[Unit]:
        spans = deque(_spans(head.edge.size, self.step))
        # Few leaves are checked before a process has begun.
        if self.jobs < 2 or len(spans) < 2:
            async for unit in here(db, head, keys, step=self.step):
                yield unit
            return
        assert db.organisation_id is not None  # noqa: S101  (every log is an organisation's)
        task = _Task(
            db.organisation_id,
            await fsck_queries.export_snapshot(db),
            head.origin,
            jwk.jwks(keys.shown.values()) if keys is not None else None,
        )
        pool = ProcessPoolExecutor(
            # This process is one of them: it checks while the others begin, and while it waits for them.
            min(self.jobs, len(spans)) - 1,
            # Nothing of this process, its loop and its connection, is to be found in the others.
            multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self.dsn, self.settings),
        )
        try:
            waiting: deque[asyncio.Future[Unit]] = deque()
            loop = asyncio.get_running_loop()
            while spans or waiting:
                while spans and sum(not one.done() for one in waiting) < self.jobs:
                    waiting.append(loop.run_in_executor(pool, _check_in_process, task, *spans.popleft()))
                if spans and not waiting[0].done():
                    first, end = spans.popleft()
                    waiting.append(loop.create_future())
                    waiting[-1].set_result(await check(db, head.origin, keys, first=first, end=end))
                else:
                    yield await waiting.popleft()
        finally:
            pool.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Task:
    organisation_id: UUID
    snapshot: str
    origin: str
    jwks: dict[str, Any] | None


_process: tuple[asyncio.Runner, Database] | None = None
"""Of a process that checks units: its loop and its database."""


def _begin(dsn: str, settings: Settings) -> None:
    global _process  # noqa: PLW0603  (the only way from a pool's initializer to its tasks)
    # Ctrl-C ends the one that asks, and with it the pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner = asyncio.Runner()
    small = settings.model_copy(update={"database_pool_size": 1})
    _process = runner, runner.run(Database.connect(dsn, small, flush=events.flush))


def _check_in_process(task: _Task, first: int, end: int) -> Unit:
    assert _process is not None  # noqa: S101  (set by the initializer)
    runner, database = _process
    keys = jwk.parse_jwks(task.jwks) if task.jwks is not None else None

    async def checked() -> Unit:
        async with database.transaction(task.organisation_id) as db:
            await fsck_queries.snapshot(db, task.snapshot)
            return await check(db, task.origin, keys, first=first, end=end)

    return runner.run(checked())
