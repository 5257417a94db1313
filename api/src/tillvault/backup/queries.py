"""SQL of backup and restore. It runs as roles that see more than the app's, so every name says its schema."""

from __future__ import annotations

from typing import Any

import asyncpg

from tillvault.backup.manifest import Log, Organisation
from tillvault.vault import merkle
from tillvault.vault.merkle import Edge

Raw = Any
"""A connection of the driver, outside of the pool and of any organisation."""


async def server_version(raw: Raw) -> tuple[str, int]:
    """As people know it, and its major version."""
    return str(await raw.fetchval("SHOW server_version")).split()[0], raw.get_server_version().major


async def sees_everything(raw: Raw) -> bool:
    """Whether row-level security hides nothing from the role."""
    return bool(await raw.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))


async def begin_snapshot(raw: Raw) -> str:
    """Begin to see the database as it is now; gives the name under which others see the same."""
    # pg_dump works for as long as it takes, and this connection waits for it.
    await raw.execute("SET idle_in_transaction_session_timeout = 0")
    await raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    return str(await raw.fetchval("SELECT pg_export_snapshot()"))


async def tables(raw: Raw) -> dict[str, int]:
    """Every table with its size in bytes."""
    rows = await raw.fetch(
        "SELECT relname, pg_table_size(oid) AS size FROM pg_class"
        " WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p') ORDER BY relname"
    )
    return {row["relname"]: row["size"] for row in rows}


async def revision(raw: Raw) -> str:
    """Of the schema."""
    return str(await raw.fetchval("SELECT version_num FROM public.alembic_version"))


async def organisations(raw: Raw) -> tuple[Organisation, ...]:
    rows = await raw.fetch("SELECT id::text, slug, name FROM public.organisations ORDER BY slug")
    return tuple(Organisation(id=row["id"], slug=row["slug"], name=row["name"]) for row in rows)


async def logs(raw: Raw) -> tuple[Log, ...]:
    """The head of every log."""
    try:
        rows = await raw.fetch(
            "SELECT o.slug, l.origin, l.size, l.frontier FROM public.vault_logs l"
            " JOIN public.organisations o ON o.id = l.organisation_id ORDER BY o.slug"
        )
    except asyncpg.UndefinedTableError:
        return ()
    return tuple(
        Log(
            tenant=row["slug"],
            origin=row["origin"],
            size=row["size"],
            root=merkle.root_of(Edge.unpack(row["size"], row["frontier"])).hex(),
        )
        for row in rows
    )


async def key_ids(raw: Raw) -> dict[str, bool]:
    """Every key of the vault by its `kid`, and whether it signs now."""
    rows = await raw.fetch("SELECT kid, until IS NULL AS signs FROM public.vault_keys ORDER BY kid")
    return {row["kid"]: row["signs"] for row in rows}


async def sessions_of(raw: Raw, role: str) -> int:
    """How many connections the role has to this database."""
    return int(
        await raw.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1", role
        )
    )


# What restores run within one transaction --------------------------------------------------------------------------

CLEAR = """
DO $$ DECLARE doomed text; BEGIN
    FOR doomed IN
        SELECT format('DROP %s %s CASCADE', what, name) FROM (
            SELECT 1 AS turn, 'TABLE' AS what, c.oid::regclass::text AS name, 'pg_class'::regclass AS kind, c.oid
            FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            UNION ALL
            SELECT 2, 'ROUTINE', p.oid::regprocedure::text, 'pg_proc'::regclass, p.oid
            FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
            UNION ALL
            SELECT 3, 'TYPE', t.oid::regtype::text, 'pg_type'::regclass, t.oid
            FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
        ) AS ours
        WHERE NOT EXISTS (
            -- An extension's belong to it.
            SELECT FROM pg_depend d WHERE d.classid = ours.kind AND d.objid = ours.oid AND d.deptype = 'e'
        )
        ORDER BY turn
    LOOP EXECUTE doomed; END LOOP;
END $$;
"""
"""Leave nothing of an installation: its tables, its functions, its types."""

_DIRECTORY = "CREATE POLICY directory ON public.{table} FOR SELECT TO CURRENT_USER USING (true);\n"
"""As the migrations have it. A dump names the owner that there was, and here it may be another."""

_EXTENSION = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp') THEN
        CREATE EXTENSION IF NOT EXISTS "uuid-ossp" SCHEMA public;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
"""
"""As the migrations have it, too."""


def finishing(directory_tables: list[str]) -> str:
    """What a dump cannot say for another owner."""
    return _EXTENSION + "".join(_DIRECTORY.format(table=table) for table in directory_tables)
