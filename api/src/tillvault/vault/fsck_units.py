"""The bulk of fsck: neighbouring leaves checked on their own, so that many processes can share a log.

A unit takes what stands before its first leaf from that leaf itself, and says what it took. Whoever puts the units
together compares it with where the unit before has led to. A unit that does not hold, or not alone, proves nothing: its
leaves are then judged one after the other.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg import Record as Row

from tillvault.vault import fsck_queries, fsck_rows, jwk
from tillvault.vault.domain import Head
from tillvault.vault.entries import Broken, Chain
from tillvault.vault.fsck_queries import Reader
from tillvault.vault.fsck_rows import Prover
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.key_leaves import EVIDENCE
from tillvault.vault.leaves import KEY, LeafRefused, parse_leaf

if TYPE_CHECKING:
    # A helper checks tens of thousands of leaves in the time that settings and logging take to load.
    from tillvault.core.config import Settings

UNIT = 16 * fsck_queries.PAGE
_SOME = 128
"""Leaves that are proven together."""


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


Units: TypeAlias = Callable[[Reader, Head, PublicKeys | None], AsyncGenerator[Unit]]
"""The units of a log up to its head, in order."""


def _spans(size: int, step: int) -> list[tuple[int, int]]:
    return [(first, min(first + step, size)) for first in range(0, size, step)]


# Checking -----------------------------------------------------------------------------------------------------------


async def here(db: Reader, head: Head, keys: PublicKeys | None, *, step: int = UNIT) -> AsyncGenerator[Unit]:
    """In this process, one after the other."""
    for first, end in _spans(head.edge.size, step):
        yield await check(db, head.origin, keys, first=first, end=end)


async def check(db: Reader, origin: str, keys: PublicKeys | None, *, first: int, end: int) -> Unit:
    """Check the leaves of one unit."""
    work = _Work(first, end, origin, keys)
    read = partial(fsck_queries.entries, db, end=end, evidence=keys is not None)
    page = await read(first)
    try:
        while page:
            # PostgreSQL reads the next page while this one is checked.
            coming = asyncio.create_task(read(page[-1]["index"] + 1))
            try:
                for start in range(0, len(page), _SOME):
                    # What has come meanwhile is taken up at once: waited for, it would wake this process up for every
                    # few rows, and PostgreSQL would wait for room to send more.
                    await asyncio.sleep(0)
                    work.take(page[start : start + _SOME])
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

    def take(self, rows: Sequence[Row]) -> None:
        """Raises Broken, LeafRefused or _NotAlone for a unit that proves nothing."""
        if not self.hashes:
            leaf = parse_leaf(rows[0]["leaf"])
            self.chain.prev, self.chain.received_at = self.before = leaf.prev, leaf.received_at
        self._prove(rows)
        self.hashes += [row["leaf_hash"] for row in rows]

    def _prove(self, rows: Sequence[Row]) -> None:
        """Where one leaf is not to be proven, or is no ticket's, the others still are."""
        if self.streams and self.prover.proves(rows):
            return
        if len(rows) == 1:
            self._judge(rows[0])
            return
        half = len(rows) // 2
        self._prove(rows[:half])
        self._prove(rows[half:])

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

    async def __call__(self, db: Reader, head: Head, keys: PublicKeys | None) -> AsyncGenerator[Unit]:
        spans = deque(_spans(head.edge.size, self.step))
        # Few leaves are checked before a process has begun.
        if self.jobs < 2 or len(spans) < 2:
            async for unit in here(db, head, keys, step=self.step):
                yield unit
            return
        assert db.organisation_id is not None  # noqa: S101  (every log is an organisation's)
        task = _Task(
            self.dsn,
            self.settings.database_statement_timeout_ms,
            db.organisation_id,
            await fsck_queries.export_snapshot(db),
            head.origin,
            jwk.jwks(keys.shown.values()) if keys is not None else None,
        )
        # This process is one of them: it checks while the others begin, and while it waits for them.
        async with _helped(min(self.jobs, len(spans)) - 1, task) as checked:
            waiting: deque[asyncio.Future[Unit]] = deque()
            try:
                while spans or waiting:
                    while spans and sum(not one.done() for one in waiting) < self.jobs:
                        waiting.append(asyncio.create_task(checked(*spans.popleft())))
                    if spans and not waiting[0].done():
                        first, end = spans.popleft()
                        waiting.append(asyncio.get_running_loop().create_future())
                        waiting[-1].set_result(await check(db, head.origin, keys, first=first, end=end))
                    else:
                        yield await waiting.popleft()
            finally:
                for one in waiting:
                    one.cancel()


