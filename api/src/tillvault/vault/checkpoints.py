"""Checkpoints that are kept, and the guard that they make possible (vault.md, "Ledger").

What was signed once is kept twice: in the database, and in a file beside the keys. A database that was restored from an
older backup, or whose tail was deleted, no longer extends what the file knows: it is refused before anything is signed
or appended.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from tillvault.core import tasks
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.vault import checkpoint_queries, evidence, key_queries, merkle, notes, queries, tiles
from tillvault.vault.domain import Head
from tillvault.vault.errors import TicketNotFound, VaultUnavailable
from tillvault.vault.key_following import follow, may_sign_checkpoints, may_sign_evidence
from tillvault.vault.key_leaves import USES
from tillvault.vault.keys import Signers
from tillvault.vault.leaves import leaf_hash
from tillvault.vault.merkle import HashAt
from tillvault.vault.notes import Checkpoint

_RENEWED_EVERY_SECONDS = 0.5
_WHAT_TO_DO = (
    "Nothing is signed or recorded in this log. Run `tillvault vault fsck` to see where it breaks, and restore the "
    "newest backup with `tillvault restore`. Its --accept-older gives tickets up that are in no backup, though they "
    "were given evidence, and writes that into the log."
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as both forms."""

    checkpoint: Checkpoint
    note: str
    jws: str


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that was kept, and where."""

    where: str
    signed: Signed

    @property
    def checkpoint(self) -> Checkpoint:
        return self.signed.checkpoint


class HeadRefused(ValueError):
    """A head that must not be signed. `check` names what failed."""

    def __init__(self, check: str, found: str) -> None:
        self.check = check
        self.found = found
        super().__init__(found)


# The file beside the keys -------------------------------------------------------------------------------------------


def file_of(signers: Signers, origin: str) -> Path:
    """Where the last checkpoint of a log is kept."""
    return signers.folder / "checkpoints" / f"{origin.rpartition('/')[2]}.json"


def tenants_in_files(signers: Signers) -> list[str]:
    """Whose logs have a checkpoint kept in a file."""
    return sorted(path.stem for path in (signers.folder / "checkpoints").glob("*.json"))


def kept_in_file(signers: Signers, origin: str) -> Known | None:
    """Raises HeadRefused for a file that no key of this vault has signed."""
    path = file_of(signers, origin)
    try:
        kept: Any = orjson.loads(path.read_bytes())
        return _trusted(signers, "file", str(kept["note"]), str(kept["jws"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise HeadRefused("file_readable", f"The checkpoint in {path} cannot be used: {error}.") from error


def keep_in_file(signers: Signers, signed: Signed) -> None:
    """Replace the file at once and for good; never by a smaller checkpoint, whichever process comes last."""
    path = file_of(signers, signed.checkpoint.origin)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _held(path.with_suffix(".lock")):
        with suppress(HeadRefused):
            # What cannot be read is left to the guard, which has refused it before anything was signed.
            before = kept_in_file(signers, signed.checkpoint.origin)
            if before is not None and before.checkpoint.size >= signed.checkpoint.size:
                return
        aside = path.with_suffix(f".{secrets.token_hex(8)}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps({"note": signed.note, "jws": signed.jws}) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)


class _held:  # noqa: N801  (used as a context manager, like a function)
    """The exclusive lock of a file, among processes."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def __enter__(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _trusted(signers: Signers, where: str, note: str, jws: str) -> Known:
    """Raises NoteRefused unless a key of this vault has signed the note."""
    found = notes.verify_checkpoint(note, signers.public_keys.notes.values())
    return Known(where, Signed(found, note, jws))


# The guard ----------------------------------------------------------------------------------------------------------


async def _known(db: Connection, signers: Signers, origin: str) -> list[Known]:
    """What is kept of a log, the database's first. Raises HeadRefused."""
    try:
        return await _trusted_ones(db, signers, origin)
    except HeadRefused:
        # Another process may have signed it with a key that this one has not heard of.
        if not await follow(db, signers):
            raise
        return await _trusted_ones(db, signers, origin)


