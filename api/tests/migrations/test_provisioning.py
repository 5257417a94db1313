"""`tillvault db upgrade` on a PostgreSQL that knows nothing of us, as an owner who may or may not make roles."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.machinery import execute, query
from tillvault.core import migrate
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import EmbeddedPostgres


@pytest.fixture
def database(superuser_dsn: str) -> str:
    name = f"given_{uuid4().hex[:8]}"
    execute(superuser_dsn, f"CREATE ROLE {name} LOGIN CREATEROLE; ")
    execute(superuser_dsn, f"CREATE DATABASE {name} OWNER {name}")
    execute(superuser_dsn, f"GRANT {migrate.APP_ROLE} TO {name} WITH ADMIN OPTION")
    return name


def test_an_owner_who_may_make_roles_makes_the_apps_login_with_its_password(
    server: EmbeddedPostgres, superuser_dsn: str, database: str
) -> None:
    login = f"{database}_app"
    app_dsn = server.dsn(login, database).replace("@", ":it's%20a%20secret@", 1)
    settings = Settings.model_validate({"database_url": app_dsn, "database_owner_url": server.dsn(database, database)})

    migrate.prepare_database(settings, None)
    migrate.prepare_database(settings, None)

    (role,) = query(
        superuser_dsn, "SELECT rolpassword, rolsuper, rolbypassrls FROM pg_authid WHERE rolname = $1", login
    )
    assert str(role["rolpassword"]).startswith("SCRAM-SHA-256$")
    assert not role["rolsuper"]
    assert not role["rolbypassrls"]
    assert asyncio.run(migrate.is_current(app_dsn))


def test_an_owner_who_may_not_is_told_the_statements_to_run(
    server: EmbeddedPostgres, superuser_dsn: str, database: str
) -> None:
    execute(superuser_dsn, f"ALTER ROLE {database} NOCREATEROLE")
    settings = Settings.model_validate(
        {
            "database_url": server.dsn(f"{database}_app", database),
            "database_owner_url": server.dsn(database, database),
        }
    )

    with pytest.raises(StartupRefused, match="CREATE ROLE <app login> LOGIN PASSWORD"):
        migrate.prepare_database(settings, None)


def test_the_owner_itself_is_refused_as_the_apps_role(server: EmbeddedPostgres, database: str) -> None:
    dsn = server.dsn(database, database)
    settings = Settings.model_validate({"database_url": dsn, "database_owner_url": dsn})

    with pytest.raises(StartupRefused, match="owns tables"):
        migrate.prepare_database(settings, None)
