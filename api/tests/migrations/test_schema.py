"""The schema as PostgreSQL has it: every row belongs to an organisation (decision 4), what is told stays told."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from tests.machinery import execute, query
from tests.support import Shops
from tillvault.core import migrate
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres

APPEND_ONLY = (
    "audit_log",
    "cash_counts",
    "cash_session_floats",
    "vault_checkpoints",
    "vault_checks",
    "vault_leaves",
    "vault_tickets",
    "vault_tiles",
    "z_reports",
    "sales",
    "sale_lines",
    "sale_payments",
    "receipt_prints",
    "deposits",
    "deposit_decisions",
)

_TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS is_enabled, c.relforcerowsecurity AS is_forced,
       EXISTS (SELECT FROM pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped) AS has_organisation
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""

_KEYS = """
SELECT c.relname AS table_name, i.relname AS key_name, a.attname AS first_column
FROM pg_index x
JOIN pg_class c ON c.oid = x.indrelid
JOIN pg_class i ON i.oid = x.indexrelid
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
WHERE c.relnamespace = 'public'::regnamespace AND (x.indisunique OR x.indisprimary)
UNION ALL
SELECT c.relname, k.conname, a.attname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
WHERE c.relnamespace = 'public'::regnamespace AND k.contype IN ('f', 'u', 'p')
"""


@pytest.fixture(scope="module")
def organisation_tables(owner_dsn: str) -> set[str]:
    """Every table with an organisation_id."""
    found = {row["name"] for row in query(owner_dsn, _TABLES) if row["has_organisation"]}
    assert len(found) >= 14
    return found


def test_an_empty_database_gets_the_whole_schema_and_a_second_run_changes_nothing(
    superuser_dsn: str, server: EmbeddedPostgres
) -> None:
    name = f"fresh_{uuid4().hex[:8]}"
    execute(superuser_dsn, f"CREATE DATABASE {name} OWNER {OWNER_ROLE}")
    dsn = server.dsn(OWNER_ROLE, name)
    assert not asyncio.run(migrate.is_current(dsn))

    migrate.upgrade(dsn)
    migrate.upgrade(dsn)

    assert asyncio.run(migrate.is_current(dsn))
    assert asyncio.run(migrate.is_current(server.dsn(APP_LOGIN, name)))
    migrate.check(dsn)


def test_the_tables_and_the_migrations_agree(owner_dsn: str) -> None:
    migrate.check(owner_dsn)


def test_row_level_security_is_enabled_and_forced_on_every_table_with_an_organisation(
    owner_dsn: str, organisation_tables: set[str]
) -> None:
    tables = query(owner_dsn, _TABLES)

    bare = [row["name"] for row in tables if row["has_organisation"] and not (row["is_enabled"] and row["is_forced"])]
    without = {row["name"] for row in tables} - organisation_tables

    assert bare == []
    assert without == {"alembic_version", "organisations", "store_codes", "vault_keys"}
    (organisations,) = [row for row in tables if row["name"] == "organisations"]
    assert organisations["is_enabled"]
    assert organisations["is_forced"]


def test_every_key_starts_with_the_organisation(owner_dsn: str, organisation_tables: set[str]) -> None:
    keys = [row for row in query(owner_dsn, _KEYS) if row["table_name"] in organisation_tables]

    wrong = [(row["table_name"], row["key_name"]) for row in keys if row["first_column"] != "organisation_id"]

    assert len(keys) > len(organisation_tables)
    assert wrong == []


def test_every_policy_asks_for_the_organisation_of_the_transaction(
    owner_dsn: str, organisation_tables: set[str]
) -> None:
    policies = query(owner_dsn, "SELECT tablename, policyname, roles, qual, with_check FROM pg_policies")

    for row in policies:
        if row["policyname"] == "organisation_only":
            assert "app.organisation_id" in row["qual"], row
            assert "app.organisation_id" in row["with_check"], row
        else:
            assert (row["policyname"], row["roles"]) == ("directory", [OWNER_ROLE]), row
    assert {row["tablename"] for row in policies if row["policyname"] == "organisation_only"} >= organisation_tables


def test_the_apps_role_is_neither_owner_nor_superuser_nor_beyond_row_level_security(settings: Settings) -> None:
    assert settings.database_url is not None
    (row,) = query(
        settings.database_url.get_secret_value(),
        """
        SELECT current_user AS name, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb,
               (SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'MEMBER')) AS owned,
               (SELECT count(*) FROM pg_proc WHERE pg_has_role(current_user, proowner, 'MEMBER')) AS owned_functions,
               has_schema_privilege('public', 'CREATE') AS may_create
        FROM pg_roles r WHERE r.rolname = current_user
        """,
    )

    assert row["name"] == APP_LOGIN
    assert not any(row[name] for name in row.keys() if name != "name"), dict(row)  # noqa: SIM118  (a Record is no dict)


def test_without_an_organisation_the_app_reads_no_row_of_any_table(
    settings: Settings, superuser_dsn: str, organisation_tables: set[str], shops: Shops
) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    till.ok(till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 1}}), 201)
    assert settings.database_url is not None
    app_dsn = settings.database_url.get_secret_value()

    there, seen = 0, 0
    for table in sorted(organisation_tables | {"organisations"}):
        there += query(superuser_dsn, f"SELECT count(*) AS n FROM {table}")[0]["n"]
        seen += query(app_dsn, f"SELECT count(*) AS n FROM {table}")[0]["n"]

    assert there > 10
    assert seen == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        query(app_dsn, "SELECT * FROM store_codes")


def test_the_owner_of_these_tests_is_refused_what_it_would_not_see(owner_dsn: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        query(owner_dsn, "SELECT count(*) FROM cash_sessions")


def test_a_row_of_another_organisation_cannot_be_written(settings: Settings, shops: Shops) -> None:
    one, two = shops.make(registers=1), shops.make(registers=1)
    assert settings.database_url is not None
    app_dsn = settings.database_url.get_secret_value()

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        execute(
            app_dsn,
            f"""
            BEGIN; SET LOCAL app.organisation_id = '{one.id}';
            INSERT INTO registers (organisation_id, id, branch_id, name, emission_point, is_active, created_at,
                                   updated_at)
            VALUES ('{two.id}', '{uuid4()}', '{two.branches[0].id}', 'x', '999', true, now(), now()); COMMIT
            """,
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        execute(
            app_dsn,
            f"""
            BEGIN; SET LOCAL app.organisation_id = '{one.id}';
            UPDATE registers SET organisation_id = '{two.id}' WHERE id = '{one.registers[0]}'; COMMIT
            """,
        )


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET organisation_id = organisation_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_what_is_append_only_refuses_everybody(
    owner_dsn: str, superuser_dsn: str, settings: Settings, table: str, statement: str
) -> None:
    assert settings.database_url is not None
    change = statement.format(table)

    for dsn in (settings.database_url.get_secret_value(), owner_dsn, superuser_dsn):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            execute(dsn, change)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="is append-only"):
        execute(superuser_dsn, f"SET session_replication_role = replica; {change}")


def test_no_append_only_table_is_missing_from_these_tests(owner_dsn: str) -> None:
    found = query(
        owner_dsn, "SELECT tgrelid::regclass::text AS name, tgenabled FROM pg_trigger WHERE tgname = 'append_only'"
    )

    assert {row["name"] for row in found} == set(APPEND_ONLY)
    assert {row["tgenabled"] for row in found} == {b"A"}


def test_functions_that_run_as_the_owner_are_for_the_app_alone_and_name_their_path(owner_dsn: str) -> None:
    functions = query(
        owner_dsn,
        """
        SELECT p.proname AS name, p.proconfig AS config, has_function_privilege('public', p.oid, 'EXECUTE') AS for_all
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
        """,
    )

    assert {row["name"] for row in functions} >= {"directory_store", "directory_user", "directory_api_key"}
    for row in functions:
        assert row["config"] == ["search_path=pg_catalog, public"], row["name"]
        assert not row["for_all"], row["name"]