async def _trusted_ones(db: Connection, signers: Signers, origin: str) -> list[Known]:
    found: list[Known] = []
    if (row := await checkpoint_queries.last_checkpoint(db)) is not None:
        try:
            known = _trusted(signers, "database", row["note"], row["jws"])
        except notes.NoteRefused as error:
            raise HeadRefused("database_checkpoint", f"The last checkpoint in the database: {error}.") from error
        if (known.checkpoint.size, known.checkpoint.root) != (row["size"], row["root"]):
            raise HeadRefused("database_checkpoint", "The last checkpoint in the database is not what its note says.")
        found.append(known)
    if (kept := kept_in_file(signers, origin)) is not None:
        found.append(kept)
    return found


async def _examine(db: Connection, head: Head, known: Sequence[Known]) -> None:
    """Raise HeadRefused unless the head extends what is known, and the stored leaves lead to the head."""
    size = head.edge.size
    for each in known:
        checkpoint = each.checkpoint
        if checkpoint.origin != head.origin:
            raise HeadRefused(f"extends_{each.where}", f"The checkpoint in the {each.where} is of {checkpoint.origin}.")
        if checkpoint.size > size:
            raise HeadRefused(
                f"extends_{each.where}",
                f"The log has {size} leaves, the last checkpoint in the {each.where} {checkpoint.size}: the database "
                "was restored from an older backup, or its tail was deleted.",
            )
        if await _root_at(db, checkpoint.size) != checkpoint.root:
            raise HeadRefused(
                f"extends_{each.where}",
                f"The first {checkpoint.size} leaves do not lead to the last checkpoint in the {each.where}: the "
                "database has another history.",
            )
    if await _root_at(db, size) != merkle.root_of(head.edge):
        raise HeadRefused("leaves_lead_to_head", f"The stored leaves do not lead to the head of {size} leaves.")
    if await checkpoint_queries.has_leaf_beyond_head(db):
        raise HeadRefused("nothing_beyond_head", f"There is a leaf beyond the head, which is of {size} leaves.")
    last = await checkpoint_queries.leaf(db, size - 1) if size else None
    if last is not None and not last["leaf_hash"] == leaf_hash(last["leaf"].encode()) == head.last_leaf_hash:
        raise HeadRefused("last_leaf", f"Leaf {size - 1} is not the last leaf that the head names.")


async def _examine_absence(db: Connection, signers: Signers) -> None:
    """Raise HeadRefused for a log that is gone altogether: it is no empty one."""
    if kept_in_file(signers, signers.origin_of(await queries.tenant(db))) is not None:
        raise HeadRefused(
            "extends_file", "There is no log, but a checkpoint of it in the file: the log was deleted with its head."
        )


async def _root_at(db: Connection, size: int) -> bytes | None:
    """The root of the first `size` leaves, from tiles and leaves; None where some are missing."""

    def edge(hash_at: HashAt) -> merkle.Edge:
        return merkle.edge_at(size, hash_at)

    fetched = {at: await queries.tile(db, *at, size=size) for at in tiles.tiles_needed(edge)}
    try:
        return merkle.root_of(edge(tiles.hashes_of(lambda level, index: fetched[level, index])))
    except ValueError:
        return None


def _refuse(organisation_id: UUID | None, refusal: HeadRefused) -> VaultUnavailable:
    log().error(
        "vault.head_refused",
        organisation_id=str(organisation_id),
        check=refusal.check,
        found=refusal.found,
        what_to_do=_WHAT_TO_DO,
    )
    return VaultUnavailable()


class Guard:
    """Lets a process append to a log once it has examined it, and again whenever the head went back since."""

    def __init__(self, signers: Signers) -> None:
        self._signers = signers
        self._sizes: dict[UUID, int] = {}

    async def __call__(self, db: Connection, head: Head) -> None:
        """The head is held by the transaction. Raises VaultUnavailable."""
        await self.examine(db, head)
        await may_sign_evidence(db, self._signers, head.evidence_kid)

    async def examine(self, db: Connection, head: Head) -> None:
        """Whether the head may be extended at all, whoever signs. Raises VaultUnavailable."""
        assert db.organisation_id is not None  # noqa: S101  (a log belongs to an organisation)
        seen = self._sizes.get(db.organisation_id)
        if seen is None or head.edge.size < seen:
            self._sizes.pop(db.organisation_id, None)
            try:
                await _examine(db, head, await _known(db, self._signers, head.origin))
            except HeadRefused as refusal:
                raise _refuse(db.organisation_id, refusal) from refusal
        self._sizes[db.organisation_id] = head.edge.size


