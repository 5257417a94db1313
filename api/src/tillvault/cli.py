"""`tillvault`: the command line."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from tillvault import relay_command
from tillvault.backup import command as backup_commands
from tillvault.core import garbage, logging, migrate, secrets
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import EmbeddedPostgres
from tillvault.core.embedded_watch import watched
from tillvault.core.errors import AppError
from tillvault.deposits.exports import command as export_commands
from tillvault.identity import setup
from tillvault.identity.hashing import Hasher
from tillvault.identity.setup import Founded, Founding
from tillvault.vault import commands as vault_commands
from tillvault.vault import fsck_command, key_commands, keys

if TYPE_CHECKING:
    from fastapi import FastAPI

# The server, the API and the demo are loaded where they are needed alone: they make up more than half of a start, and
# most commands do without them.
app = typer.Typer(no_args_is_help=True, add_completion=False, help="Cash control for shops, and a vault for tickets.")
db_app = typer.Typer(no_args_is_help=True, help="The database.")
app.add_typer(db_app, name="db")

console = Console(stderr=True)


def complain(sentence: str) -> None:
    console.print(Text.assemble(("tillvault: ", "red"), sentence), soft_wrap=True)


@contextmanager
def refusals_as_exit() -> Generator[None]:
    """A refusal at start-up is a sentence and exit code 2, not a trace."""
    try:
        yield
    except ValidationError as error:
        for finding in error.errors():
            # The value stays untold: it may be a secret.
            complain(f"{'.'.join(map(str, finding['loc']))}: {finding['msg']}")
        raise typer.Exit(2) from error
    except (StartupRefused, AppError, OSError, asyncpg.PostgresError) as error:
        complain(str(error))
        raise typer.Exit(2) from error


@contextmanager
def running_server(settings: Settings, *, adopt: bool = False) -> Generator[EmbeddedPostgres | None]:
    """The embedded server, where there is one, for as long as the block lasts."""
    server = EmbeddedPostgres(settings.data_dir) if settings.embedded else None
    try:
        if server is not None:
            server.start(adopt=adopt)
        yield server
    finally:
        if server is not None:
            with undisturbed():
                server.stop()


@contextmanager
def running_database(settings: Settings, *, adopt: bool = False) -> Generator[str]:
    """The migrated database's address for the app's role; the embedded server runs as long as the block."""
    with running_server(settings, adopt=adopt) as server:
        dsn = migrate.prepare_database(settings, server)
        # A server that is ours alone has nobody else to start it again.
        with watched(server) if server is not None and adopt else nullcontext():
            yield dsn


app.add_typer(fsck_command.commands(running_database, refusals_as_exit), name="vault")
app.add_typer(key_commands.commands(running_database, refusals_as_exit), name="keys")
app.add_typer(export_commands.commands(running_database, refusals_as_exit), name="exports")


@contextmanager
def ended_by_signals() -> Generator[None]:
    """Ctrl-C and SIGTERM end the block as if it had come to its end, with exit code 0: a stop that was wanted.

    uvicorn takes the signals over while it serves, and raises them again when it has given them back.
    """
    before = {number: signal.signal(number, _exit) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit(_number: int, _frame: object) -> None:
    sys.exit(0)


@contextmanager
def undisturbed() -> Generator[None]:
    """A second Ctrl-C must not cut the stopping of the database short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listening(settings: Settings) -> socket.socket:
    """The socket that the API will serve, taken first: a port in use is found before a database is started.

    Raises StartupRefused.
    """
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        return socket.create_server(
            (str(address[0]), int(address[1])),
            family=family,
            backlog=2048,
            dualstack_ipv6=address[0] == "::" and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise StartupRefused(
            f"Cannot listen on {settings.host} port {settings.port}: {(error.strerror or str(error)).split(' (')[0]}. "
            "Set HOST and PORT to a free one."
        ) from error


def run_api(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal comes; the environment names the database."""
    import uvicorn  # noqa: PLC0415  (the other commands do without a server)
    from uvicorn.supervisors import Multiprocess  # noqa: PLC0415  (as above)

    config = uvicorn.Config(
        "tillvault.cli:app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        # Longer than proxies keep a connection, 60 s mostly: what they are about to use must not be closed by us.
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
        server_header=False,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if not server.started:
        raise StartupRefused("The API did not start; the log says why.")


def end_with_parent() -> None:
    """A worker whose parent was killed must not go on holding the port: it ends as if told to."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def app_from_environment() -> FastAPI:
    """What uvicorn's workers load."""
    end_with_parent()
    from tillvault.main import create_app  # noqa: PLC0415  (the other commands do without the API)

    settings = Settings()
    logging.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    garbage.look_less_often()
    return app


def look_around(dsn: str, settings: Settings, *, demo: bool) -> None:
    """Before serving: load the demo where it is wanted and there is room, and say where to look."""
    from tillvault import demo as demo_data  # noqa: PLC0415  (most commands do without it)

    if demo and not asyncio.run(demo_data.load(dsn, settings)):
        demo_data.refresh_base_url(settings)
    held = asyncio.run(demo_data.installation(dsn, settings))
    if held.organisations == 0:
        offer_first_run(settings)
    if held.demo_organisations:
        logging.log().warning("demo.data", organisations=held.demo_organisations)
    console.print(Text(demo_data.banner(settings, is_demo=held.demo_organisations > 0)), soft_wrap=True)


def offer_first_run(settings: Settings) -> None:
    """The code of the first-run page, told once; workers get it by the environment, as they get the database."""
    from tillvault.identity.first_run import service as first_run  # noqa: PLC0415  (needed here alone)

    if settings.setup_code is None:
        code = first_run.new_code()
        os.environ["TILLVAULT_SETUP_CODE"] = code
        logging.log().warning("setup.needed", page=f"{settings.public_url}/setup", code=code)


@app.command()
def serve(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="Load the demo data when the database is empty.")] = False,
) -> None:
    """Run the API; with no DATABASE_URL, on an embedded PostgreSQL that starts and ends with it."""
    with refusals_as_exit(), ended_by_signals():
        settings = Settings()
        logging.configure(settings.log_level, settings.log_format)
        # A key that cannot be used is a sentence here; from within the server it would be a trace.
        keys.load(settings)
        with listening(settings) as listener, running_database(settings, adopt=True) as dsn:
            os.environ["DATABASE_URL"] = dsn
            if settings.relay_in_server == "auto":
                os.environ["RELAY_IN_SERVER"] = "true" if settings.embedded else "false"
            look_around(dsn, settings, demo=demo)
            run_api(settings, listener)


