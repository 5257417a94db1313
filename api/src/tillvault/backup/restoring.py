"""Restore an installation from a backup: everything is looked at before anything is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from tillvault.backup import archive, key_files, loading, queries
from tillvault.backup.archive import Archive
from tillvault.backup.manifest import Manifest
from tillvault.backup.tables import Progress
from tillvault.backup.tools import Tools, tools
from tillvault.core import migrate
from tillvault.core.config import Settings
from tillvault.core.db import Database, StartupRefused, refuse_powerful_role
from tillvault.events import service as events
from tillvault.vault import fsck_command, key_commands, key_rotation, keys, restored
from tillvault.vault.fsck import Finding
from tillvault.vault.keys import Signers
from tillvault.vault.restored import Beginning, Lost

Shown = Callable[[str], AbstractContextManager[Progress]]
"""Shows the progress of a step by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator has said."""

    path: Path
    replace: bool = False
    accept_older: bool = False
    reason: str | None = None
    with_keys: bool = False
    without_keys: bool = False
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to restore: the database as the owner of its tables, and as the app's role."""

    owner: str
    app: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came of it."""

    manifest: Manifest
    findings: list[Finding]
    given_up: list[Lost] = field(default_factory=list[Lost])
    strangers: list[str] = field(default_factory=list[str])
    """The uses whose key is not the one that the database names."""
    missing: list[str] = field(default_factory=list[str])
    """Secrets that are neither in the keys folder nor in the environment."""

    @property
    def holds(self) -> bool:
        return all(finding.holds for finding in self.findings)


def restore(target: Target, settings: Settings, wish: Wish, shown: Shown) -> Restored:
    """Put a backup in the place of what the database holds. Raises StartupRefused, and nothing is changed then."""
    with archive.opened(wish.path) as backup:
        with shown("Checking the file") as progress:
            _check(backup, progress)
        _refuse_newer(backup.manifest)
        # Before the keys, which may come from the backup: a database that must be left alone leaves their folder alone.
        found, major = asyncio.run(_look(target, wish))
        signers = _keys(backup, settings, wish)
        given_up = _given_up(backup.manifest, signers, wish)
        with shown("Restoring") as progress:
            loading.load(backup, target.owner, found=found, major=major, progress=progress)
        manifest = backup.manifest
    with shown("Bringing it up to date"):
        migrate.upgrade(target.owner)
        asyncio.run(_finish(target))
    strangers: list[str] = []
    if signers is not None:
        restored.give_up(signers, given_up)
        strangers = asyncio.run(_tell_logs(target, settings, signers, manifest, given_up, wish.reason))
    findings = asyncio.run(
        fsck_command.check(
            target.app,
            settings,
            tenant=None,
            signers=signers,
            signatures=signers is not None,
            jobs=wish.jobs,
            quiet=False,
        )
    )
    return Restored(
        manifest=manifest,
        findings=findings,
        given_up=given_up,
        strangers=strangers,
        missing=key_files.missing(settings),
    )


def _check(backup: Archive, progress: Progress) -> None:
    total, done = sum(part.size_bytes for part in backup.manifest.parts), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    backup.check(advance)


def _refuse_newer(manifest: Manifest) -> None:
    if manifest.facts.revision not in migrate.revisions():
        raise StartupRefused(
            f"The backup was made by Tillvault {manifest.version}, whose schema ({manifest.facts.revision}) this "
            "version does not know. Restore it with that version or a later one. Nothing was changed."
        )


# The keys -----------------------------------------------------------------------------------------------------------


def _keys(backup: Archive, settings: Settings, wish: Wish) -> Signers | None:
    """The keys that the vault goes on with, None where the operator does without. Raises StartupRefused."""
    if wish.with_keys:
        if not backup.manifest.holds_keys:
            raise StartupRefused("The backup holds no keys: it was made without --with-keys. Nothing was changed.")
        files = backup.key_files
        key_files.refuse_conflicts(settings, files)
        key_files.place(settings, files)
    if not keys.are_there(settings):
        if wish.without_keys or not backup.manifest.facts.keys:
            # Where none has ever signed, the first start makes them.
            return None
        within = " or take those in the backup with --with-keys," if backup.manifest.holds_keys else ""
        raise StartupRefused(
            f"The vault's keys are not in {settings.keys_folder}. Bring that folder back from its own backup first,"
            f"{within} or restore with --without-keys: then no signature is checked, and nothing is compared with what "
            "was signed last. Nothing was changed."
        )
    if wish.without_keys:
        return None
    signers = keys.load(settings)
    here = {*signers.register.keys, *(signers.key(use).kid for use in keys.KINDS)}
    if backup.manifest.facts.keys and not here & set(backup.manifest.facts.keys):
        raise StartupRefused(
            f"The keys in {settings.keys_folder} are of another vault: none of them has ever signed in this one. Name "
            "the right folder in TILLVAULT_KEYS_DIR, or restore with --without-keys. Nothing was changed."
        )
    return signers


def _beginnings(manifest: Manifest) -> Mapping[str, Beginning]:
    return {
        log.tenant: Beginning(tenant=log.tenant, size=log.size, root=bytes.fromhex(log.root))
        for log in manifest.facts.logs
    }


def _given_up(manifest: Manifest, signers: Signers | None, wish: Wish) -> list[Lost]:
    """What is lost with this backup, and accepted. Raises StartupRefused where it is not."""
    lost = restored.lost(signers, _beginnings(manifest)) if signers is not None else []
    if lost and not wish.accept_older:
        told = "\n".join(f"  {each}" for each in lost)
        raise StartupRefused(
            f"This backup is older than what the vault has signed:\n{told}\nLook for a newer backup. With "
            "--accept-older the loss is accepted, and written into each log for auditors to see. Nothing was changed."
        )
    return lost


# The database -------------------------------------------------------------------------------------------------------


async def _look(target: Target, wish: Wish) -> tuple[Tools, int]:
    """The tools for the server and its major version. Raises StartupRefused for a database that must be left alone."""
    raw = await asyncpg.connect(target.owner, timeout=10)
    try:
        _, major = await queries.server_version(raw)
        if login := unquote(urlsplit(target.app).username or ""):
            at_work = await queries.sessions_of(raw, login)
            if at_work:
                raise StartupRefused(
                    f"{login} is connected to the database ({at_work} connections). Stop the API and the relay first. "
                    "Nothing was changed."
                )
        await _refuse_what_is_there(raw, replace=wish.replace)
        return tools(major=major), major
    finally:
        await raw.close()


async def _refuse_what_is_there(raw: queries.Raw, *, replace: bool) -> None:
    tables = await queries.tables(raw)
    if not tables:
        return
    if "organisations" not in tables or "alembic_version" not in tables:
        raise StartupRefused(
            f"The database holds tables that are not Tillvault's ({', '.join(sorted(tables)[:5])}). Name an empty one. "
            "Nothing was changed."
        )
    there = await queries.organisations(raw)
    if there and not replace:
        logs = {log.tenant: log.size for log in await queries.logs(raw)}
        told = "\n".join(f"  {each.slug} ({each.name}), a log of {logs.get(each.slug, 0)} leaves" for each in there)
        raise StartupRefused(
            f"The database is not empty. With --replace this would be lost:\n{told}\nBack it up first. Nothing was "
            "changed."
        )


async def _finish(target: Target) -> None:
    raw = await asyncpg.connect(target.owner, timeout=10)
    try:
        # Without statistics the first reports would take minutes.
        await raw.execute("ANALYZE")
    finally:
        await raw.close()
    await refuse_powerful_role(target.app)


async def _tell_logs(
    target: Target,
    settings: Settings,
    signers: Signers,
    manifest: Manifest,
    given_up: list[Lost],
    reason: str | None,
) -> list[str]:
    """Bring keys and register together as a start does, write into each log that it was restored, sign the heads."""
    database = await Database.connect(target.app, settings, flush=events.flush)
    try:
        strangers = await key_rotation.settle(database, signers)
        await restored.record(
            database,
            signers,
            made_at=manifest.facts.taken_at,
            logs=_beginnings(manifest),
            given_up=given_up,
            reason=reason,
        )
        if not strangers:
            await key_commands.sign_heads(database, signers)
        return strangers
    finally:
        await database.close()
