"""A log that was restored from a backup: what was signed beyond it, and the entry that says so for ever.

The file beside the keys knows the last head that was signed. Where a backup ends before it, leaves that were given
evidence are lost: going on from there takes a person, and gives positions away a second time. The entry of the stream
EVENT makes that history the log's own: it names the backup, and shows the checkpoint that was given up, still signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tillvault.core.clock import utc_now
from tillvault.core.db import Database, StartupRefused
from tillvault.vault import checkpoints, fsck_queries, leaves, queries, recording
from tillvault.vault.canonical import canonicalise
from tillvault.vault.checkpoints import Guard, HeadRefused, Known
from tillvault.vault.errors import VaultUnavailable
from tillvault.vault.keys import Signers

STREAM = "EVENT"
REASON_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """The head of a log as a backup has it."""

    tenant: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A log of which more was signed than the backup holds."""

    tenant: str
    size: int
    """Leaves in the backup."""
    known: Known

    def __str__(self) -> str:
        signed = self.known.checkpoint.size
        return (
            f"{self.tenant}: the backup ends with {self.size} leaves, {signed} were signed. Lost would be index "
            f"{self.size} to {signed - 1}, of which evidence was given out."
        )


def lost(signers: Signers, logs: Mapping[str, Beginning]) -> list[Lost]:
    """What is kept beside the keys of logs, by tenant, and is not in the backup.

    Raises StartupRefused for a kept checkpoint that cannot be used, and for a backup of another history.
    """
    found: list[Lost] = []
    for tenant in checkpoints.tenants_in_files(signers):
        try:
            known = checkpoints.kept_in_file(signers, signers.origin_of(tenant))
        except HeadRefused as refused:
            raise StartupRefused(f"{refused.found} Nothing was changed.") from refused
        log = logs.get(tenant)
        size = log.size if log else 0
        if known is None:
            continue
        if known.checkpoint.size > size:
            found.append(Lost(tenant=tenant, size=size, known=known))
        elif log is not None and known.checkpoint.size == size and known.checkpoint.root != log.root:
            raise StartupRefused(
                f"The log of {tenant} in the backup has {size} leaves, as the last checkpoint beside the keys, but "
                "another root: it is another history. Nothing was changed."
            )
    return found


def give_up(signers: Signers, given_up: Iterable[Lost]) -> None:
    """Move the kept checkpoints out of the guard's way; they stay beside, for whoever asks later."""
    for each in given_up:
        path = checkpoints.file_of(signers, each.known.checkpoint.origin)
        aside = path.parent / "given-up"
        aside.mkdir(mode=0o700, exist_ok=True)
        path.rename(aside / f"{each.tenant}-{each.known.checkpoint.size}.json")


async def record(
    database: Database,
    signers: Signers,
    *,
    made_at: str,
    logs: Mapping[str, Beginning],
    given_up: Iterable[Lost],
    reason: str | None,
) -> list[str]:
    """Write the entry into every log; gives the tenants whose log is broken and has none of it."""
    lost_of = {each.tenant: each for each in given_up}
    passed_over: list[str] = []
    async with database.transaction(None) as db:
        rows = await fsck_queries.logs(db)
    for row in rows:
        tenant = row["tenant"]
        if tenant not in logs or (logs[tenant].size == 0 and tenant not in lost_of):
            continue
        try:
            async with database.transaction(row["organisation_id"]) as db:
                held = await queries.hold_head(db, origin=signers.origin_of(tenant), api_key_ids=())
                await Guard(signers).examine(db, held.head)
                text = body(logs[tenant], made_at=made_at, lost=lost_of.get(tenant), reason=reason)
                await recording.append(db, held.head, [text], kind=leaves.EVENT, stream=STREAM)
        except VaultUnavailable:
            passed_over.append(tenant)
    return passed_over


def body(beginning: Beginning, *, made_at: str, lost: Lost | None, reason: str | None) -> bytes:
    """The canonical body (vault-formats.md, "Entries of the stream EVENT"); members without a value are left out."""
    checkpoint = lost.known.signed.note if lost is not None else None
    return canonicalise(
        {
            "at": leaves.moment(utc_now()),
            "backup": {"made_at": made_at, "root": beginning.root.hex(), "size": beginning.size},
            "event": "restored",
            "given_up": checkpoint,
            "reason": reason,
        }
    )
