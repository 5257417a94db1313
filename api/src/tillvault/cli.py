"""`tillvault`: the command line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from tillvault.core import logging, migrate
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import EmbeddedPostgres
from tillvault.core.jsontext import dumps

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cash control for shops, and a vault for tickets.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db_app, name="db")

console = Console(stderr=True)


@contextmanager
def refusals_as_exit() -> Iterator[None]:
    """A refusal at start-up is a sentence and exit code 2, not a trace."""
    try:
        yield
    except (StartupRefused, OSError) as error:
        console.print(f"[red]tillvault:[/red] {error}", highlight=False)
        raise typer.Exit(2) from error


@contextmanager
def running_database(settings: Settings, *, adopt: bool = False) -> Iterator[str]:
    """The migrated database's address for the app's role; the embedded server runs as long as the block."""
    server = EmbeddedPostgres(settings.data_dir) if settings.embedded else None
    try:
        if server is not None:
            server.start()
            if adopt:
                server.adopt()
        yield migrate.prepare_database(settings, server)
    finally:
        if server is not None:
            server.stop()


def app_from_environment() -> FastAPI:
    """What uvicorn's workers load."""
    from tillvault.main import create_app  # noqa: PLC0415  (the other commands do without the API)

    settings = Settings()
    logging.configure(settings.log_level, settings.log_format)
    return create_app(settings)


@app.command()
def serve() -> None:
    """Run the API; with no DATABASE_URL, on an embedded PostgreSQL that starts and ends with it."""
    settings = Settings()
    logging.configure(settings.log_level, settings.log_format)
    # Until uvicorn takes the signals over, and after it has given them back, SIGTERM must still reach `finally`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with refusals_as_exit(), running_database(settings, adopt=True) as dsn:
        os.environ["DATABASE_URL"] = dsn
        uvicorn.run(
            "tillvault.cli:app_from_environment",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers if settings.workers > 1 else None,
            loop="uvloop",
            http="httptools",
            log_config=None,
            access_log=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_graceful_shutdown=20,
            server_header=False,
        )


@db_app.command()
def upgrade() -> None:
    """Bring the schema up to date, as the owner (DATABASE_OWNER_URL, or the embedded server)."""
    settings = Settings()
    if not settings.embedded and settings.database_owner_url is None:
        console.print("[red]tillvault:[/red] DATABASE_OWNER_URL is needed to change the schema.")
        raise typer.Exit(2)
    with refusals_as_exit(), running_database(settings):
        console.print("The schema is up to date.")


@db_app.command()
def check() -> None:
    """Fail when tables.py and the migrations differ."""
    settings = Settings()
    with refusals_as_exit(), EmbeddedPostgres(settings.data_dir) as server:
        migrate.prepare_database(settings, server)
        migrate.check(server.dsn(migrate.OWNER_ROLE))


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; default: standard output.")] = None,
) -> None:
    """Write the OpenAPI document."""
    from tillvault.core.http.openapi import document  # noqa: PLC0415  (as above)
    from tillvault.main import create_app  # noqa: PLC0415

    import orjson  # noqa: PLC0415

    text = orjson.dumps(orjson.loads(dumps(document(create_app(Settings())))), option=orjson.OPT_INDENT_2) + b"\n"
    if output is None:
        sys.stdout.buffer.write(text)
    else:
        output.write_bytes(text)


if __name__ == "__main__":
    app()
