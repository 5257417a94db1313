"""`tillvault vault export`: a whole log as a file that `tillvault verify` checks without the vault."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tillvault.core import files
from tillvault.core.config import Settings
from tillvault.core.db import Database, StartupRefused, refuse_powerful_role
from tillvault.events import service as events
from tillvault.vault import fsck_queries, keys, service
from tillvault.vault.keys import Signers
from tillvault.vault.ledger import service as ledger

RunningDatabase = Callable[[Settings], AbstractContextManager[str]]


def add_to(
    group: typer.Typer, running_database: RunningDatabase, refusals_as_exit: Callable[[], AbstractContextManager[None]]
) -> None:
    """The command `export` of the group `vault`."""

    @group.command("export")
    def _export(
        *,
        organisation: Annotated[str, typer.Option(metavar="SLUG", help="Whose log.")],
        output: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: standard output.")] = None,
        force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    ) -> None:
        """Write a whole log, with every raw body, as `tillvault verify` reads it.

        Exit code 0: it is written, up to the signed head. 2: it could not be written; a file is whole or not there.
        """
        with refusals_as_exit():
            settings = Settings()
            if not keys.are_there(settings):
                raise StartupRefused(
                    f"The vault's keys are not in {settings.keys_folder}. Name their folder in TILLVAULT_KEYS_DIR."
                )
            with _target(output, force=force) as target, running_database(settings) as dsn:
                asyncio.run(_write(dsn, settings, keys.load(settings), organisation, target))


@contextmanager
def _target(output: Path | None, *, force: bool) -> Generator[BinaryIO]:
    """Where to write. A file gets its name when it is whole. Raises StartupRefused for one that is there."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with files.whole(output, replace=force) as file:
        yield file


async def _write(dsn: str, settings: Settings, signers: Signers, tenant: str, target: BinaryIO) -> None:
    """Raises StartupRefused for an organisation without a log, VaultUnavailable for a head that must not be signed."""
    await refuse_powerful_role(dsn)
    database = await Database.connect(dsn, settings, flush=events.flush)
    try:
        async with database.transaction(None) as db:
            found = [row["organisation_id"] for row in await fsck_queries.logs(db) if row["tenant"] == tenant]
        if not found:
            raise StartupRefused(f"There is no log of {tenant!r}.")
        async with database.transaction(found[0]) as db:
            signed = await service.checkpoint(db, signers)
        with _progress() as progress:
            task = progress.add_task(tenant, total=signed.checkpoint.size)
            async for lines in ledger.export(database, found[0], signers, signed):
                target.write(lines)
                progress.advance(task, lines.count(b"\n"))
            # The first line is the header.
            progress.update(task, completed=signed.checkpoint.size)
    finally:
        await database.close()


def _progress() -> Progress:
    """On a terminal's standard error alone, so that standard output is the export and nothing else."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