# Signing ------------------------------------------------------------------------------------------------------------


async def signed_head(db: Connection, signers: Signers) -> Signed:
    """The head of the organisation's log, signed; signed anew and kept only if it has grown.

    Raises TicketNotFound while the log is empty, VaultUnavailable for a head that must not be signed.
    """
    head = await queries.head(db)
    try:
        if head is None:
            await _examine_absence(db, signers)
            raise TicketNotFound
        known = await _known(db, signers, head.origin)
        # Others append and sign meanwhile: the head that is compared must not be older than what is known.
        head = await queries.head(db) or head
        if head.edge.size == 0 and not known:
            raise TicketNotFound
        found = Checkpoint(origin=head.origin, size=head.edge.size, root=merkle.root_of(head.edge))
        if known and known[0].where == "database" and all(found == each.checkpoint for each in known):
            return known[0].signed
        await _examine(db, head, known)
    except HeadRefused as refusal:
        raise _refuse(db.organisation_id, refusal) from refusal
    for each in known:
        if each.where == "database" and each.checkpoint == found:
            _keep_after_commit(db, signers, each.signed)
            return each.signed
    await may_sign_checkpoints(db, signers)
    now = await _issued_at(db, signers)
    claims = evidence.checkpoint_claims(found, issuer=signers.issuer, issued_at=int(now.timestamp()))
    signed = Signed(found, notes.sign_checkpoint(found, signers.notes), evidence.sign(signers.evidence, claims))
    await checkpoint_queries.insert_checkpoint(
        db, size=found.size, root=found.root, note=signed.note, jws=signed.jws, issued_at=now
    )
    _keep_after_commit(db, signers, signed)
    return signed


async def _issued_at(db: Connection, signers: Signers) -> datetime:
    """Now, but not before the keys began to sign nor before the checkpoint before: clocks go back, windows do not."""
    since = max(signers.signs_since(use) for use in USES)
    return max(
        utc_now(),
        datetime.fromtimestamp(since, UTC),
        await key_queries.last_issued_at(db) or datetime.min.replace(tzinfo=UTC),
    )


def _keep_after_commit(db: Connection, signers: Signers, signed: Signed) -> None:
    def keep() -> None:
        try:
            keep_in_file(signers, signed)
        except OSError as error:
            # The database keeps it too; the next checkpoint comes with the next ticket.
            log().error("vault.checkpoint_not_kept", origin=signed.checkpoint.origin, exc_info=error)

    def soon() -> None:
        # In a thread: an fsync must not hold up the tickets of the process.
        asyncio.get_running_loop().run_in_executor(None, keep)

    db.after_commit.append(soon)


class Renewal:
    """Signs the logs that changed in this process, within a second of the change."""

    def __init__(self, database: Database, sign: Callable[[Connection], Awaitable[Signed]]) -> None:
        self._database = database
        self._sign = sign
        self._changed: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def changed(self, organisation_id: UUID) -> None:
        self._changed.add(organisation_id)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let go, with what is left signed."""
        if self._task is not None:
            await tasks.ended([self._task])
        await self._renew()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_RENEWED_EVERY_SECONDS)
            await self._renew()

    async def _renew(self) -> None:
        changed, self._changed = self._changed, set()
        for organisation_id in changed:
            try:
                async with self._database.transaction(organisation_id) as db:
                    await self._sign(db)
            except VaultUnavailable:
                continue  # The guard has told why; it is asked again with the next ticket.
            except AppError:
                self._changed.add(organisation_id)
            except Exception as error:  # noqa: BLE001  (one log that cannot be signed must not end the others' renewal)
                log().error("vault.renewal_failed", organisation_id=str(organisation_id), exc_info=error)
