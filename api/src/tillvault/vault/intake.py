"""Group commit (vault.md, "Ledger"): tickets that wait for the same log share one transaction.

The price of the head's lock, of the commit and of its fsync is paid once per batch, and each answer still carries its
position and its evidence. Evidence leaves the process only after the commit.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import orjson

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database
from tillvault.core.errors import AppError, Unauthorized
from tillvault.core.ids import new_id
from tillvault.core.logging import log
from tillvault.events import service as events
from tillvault.vault import appending, queries
from tillvault.vault.appending import Appended
from tillvault.vault.domain import Document, Head, SourceConflict, Submission, TicketRecorded, log_key
from tillvault.vault.errors import VaultBusy, VaultUnavailable
from tillvault.vault.leaves import Leaf

GROUP_MAX = 1024
"""Tickets in one transaction."""
PART_MAX = 128
"""Tickets in one statement: PostgreSQL writes a part while the next one is hashed and signed."""
GATHERED_MIN = 16
GATHER_SECONDS = 0.005
"""After a group of fewer, but not of one: a transaction costs as much as several tickets, and who comes in the next
moments shares the next one. Whoever posts one ticket after the other never waits."""
ROOM_MAX = 4096
"""Tickets that may wait in one process; beyond it the answer is 503 with Retry-After."""
_SALT_BYTES = 16

Sign = Callable[[Leaf, str], str]
"""Evidence of a leaf and its hash in hex."""

GuardHead = Callable[[Connection, Head], Awaitable[None]]
"""Raises VaultUnavailable for a head that must not be extended."""


Outcome = Document | AppError
"""What a ticket gets."""


@dataclass(slots=True)
class _Waiting:
    submissions: Sequence[Submission]
    answer: asyncio.Future[list[Outcome]]


class Intake:
    """The waiting room of one process. Several processes may run: the head's lock puts them in order."""

    def __init__(
        self,
        database: Database,
        *,
        sign: Sign,
        origin_of: Callable[[str], str],
        guard: GuardHead,
        changed: Callable[[UUID], None],
    ) -> None:
        self._database = database
        self._sign = sign
        self._guard = guard
        self._changed = changed
        self._origin_of = origin_of
        self._rooms: dict[UUID, deque[_Waiting]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def submit(self, organisation_id: UUID, submission: Submission) -> Document:
        """Record a ticket, or find it. Raises VaultBusy, VaultUnavailable, Unauthorized, DatabaseUnavailable."""
        [outcome] = await self.submit_many(organisation_id, [submission])
        if isinstance(outcome, AppError):
            raise outcome
        return outcome

    async def submit_many(self, organisation_id: UUID, submissions: Sequence[Submission]) -> list[Outcome]:
        """Record tickets that wait together, at most GROUP_MAX; what each would get alone, in their order.

        Raises VaultBusy.
        """
        if self._waiting + len(submissions) > ROOM_MAX:
            raise VaultBusy
        entry = _Waiting(submissions, asyncio.get_running_loop().create_future())
        room = self._rooms.get(organisation_id)
        if room is None:
            room = self._rooms[organisation_id] = deque()
            worker = asyncio.create_task(self._work(organisation_id, room))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        room.append(entry)
        self._waiting += len(submissions)
        try:
            return await entry.answer
        finally:
            self._waiting -= len(submissions)

    async def _work(self, organisation_id: UUID, room: deque[_Waiting]) -> None:
        # While one group is written the next one gathers; the first waits one turn of the loop for company.
        group: list[_Waiting] = []
        try:
            await asyncio.sleep(0)
            while room:
                group = _group(room)
                items = [item for entry in group for item in entry.submissions]
                outcomes = await self._recorded(organisation_id, items)
                start = 0
                for entry in group:
                    end = start + len(entry.submissions)
                    # Whoever was waiting may have gone.
                    if not entry.answer.done():
                        entry.answer.set_result(outcomes[start:end])
                    start = end
                if 1 < len(items) < GATHERED_MIN:
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            # Whatever ended the work: nobody waits for ever, and the next ticket finds a room of its own.
            del self._rooms[organisation_id]
            for entry in (*group, *room):
                if not entry.answer.done():
                    entry.answer.set_result([VaultUnavailable()] * len(entry.submissions))

    async def _recorded(self, organisation_id: UUID, items: list[Submission]) -> list[Outcome]:
        try:
            return await self._written(organisation_id, items)
        except AppError as refusal:
            return [refusal] * len(items)
        except Exception as error:  # noqa: BLE001  (whatever it is, nobody gets evidence of it, and the others go on)
            if len(items) == 1:
                log().error("vault.append_failed", exc_info=error)
                return [VaultUnavailable()]
        # One ticket that cannot be written must not take the others with it.
        half = len(items) // 2
        first = await self._recorded(organisation_id, items[:half])
        return first + await self._recorded(organisation_id, items[half:])

    async def _written(self, organisation_id: UUID, batch: list[Submission]) -> list[Outcome]:
        """One transaction for the group; the answers in its order."""
        keys = {item.api_key_id for item in batch if item.api_key_id is not None}
        async with self._database.transaction(organisation_id) as db:
            held = await queries.hold_head(db, origin=self._origin_of(batch[0].tenant), api_key_ids=keys)
            revoked = keys - held.standing_keys
            welcome = [item for item in batch if item.api_key_id not in revoked]
            found = await queries.known(db, [item.sha256 for item in welcome])
            fresh: dict[bytes, Submission] = {}
            for item in welcome:
                if item.sha256 not in found:
                    fresh.setdefault(item.sha256, item)
            recorded = await self._append(db, held.head, list(fresh.values())) if fresh else {}
            answers: list[Outcome] = []
            for item in batch:
                if item.api_key_id in revoked:
                    answers.append(Unauthorized())
                else:
                    answers.append(_answer(db, item, found, recorded))
        if fresh:
            self._changed(organisation_id)
        return answers

    async def _append(self, db: Connection, head: Head, fresh: list[Submission]) -> dict[bytes, Document]:
        await self._guard(db, head)
        started = appending.started_tiles(head.edge.size, head.edge.size + len(fresh))
        kept = {tile: await queries.earlier_hashes(db, tile) for tile in started}
        sources = await queries.known_sources(db, [item.source_id for item in fresh])
        parts: list[Appended] = []
        writing: asyncio.Task[None] | None = None
        try:
            for start in range(0, len(fresh), PART_MAX):
                appended = self._record(parts[-1].head if parts else head, fresh[start : start + PART_MAX])
                parts.append(appended)
                for row in appended.tickets:
                    _tell(db, row.document, row.submission, is_known_source=row.submission.source_id in sources)
                    sources.add(row.submission.source_id)
                is_last = start + PART_MAX >= len(fresh)
                # Tiles are told of once, when the whole group has its place.
                grown = appending.grown_by(parts) if is_last else []
                tiles = appending.complete_tiles(head.edge, appended.head.edge, grown, kept) if is_last else []
                if writing is not None:
                    await writing
                writing = asyncio.create_task(queries.append(db, appended, tiles))
                # Begins to write before the next part is made: the loop sends what was written in one turn at its end.
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        finally:
            # Whatever happens, the connection must not be left in the middle of a statement.
            if writing is not None:
                await writing
        return {row.document.sha256: row.document for part in parts for row in part.tickets}

    def _record(self, head: Head, fresh: list[Submission]) -> Appended:
        return appending.record(
            head,
            fresh,
            now=utc_now(),
            new_id=new_id,
            new_salt=lambda: secrets.token_hex(_SALT_BYTES),
            sign=self._sign,
        )


def _group(room: deque[_Waiting]) -> list[_Waiting]:
    """The next ones to be written together, at least one."""
    group = [room.popleft()]
    size = len(group[0].submissions)
    while room and size + len(room[0].submissions) <= GROUP_MAX:
        group.append(room.popleft())
        size += len(group[-1].submissions)
    return group


def _answer(
    db: Connection, item: Submission, found: dict[bytes, Document], recorded: dict[bytes, Document]
) -> Document:
    """The first of equal tickets is the new one; the others find it."""
    new = recorded.pop(item.sha256, None)
    if new is not None:
        found[item.sha256] = replace(new, is_new=False)
        return new
    document = found[item.sha256]
    envelope: Mapping[str, object] = orjson.loads(document.envelope)
    mismatch = appending.metadata_mismatch(envelope, item)
    if not mismatch:
        return document
    _conflict(db, document, item, mismatch)
    return replace(document, metadata_mismatch=mismatch)


def _tell(db: Connection, document: Document, item: Submission, *, is_known_source: bool) -> None:
    events.emit(
        db,
        TicketRecorded(
            branch_id=None,
            key=log_key(db.organisation_id),
            document_id=document.id,
            source_id=item.source_id,
            sha256=document.sha256.hex(),
            ledger_hash=document.ledger_hash,
        ),
    )
    if is_known_source:
        _conflict(db, document, item, ("ticket",))


def _conflict(db: Connection, document: Document, item: Submission, mismatch: tuple[str, ...]) -> None:
    events.emit(
        db,
        SourceConflict(
            branch_id=None,
            key=log_key(db.organisation_id),
            document_id=document.id,
            source_id=item.source_id,
            mismatch=mismatch,
        ),
    )
