"""`tillvault exports`: the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import typer

from tillvault.core import logging
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.deposits.exports.runner import Ran, exporter_of
from tillvault.events import service as events

RunningDatabase = Callable[[Settings], AbstractContextManager[str]]


def commands(
    running_database: RunningDatabase, refusals_as_exit: Callable[[], AbstractContextManager[None]]
) -> typer.Typer:
    """The commands, given how a database is had and how a refusal is told."""
    app = typer.Typer(no_args_is_help=True, help="Scheduled exports to eco-organisms.")

    @app.callback()
    def exports() -> None:
        """Scheduled exports to eco-organisms. The relay sends them by itself."""

    @app.command()
    def run() -> None:
        """Send everything that is due now, once. Exit code 1 when an attempt failed; it is tried again later."""
        with refusals_as_exit():
            settings = Settings()
            logging.configure(settings.log_level, settings.log_format)
            with running_database(settings) as dsn:
                ran = asyncio.run(_run(dsn, settings))
        typer.echo(f"{ran.attempts} attempts, {ran.failures} failed.")
        raise typer.Exit(1 if ran.failures else 0)

    return app


async def _run(dsn: str, settings: Settings) -> Ran:
    database = await Database.connect(dsn, settings, flush=events.flush)
    exporter = exporter_of(settings, database)
    try:
        return await exporter.run_due()
    finally:
        await exporter.close()
        await database.close()
