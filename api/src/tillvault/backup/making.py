"""Make a backup of a running installation: the heads of its logs and a dump, both of one snapshot."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from typing import BinaryIO

import asyncpg

from tillvault import __version__
from tillvault.backup import key_files, queries
from tillvault.backup.archive import CHUNK, Writing
from tillvault.backup.manifest import DUMP, KEYS, Facts, Manifest
from tillvault.backup.tables import Progress, Words
from tillvault.backup.tools import Tools, address, tools
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.vault import leaves


@dataclass(frozen=True, slots=True)
class Seen:
    """What the snapshot shows, and how it is seen."""

    facts: Facts
    snapshot: str
    signing: frozenset[str]
    """The keys that sign now."""
    major: int
    """Of the server."""


def back_up(dsn: str, file: BinaryIO, *, settings: Settings, with_keys: bool, progress: Progress) -> Manifest:
    """Write a backup into a new file. `dsn` is of a role that sees every row.

    Nobody has to wait for it, and it waits for nobody: what is committed when it begins is in it, and nothing else.
    `progress` is called with the bytes of tables that are done and those of all. Raises StartupRefused.
    """
    # A key that is retired meanwhile is destroyed: taken before, and compared with the snapshot after.
    secrets = key_files.read(settings) if with_keys else {}
    with asyncio.Runner() as runner:
        raw = runner.run(_connected(dsn))
        try:
            seen = runner.run(_look(raw))
            if with_keys:
                key_files.refuse_others(settings, seen.signing)
            found = tools(major=seen.major)
            writing = Writing(file)
            for name, content in secrets.items():
                writing.add(f"{KEYS}{name}", [content])
            writing.add(DUMP, _dump(found, dsn, seen, progress))
        finally:
            raw.terminate()
    return writing.end(
        lambda parts: Manifest(version=__version__, dumped_by=found.version, facts=seen.facts, parts=parts)
    )


async def _connected(dsn: str) -> queries.Raw:
    return await asyncpg.connect(dsn, timeout=10)


async def _look(raw: queries.Raw) -> Seen:
    if not await queries.sees_everything(raw):
        role = await raw.fetchval("SELECT current_user")
        raise StartupRefused(
            f"Row-level security hides rows from {role!r}: its backup would be half of one. Name a role in "
            "DATABASE_BACKUP_URL that may read everything. Run as a superuser: CREATE ROLE tillvault_backup LOGIN "
            "BYPASSRLS PASSWORD '…'; GRANT pg_read_all_data TO tillvault_backup;"
        )
    version, major = await queries.server_version(raw)
    snapshot = await queries.begin_snapshot(raw)
    taken_at = leaves.moment(utc_now())
    tables = await queries.tables(raw)
    if "organisations" not in tables:
        raise StartupRefused("There is nothing to back up: the database holds no installation of Tillvault.")
    keys = await queries.key_ids(raw) if "vault_keys" in tables else {}
    facts = Facts(
        revision=await queries.revision(raw),
        server_version=version,
        taken_at=taken_at,
        organisations=await queries.organisations(raw),
        logs=await queries.logs(raw) if "vault_logs" in tables else (),
        keys=tuple(keys),
        tables=tables,
    )
    return Seen(facts, snapshot, frozenset(kid for kid, signs in keys.items() if signs), major)


def _dump(found: Tools, dsn: str, seen: Seen, progress: Progress) -> Generator[bytes]:
    """The dump as it comes. Raises StartupRefused when pg_dump does not come to its end."""
    database, environment = address(dsn)
    process = subprocess.Popen(  # noqa: S603  (PostgreSQL's own tool, with arguments of ours)
        [
            found.path("pg_dump"),
            *("--format=custom", "--compress=3", "--schema=public", "--no-owner", "--verbose", "--no-password"),
            *("--lock-wait-timeout=60000", f"--snapshot={seen.snapshot}", f"--dbname={database}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None  # noqa: S101  (piped above)
    assert process.stderr is not None  # noqa: S101  (likewise)
    words = Words(process.stderr, seen.facts.tables, progress)
    try:
        while chunk := process.stdout.read(CHUNK):
            yield chunk
        if process.wait() != 0:
            raise StartupRefused(f"pg_dump failed. Its last words:\n{words.last}")
    finally:
        process.kill()
        process.wait()
        words.end()
        process.stdout.close()
