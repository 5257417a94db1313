"""`tillvault vault fsck`: the command."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from tillvault.core.config import Settings
from tillvault.core.db import Database, StartupRefused, refuse_powerful_role
from tillvault.events import service as events
from tillvault.vault import checkpoints, checks, export_command, fsck, fsck_queries, key_following, keys
from tillvault.vault.entries import Broken
from tillvault.vault.fsck import Finding
from tillvault.vault.fsck_units import Processes
from tillvault.vault.keys import Signers
from tillvault.vault.notes import Checkpoint

RunningDatabase = Callable[[Settings], AbstractContextManager[str]]
_STATEMENT_TIMEOUT_MS = 3_600_000
"""A check of a large log counts its tiles and tickets: slower than any request may be."""


def commands(
    running_database: RunningDatabase, refusals_as_exit: Callable[[], AbstractContextManager[None]]
) -> typer.Typer:
    """The group `vault`. How a database is had and a refusal is told, the command line knows."""
    group = typer.Typer(no_args_is_help=True, help="The ticket vault.")

    @group.callback()
    def _vault() -> None:
        """The ticket vault."""

    @group.command("fsck")
    def _fsck(
        *,
        tenant: Annotated[str | None, typer.Option(help="Only the log of this organisation.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
        signatures: Annotated[
            bool, typer.Option(" /--no-signatures", help="Leave out what takes longest: evidence and checkpoints.")
        ] = True,
        jobs: Annotated[int | None, typer.Option(min=1, help="Processes; by default one for each core.")] = None,
    ) -> None:
        """Recompute every leaf from the raw bytes, the chain, the tree, every evidence and checkpoint.

        Exit code 0: everything holds. 1: something is wrong, at the index that is named. 2: it could not be checked.
        """
        with refusals_as_exit():
            settings = Settings()
            signers = keys_of(settings, needed=signatures)
            with running_database(settings) as dsn:
                found = asyncio.run(
                    check(
                        dsn,
                        settings,
                        tenant=tenant,
                        signers=signers,
                        signatures=signatures,
                        jobs=jobs or len(os.sched_getaffinity(0)),
                        quiet=as_json,
                    )
                )
        tell(found, as_json=as_json)
        if not all(finding.holds for finding in found):
            raise typer.Exit(1)

    export_command.add_to(group, running_database, refusals_as_exit)
    return group


def keys_of(settings: Settings, *, needed: bool) -> Signers | None:
    """The vault's keys; never made here, for new keys could verify nothing. Raises StartupRefused."""
    if keys.are_there(settings):
        return keys.load(settings)
    if needed:
        raise StartupRefused(
            f"The vault's keys are not in {settings.keys_folder}. Name their folder in TILLVAULT_KEYS_DIR, or check "
            "without them: --no-signatures."
        )
    return None


async def check(
    dsn: str,
    settings: Settings,
    *,
    tenant: str | None,
    signers: Signers | None,
    signatures: bool,
    jobs: int = 1,
    quiet: bool = True,
) -> list[Finding]:
    """The findings of all logs, or of one. Raises StartupRefused for a tenant without a log."""
    await refuse_powerful_role(dsn)
    patient = settings.model_copy(update={"database_statement_timeout_ms": _STATEMENT_TIMEOUT_MS})
    units = Processes(dsn=dsn, settings=patient, jobs=jobs)
    database = await Database.connect(dsn, patient, flush=events.flush)
    try:
        async with database.transaction(None) as db:
            if signers is not None:
                await key_following.follow(db, signers)
            logs = [row for row in await fsck_queries.logs(db) if tenant in {None, row["tenant"]}]
        found = _lost(signers, {log["tenant"] for log in logs}, tenant=tenant)
        if tenant is not None and not logs and not found:
            raise StartupRefused(f"There is no log of {tenant!r}.")
        with _progress(quiet=quiet) as progress:
            for log in logs:
                task = progress.add_task(log["tenant"], total=None)
                try:
                    # Before the snapshot: whatever the file says is in it.
                    kept = _kept(signers, log["tenant"])
                except Broken as broken:
                    finding = Finding(tenant=log["tenant"], size=0, reason=broken.reason)
                else:
                    async with database.transaction(log["organisation_id"]) as db:
                        finding = await fsck.check_log(
                            db,
                            tenant=log["tenant"],
                            keys=signers.public_keys if signers and signatures else None,
                            kept=kept,
                            units=units,
                            progress=lambda done, total, task=task: progress.update(task, completed=done, total=total),
                        )
                found.append(finding)
                is_full = signers is not None and signatures
                await checks.keep(database, log["organisation_id"], finding, with_signatures=is_full)
        return found
    finally:
        await database.close()


def _lost(signers: Signers | None, tenants: set[str], *, tenant: str | None) -> list[Finding]:
    """Logs of which a checkpoint is kept beside the keys, and nothing in the database: no leaf could tell of it.
    `tenants` have a log."""
    kept = checkpoints.tenants_in_files(signers) if signers is not None else []
    reason = "there is no log in the database, but a checkpoint of it in the keys folder: the log was deleted"
    lost = [name for name in kept if name not in tenants and tenant in {None, name}]
    return [Finding(tenant=name, size=0, index=0, reason=reason) for name in lost]


def _kept(signers: Signers | None, tenant: str) -> Checkpoint | None:
    """What the file beside the keys says. Raises Broken."""
    if signers is None:
        return None
    try:
        known = checkpoints.kept_in_file(signers, signers.origin_of(tenant))
    except checkpoints.HeadRefused as refused:
        raise Broken(refused.found) from refused
    return known.checkpoint if known else None


def _progress(*, quiet: bool) -> Progress:
    """On standard error, so that what is found can be piped."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=quiet,
    )


def tell(found: list[Finding], *, as_json: bool = False) -> None:
    """Print what was found."""
    if as_json:
        logs = [
            {
                "tenant": finding.tenant,
                "holds": finding.holds,
                "size": finding.size,
                "root": finding.root,
                "index": finding.index,
                "reason": finding.reason,
                "seconds": round(finding.seconds, 3),
            }
            for finding in found
        ]
        typer.echo(json.dumps({"holds": all(finding.holds for finding in found), "logs": logs}))
        return
    console = Console(highlight=False)
    for finding in found:
        if finding.holds:
            rate = f"{finding.size / finding.seconds:,.0f} a second" if finding.seconds else "none"
            told = Text.assemble(("holds   ", "green"), f"{finding.tenant}: {finding.size} leaves, {rate}")
        else:
            where = f"index {finding.index}: " if finding.index is not None else ""
            told = Text.assemble(("BROKEN  ", "red"), f"{finding.tenant}: {where}{finding.reason}")
        console.print(told, soft_wrap=True)
    if not found:
        console.print("There is no log yet.")
