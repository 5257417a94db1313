"""Roles, database and migrations. Runs as the owner; the app's own role can do none of this."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused, refuse_powerful_role
from tillvault.core.embedded import APP_LOGIN, DATABASE, OWNER_ROLE, EmbeddedPostgres

APP_ROLE = "tillvault_app"
_API_FOLDER = Path(__file__).resolve().parents[3]


async def prepare_embedded(server: EmbeddedPostgres) -> None:
    """Roles and database of the embedded server, as a production installation has them."""
    raw = await asyncpg.connect(server.dsn(database="postgres"))
    try:
        for role in (OWNER_ROLE, APP_LOGIN):
            await _create_role(raw, role, "LOGIN NOSUPERUSER NOBYPASSRLS")
        await _create_role(raw, APP_ROLE, "NOLOGIN NOSUPERUSER NOBYPASSRLS")
        await raw.execute(f'GRANT "{APP_ROLE}" TO "{APP_LOGIN}"')
        if not await raw.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", DATABASE):
            await raw.execute(f'CREATE DATABASE "{DATABASE}" OWNER "{OWNER_ROLE}"')
    finally:
        await raw.close()


async def provision(owner_dsn: str, app_dsn: str | None) -> None:
    """Make the app's role, and the login that DATABASE_URL names, where they are missing.

    Raises StartupRefused with the statements to run when the owner may not create roles.
    """
    raw = await asyncpg.connect(owner_dsn, timeout=10)
    try:
        await _create_role(raw, APP_ROLE, "NOLOGIN NOSUPERUSER NOBYPASSRLS")
        parts = urlsplit(app_dsn or "")
        if parts.username and unquote(parts.username) != await raw.fetchval("SELECT current_user"):
            login = unquote(parts.username)
            await _create_role(raw, login, "LOGIN NOSUPERUSER NOBYPASSRLS", unquote(parts.password or ""))
            is_member = await raw.fetchval("SELECT pg_has_role($1::name, $2::name, 'MEMBER')", login, APP_ROLE)
            if not is_member:
                await raw.execute(f'GRANT "{APP_ROLE}" TO {await _quoted(raw, login)}')
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartupRefused(
            "DATABASE_OWNER_URL may not create roles. Run as a superuser: "
            f"CREATE ROLE {APP_ROLE} NOLOGIN; CREATE ROLE <app login> LOGIN PASSWORD '…'; "
            f"GRANT {APP_ROLE} TO <app login>;"
        ) from error
    finally:
        await raw.close()


async def _quoted(raw: asyncpg.Connection, name: str) -> str:
    return str(await raw.fetchval("SELECT quote_ident($1)", name))


async def _create_role(raw: asyncpg.Connection, name: str, options: str, password: str = "") -> None:
    if await raw.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name):
        return
    # CREATE ROLE takes no parameters; the server quotes the name and the password itself.
    secret = f" PASSWORD {await raw.fetchval('SELECT quote_literal($1::text)', password)}" if password else ""
    try:
        await raw.execute(f"CREATE ROLE {await _quoted(raw, name)} {options}{secret}")
    except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # Another process was quicker.


async def is_current(dsn: str) -> bool:
    """Whether the schema is the one that this version was written for. Works as any role."""
    raw = await asyncpg.connect(dsn, timeout=10)
    try:
        if not await raw.fetchval("SELECT to_regclass('public.alembic_version') IS NOT NULL"):
            return False
        return await raw.fetchval("SELECT version_num FROM alembic_version") == head()
    except asyncpg.InsufficientPrivilegeError:
        return False  # A role that may not even read the version was not made by `tillvault db upgrade`.
    finally:
        await raw.close()


def head() -> str:
    """The newest revision. Read from the file names' declarations, so that a start need not load Alembic."""
    declared = dict(_revisions())
    heads = set(declared) - {down for down in declared.values() if down}
    if len(heads) != 1:
        raise StartupRefused(f"The migrations have {len(heads)} heads, not one.")
    return heads.pop()


def revisions() -> frozenset[str]:
    """Every revision that this version knows, from the first to the newest."""
    return frozenset(revision for revision, _ in _revisions())


def _revisions() -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = []
    for file in sorted((_API_FOLDER / "migrations" / "versions").glob("*.py")):
        values: dict[str, str | None] = {}
        for line in file.read_text().splitlines():
            name, _, value = line.partition(" = ")
            if name in {"revision", "down_revision"}:
                values[name] = value.strip("\"'") if value != "None" else None
        found.append((str(values["revision"]), values.get("down_revision")))
    return found


def upgrade(dsn: str) -> None:
    """Bring the schema to the newest revision, as the owner."""
    from alembic import command  # noqa: PLC0415  (Alembic is needed here alone and costs a start 0.3 s)
    from alembic.config import Config  # noqa: PLC0415

    config = Config(str(_API_FOLDER / "alembic.ini"))
    config.attributes["dsn"] = dsn
    command.upgrade(config, "head")


def check(dsn: str) -> None:
    """Compare the tables in `tables.py` with those of the migrations. Raises StartupRefused when they differ."""
    from alembic import command  # noqa: PLC0415  (as above)
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(str(_API_FOLDER / "alembic.ini"))
    config.attributes["dsn"] = dsn
    try:
        command.check(config)
    except CommandError as error:
        raise StartupRefused(f"The tables and the migrations differ: {error}") from error


def prepare_database(settings: Settings, server: EmbeddedPostgres | None) -> str:
    """Bring the database up to date and give the address for the app's role.

    With the embedded server everything is made. With DATABASE_URL the owner's address is needed to migrate; without it
    an outdated schema is refused. Raises StartupRefused.
    """
    if server is not None:
        dsn = server.dsn(APP_LOGIN)
        asyncio.run(prepare_embedded(server))
        if not asyncio.run(is_current(server.dsn(OWNER_ROLE))):
            upgrade(server.dsn(OWNER_ROLE))
        return dsn
    assert settings.database_url is not None  # noqa: S101  (no server means a DATABASE_URL)
    dsn = settings.database_url.get_secret_value()
    if settings.database_owner_url is not None:
        owner_dsn = settings.database_owner_url.get_secret_value()
        with _as_sentence("DATABASE_OWNER_URL"):
            asyncio.run(provision(owner_dsn, dsn))
            if not asyncio.run(is_current(owner_dsn)):
                upgrade(owner_dsn)
    with _as_sentence("DATABASE_URL"):
        asyncio.run(refuse_powerful_role(dsn))
        if not asyncio.run(is_current(dsn)):
            raise StartupRefused(
                "The schema of the database is not the one of this version. Run `tillvault db upgrade` with "
                "DATABASE_OWNER_URL, the address as the owner of the tables."
            )
    return dsn


@contextmanager
def _as_sentence(variable: str) -> Generator[None]:
    """What a database says that cannot be reached or does not let us in, under the name of the setting to look at."""
    try:
        yield
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StartupRefused(f"{variable}: {error or 'the database does not answer'}") from error
