"""Group commit (vault.md, "Ledger"): tickets that wait for the same log share one transaction.

The price of the head's lock, of the commit and of its fsync is paid once per batch, and each answer still carries its
position and its evidence. Evidence leaves the process only after the commit.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
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
from tillvault.vault.domain import Document, Head, SourceConflict, Submission, TicketRecorded, log_key
from tillvault.vault.errors import VaultBusy, VaultUnavailable
from tillvault.vault.leaves import Leaf

BATCH_MAX = 256
ROOM_MAX = 4096
"""Tickets that may wait in one process; beyond it the answer is 503 with Retry-After."""
_SALT_BYTES = 16

Sign = Callable[[Leaf, str], str]
"""Evidence of a leaf and its hash in hex."""

GuardHead = Callable[[Connection, Head], Awaitable[None]]
"""Raises VaultUnavailable for a head that must not be extended."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    answer: asyncio.Future[Document]

    def refuse(self, refusal: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(refusal)


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
        if self._waiting >= ROOM_MAX:
            raise VaultBusy
        entry = _Waiting(submission, asyncio.get_running_loop().create_future())
        room = self._rooms.get(organisation_id)
        if room is None:
            room = self._rooms[organisation_id] = deque()
            worker = asyncio.create_task(self._work(organisation_id, room))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        room.append(entry)
        self._waiting += 1
        try:
            return await entry.answer
        finally:
            self._waiting -= 1

    async def _work(self, organisation_id: UUID, room: deque[_Waiting]) -> None:
        # While one batch is written the next one gathers; the first waits one turn of the loop for company.
        await asyncio.sleep(0)
        while room:
            batch = [room.popleft() for _ in range(min(len(room), BATCH_MAX))]
            await self._record(organisation_id, batch)
        del self._rooms[organisation_id]

    async def _record(self, organisation_id: UUID, batch: list[_Waiting]) -> None:
        try:
            answers = await self._written(organisation_id, [entry.submission for entry in batch])
        except AppError as refusal:
            for entry in batch:
                entry.refuse(refusal)
        except Exception as error:  # noqa: BLE001  (whatever it is, nobody gets evidence of it, and the others go on)
            if len(batch) > 1:
                # One ticket that cannot be written must not take the others with it.
                for entry in batch:
                    await self._record(organisation_id, [entry])
                return
            log().error("vault.append_failed", exc_info=error)
            batch[0].refuse(VaultUnavailable())
        else:
            for entry, answer in zip(batch, answers, strict=True):
                if isinstance(answer, AppError):
                    entry.refuse(answer)
                elif not entry.answer.done():
                    entry.answer.set_result(answer)

    async def _written(self, organisation_id: UUID, batch: list[Submission]) -> list[Document | AppError]:
        """One transaction for the batch; the answers in its order."""
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
            answers: list[Document | AppError] = []
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
        appended = appending.record(
            head,
            fresh,
            now=utc_now(),
            new_id=new_id,
            new_salt=lambda: secrets.token_hex(_SALT_BYTES),
            sign=self._sign,
        )
        started = appending.started_tiles(head.edge, appended.head.edge)
        kept = {tile: await queries.earlier_hashes(db, tile) for tile in started}
        tiles = appending.complete_tiles(head.edge, appended.head.edge, appended.grown, kept)
        sources = await queries.known_sources(db, [row.submission.source_id for row in appended.tickets])
        for row in appended.tickets:
            _tell(db, row.document, row.submission, is_known_source=row.submission.source_id in sources)
            sources.add(row.submission.source_id)
        await queries.append(db, appended, tiles)
        return {row.document.sha256: row.document for row in appended.tickets}


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