@dataclass(frozen=True, slots=True)
class _Task:
    dsn: str
    statement_timeout_ms: int
    organisation_id: UUID
    snapshot: str
    origin: str
    jwks: dict[str, Any] | None


_HELP = "from tillvault.vault.fsck_units import help_out; help_out()"
_LENGTH_BYTES = 8
"""Before each answer of a helper."""


@asynccontextmanager
async def _helped(number: int, task: _Task) -> AsyncGenerator[Callable[[int, int], Coroutine[None, None, Unit]]]:
    """Gives what has a unit checked by whichever process is free. Raises ChildProcessError when one cannot go on."""
    free: asyncio.Queue[Process] = asyncio.Queue()
    helpers = [await _helper(task) for _ in range(number)]
    for helper in helpers:
        free.put_nowait(helper)

    async def checked(first: int, end: int) -> Unit:
        helper = await free.get()
        assert helper.stdin is not None and helper.stdout is not None  # noqa: S101, PT018  (both are pipes)
        try:
            helper.stdin.write(pickle.dumps((first, end)))
            length = int.from_bytes(await helper.stdout.readexactly(_LENGTH_BYTES))
            answer: Unit | str = pickle.loads(await helper.stdout.readexactly(length))  # noqa: S301  (of our own process)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ChildProcessError("A process that checks leaves has died.") from error
        if isinstance(answer, str):
            raise ChildProcessError(answer)
        free.put_nowait(helper)
        return answer

    try:
        yield checked
    finally:
        for helper in helpers:
            # It only reads; and it may be at work for somebody who no longer waits.
            with suppress(ProcessLookupError):
                helper.kill()
            await helper.wait()


async def _helper(task: _Task) -> Process:
    """A process with nothing of this one in it, not its loop, its connection or its locks, nor all that a command line
    imports. Ctrl-C reaches the one that asks alone, and with it the others."""
    helper = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", _HELP), stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    assert helper.stdin is not None  # noqa: S101  (a pipe)
    helper.stdin.write(pickle.dumps(task))
    return helper


@dataclass(frozen=True, slots=True)
class _Reader:
    """The one connection of a helper, in one transaction for as long as it lasts."""

    raw: Any
    organisation_id: UUID

    @classmethod
    async def begin(cls, task: _Task) -> _Reader:
        raw = await asyncpg.connect(
            task.dsn,
            timeout=10,
            command_timeout=task.statement_timeout_ms / 1000 + 5,
            server_settings={
                "application_name": "tillvault",
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(task.statement_timeout_ms),
            },
        )
        db = cls(raw, task.organisation_id)
        # As in core.db: SET takes no parameters, and a UUID has no character that could end the literal.
        await db.execute(f"BEGIN; SET LOCAL app.organisation_id = '{task.organisation_id}'")
        await fsck_queries.snapshot(db, task.snapshot)
        return db

    async def fetch(self, statement: str, *args: object) -> list[Row]:
        return await self.raw.fetch(statement, *args)

    async def fetchval(self, statement: str, *args: object) -> Any:
        return await self.raw.fetchval(statement, *args)

    async def execute(self, statement: str, *args: object) -> str:
        return await self.raw.execute(statement, *args)


def help_out() -> None:
    """What a helper does: check the units that it is asked for on its standard input, until that ends."""
    asked, answers = sys.stdin.buffer, sys.stdout.buffer
    task: _Task = pickle.load(asked)  # noqa: S301  (of the process that began this one)
    keys = jwk.parse_jwks(task.jwks) if task.jwks is not None else None
    db: _Reader | None = None

    async def checked(first: int, end: int) -> Unit:
        nonlocal db
        db = db or await _Reader.begin(task)
        return await check(db, task.origin, keys, first=first, end=end)

    with asyncio.Runner() as runner, suppress(EOFError):
        while True:
            first, end = pickle.load(asked)  # noqa: S301  (as above)
            answer: Unit | str
            try:
                answer = runner.run(checked(first, end))
            except Exception as error:  # noqa: BLE001  (whatever it is, who asked must hear of it)
                answer = str(error) or type(error).__name__
            text = pickle.dumps(answer)
            answers.write(len(text).to_bytes(_LENGTH_BYTES) + text)
            answers.flush()