@app.command("demo")
def load_demo() -> None:
    """Load the demo data into an empty database, and write demo.json into the data folder."""
    from tillvault import demo as demo_data  # noqa: PLC0415  (as above)

    with refusals_as_exit():
        settings = Settings()
        with running_database(settings) as dsn:
            if not asyncio.run(demo_data.load(dsn, settings)):
                raise StartupRefused("The database is not empty. Demo data can be loaded only into an empty one.")
        console.print(Text(f"The demo data is loaded. Who and how: {demo_data.file_of(settings)}"), soft_wrap=True)


@app.command()
def init(
    organisation: Annotated[str | None, typer.Option(help="Name of the organisation.")] = None,
    slug: Annotated[str | None, typer.Option(help="Its short name in logins. Default: made of its name.")] = None,
    branch: Annotated[str | None, typer.Option(help="Name of its first branch.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The branch's time zone, like Europe/Paris.")] = None,
    currency: Annotated[
        list[str] | None, typer.Option(help="A currency of the drawers; the first is the base. Repeatable.")
    ] = None,
    register: Annotated[str | None, typer.Option(help="Name of the first register.")] = None,
    admin_name: Annotated[str | None, typer.Option(help="Name of the first admin.")] = None,
    admin_username: Annotated[str | None, typer.Option(help="Username of the first admin.")] = None,
) -> None:
    """Set up a shop: organisation, first branch, register and admin. Prints what is needed to log in, once."""
    with refusals_as_exit():
        name = wanted("--organisation", organisation)
        founding = Founding(
            organisation=name,
            slug=slug or setup.slug_of(name),
            branch=wanted("--branch", branch),
            timezone=wanted("--timezone", timezone),
            currencies=tuple(code.upper() for code in currency or wanted("--currency", None).split()),
            register=wanted("--register", register),
            admin_name=wanted("--admin-name", admin_name),
            admin_username=wanted("--admin-username", admin_username).lower(),
        )
        settings = Settings()
        with running_database(settings) as dsn:
            founded = asyncio.run(found(dsn, settings, founding))
    typer.echo(
        f"Organisation  {founding.organisation} ({founding.slug})\n"
        f"Store code    {founded.store_code}\n"
        f"Register      {founding.register} ({founded.emission_point})\n"
        f"Admin         {founding.admin_name} ({founding.admin_username})\n"
        f"PIN           {founded.pin}\n"
        f"Password      {founded.password}\n"
        "PIN and password are shown this once."
    )


def wanted(option: str, given: str | None) -> str:
    """What an option says; asked for on a terminal, refused anywhere else. Raises StartupRefused."""
    if given is not None:
        return given.strip()
    if not sys.stdin.isatty():
        raise StartupRefused(f"The option {option} is missing.")
    return str(typer.prompt(option.removeprefix("--").replace("-", " ").capitalize(), err=True)).strip()


async def found(dsn: str, settings: Settings, founding: Founding) -> Founded:
    """Raises OrganisationSlugTaken."""
    from tillvault import demo as demo_data  # noqa: PLC0415  (as above)

    async with demo_data.connected(dsn, settings) as database, database.transaction(None) as db:
        return await setup.found(
            db, Hasher(settings.argon2_threads), pepper=secrets.pin_pepper(settings), founding=founding
        )


@db_app.command()
def upgrade() -> None:
    """Bring the schema up to date, as the owner (DATABASE_OWNER_URL, or the embedded server)."""
    with refusals_as_exit():
        settings = Settings()
        if not settings.embedded and settings.database_owner_url is None:
            raise StartupRefused("DATABASE_OWNER_URL is needed to change the schema.")
        with running_database(settings):
            console.print("The schema is up to date.")


@db_app.command()
def check() -> None:
    """Fail when tables.py and the migrations differ; tried on a database that is thrown away."""
    with refusals_as_exit(), tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        migrate.prepare_database(Settings(), server)
        migrate.check(server.dsn(migrate.OWNER_ROLE))
        console.print("The tables and the migrations agree.")


@app.command()
def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; default: standard output.")] = None,
) -> None:
    """Write the OpenAPI document. It does not depend on the settings."""
    from tillvault.reference import openapi_json  # noqa: PLC0415  (the other commands do without the API)

    if output is None:
        sys.stdout.write(openapi_json())
    else:
        output.write_text(openapi_json())


app.command("relay")(relay_command.command(running_database, refusals_as_exit, ended_by_signals))
app.command("verify")(vault_commands.verify)
backup_commands.add_to(app, running_server, refusals_as_exit, ended_by_signals)

if __name__ == "__main__":
    app()
