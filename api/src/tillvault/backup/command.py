"""`tillvault backup` and `tillvault restore`: the commands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from tillvault.backup import making, restoring
from tillvault.backup.manifest import Manifest
from tillvault.backup.restoring import Restored, Target, Wish
from tillvault.backup.tables import Progress as Bytes
from tillvault.core import files, migrate
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import APP_LOGIN, DATABASE, OWNER_ROLE, EmbeddedPostgres
from tillvault.vault import fsck_command
from tillvault.vault.restored import REASON_MAX

Ending = Callable[[], AbstractContextManager[None]]


class RunningServer(Protocol):
    """The embedded server, where there is one, for as long as a block lasts."""

    def __call__(
        self, settings: Settings, *, adopt: bool = False
    ) -> AbstractContextManager[EmbeddedPostgres | None]: ...


def add_to(app: typer.Typer, running_server: RunningServer, refusals_as_exit: Ending, ended_by_signals: Ending) -> None:
    """The two commands. How a server is had and a refusal is told, the command line knows."""
    _add_backup(app, running_server, refusals_as_exit, ended_by_signals)
    _add_restore(app, running_server, refusals_as_exit, ended_by_signals)


def _add_backup(
    app: typer.Typer, running_server: RunningServer, refusals_as_exit: Ending, ended_by_signals: Ending
) -> None:
    @app.command("backup")
    def _backup(
        file: Annotated[
            Path | None,
            typer.Argument(metavar="[FILE]", help="File, or folder for one named by the time. Default: here."),
        ] = None,
        *,
        force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
        with_keys: Annotated[
            bool, typer.Option("--with-keys", help="Put the private keys into the file too. Read the warning.")
        ] = False,
    ) -> None:
        """Write the whole database into one file, while the API goes on.

        The keys folder is not in it: back it up apart. Exit code 0: the file is whole. 2: there is none.
        """
        with refusals_as_exit(), ended_by_signals():
            settings = Settings()
            if settings.embedded and not EmbeddedPostgres(settings.data_dir).is_made:
                raise StartupRefused(f"There is nothing to back up: there is no database in {settings.data_dir}.")
            path = _named(file)
            with (
                files.whole(path, replace=force) as out,
                running_server(settings) as server,
                _shown("Backing up") as progress,
            ):
                manifest = making.back_up(
                    _reader(settings, server), out, settings=settings, with_keys=with_keys, progress=progress
                )
        _tell_backup(path, manifest, settings)


def _add_restore(
    app: typer.Typer, running_server: RunningServer, refusals_as_exit: Ending, ended_by_signals: Ending
) -> None:
    @app.command("restore")
    def _restore(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="What `tillvault backup` has written.")],
        *,
        replace: Annotated[bool, typer.Option("--replace", help="Delete what the database holds.")] = False,
        accept_older: Annotated[
            bool, typer.Option("--accept-older", help="Accept that leaves which were signed are lost.")
        ] = False,
        reason: Annotated[str | None, typer.Option(help="Why; it is written into every log, for ever.")] = None,
        with_keys: Annotated[
            bool, typer.Option("--with-keys", help="Put the backup's keys into the keys folder.")
        ] = False,
        without_keys: Annotated[
            bool, typer.Option("--without-keys", help="Compare nothing with what was signed; to try a backup out.")
        ] = False,
    ) -> None:
        """Restore a backup into an empty database, then check every log.

        Stop the API and the relay first. Exit code 0: restored, and all logs hold. 1: restored, but a log is broken.
        2: not restored; the sentence says why.
        """
        if reason is not None and not (reason.isprintable() and 0 < len(reason.strip()) <= REASON_MAX):
            raise typer.BadParameter(f"must have 1 to {REASON_MAX} printable characters", param_hint="--reason")
        if with_keys and without_keys:
            raise typer.BadParameter("is the contrary of --with-keys", param_hint="--without-keys")
        wish = Wish(
            path=file,
            replace=replace,
            accept_older=accept_older,
            reason=reason.strip() if reason else None,
            with_keys=with_keys,
            without_keys=without_keys,
            jobs=len(os.sched_getaffinity(0)),
        )
        with refusals_as_exit(), ended_by_signals():
            settings = Settings()
            if not file.is_file():
                raise StartupRefused(f"There is no file {file}.")
            with running_server(settings, adopt=True) as server:
                restored = restoring.restore(_target(settings, server), settings, wish, _shown)
        _tell_restored(restored, settings)
        if not restored.holds:
            raise typer.Exit(1)


def _named(file: Path | None) -> Path:
    name = f"tillvault-{utc_now():%Y%m%dT%H%M%SZ}.backup"
    if file is None or file.is_dir():
        return (file or Path()) / name
    return file


def _reader(settings: Settings, server: EmbeddedPostgres | None) -> str:
    """The address of a role that sees every row. Raises StartupRefused."""
    if server is not None:
        return server.dsn()
    for given in (settings.database_backup_url, settings.database_owner_url):
        if given is not None:
            return given.get_secret_value()
    raise StartupRefused(
        "DATABASE_BACKUP_URL is needed: the address of a role that may read every row. The app's role may not."
    )


def _target(settings: Settings, server: EmbeddedPostgres | None) -> Target:
    """Where to restore, with the roles in place. Raises StartupRefused."""
    if server is not None:
        asyncio.run(migrate.prepare_embedded(server))
        return Target(owner=server.dsn(OWNER_ROLE), app=server.dsn(APP_LOGIN, DATABASE))
    assert settings.database_url is not None  # noqa: S101  (no server means a DATABASE_URL)
    if settings.database_owner_url is None:
        raise StartupRefused("DATABASE_OWNER_URL is needed to restore: the address of the owner of the tables.")
    owner, app = settings.database_owner_url.get_secret_value(), settings.database_url.get_secret_value()
    asyncio.run(migrate.provision(owner, app))
    return Target(owner=owner, app=app)


# What is told -------------------------------------------------------------------------------------------------------


@contextmanager
def _shown(name: str) -> Generator[Bytes]:
    """The progress of a step, on standard error."""
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
        # Tables are counted when they begin; the last one is done too.
        total = progress.tasks[0].total or 1
        progress.update(task, completed=total, total=total)


def _tell_backup(path: Path, manifest: Manifest, settings: Settings) -> None:
    size = path.stat().st_size
    typer.echo(f"{path}: {size:,} bytes, as of {manifest.facts.taken_at}")
    _tell_logs(manifest)
    console = Console(stderr=True)
    if manifest.holds_keys:
        console.print(
            Text.assemble(
                ("This file holds the private keys and secrets. ", "red"),
                "Whoever has it can sign in the vault's name and find out every PIN. Keep it as you keep the keys "
                "folder, not where other backups go.",
            ),
            soft_wrap=True,
        )
    else:
        console.print(
            f"The keys are not in it. Back up {settings.keys_folder} apart: without it no PIN works and the vault "
            "signs nothing.",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )


def _tell_logs(manifest: Manifest) -> None:
    for organisation in manifest.facts.organisations:
        log = manifest.log_of(organisation.slug)
        told = f"{log.size} leaves, root {log.root}" if log else "no log yet"
        typer.echo(f"  {organisation.slug}: {told}")


def _tell_restored(restored: Restored, settings: Settings) -> None:
    manifest = restored.manifest
    typer.echo(f"Restored as of {manifest.facts.taken_at}, made by Tillvault {manifest.version}:")
    _tell_logs(manifest)
    for lost in restored.given_up:
        typer.echo(
            f"Given up: index {lost.size} to {lost.known.checkpoint.size - 1} of {lost.tenant}. The log says so from "
            "now on; auditors who hold a later checkpoint will ask."
        )
    fsck_command.tell(restored.findings)
    console = Console(stderr=True)
    if restored.strangers:
        console.print(
            f"The keys in {settings.keys_folder} are not those that sign in this backup: they were rotated after it. "
            "Run `tillvault keys rotate --lost` before you serve, or tickets are refused.",
            soft_wrap=True,
            markup=False,
        )
    if restored.missing:
        console.print(
            f"Not in {settings.keys_folder}: {', '.join(restored.missing)}. Bring them back before you serve: new ones "
            "would be made, and what depends on the old ones would work no more.",
            soft_wrap=True,
            markup=False,
        )
