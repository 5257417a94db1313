"""What tests of backups share: installations on databases of their own, and the commands run against them."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from typer.testing import CliRunner, Result

from tests.machinery import environment, execute, query
from tillvault.cli import app
from tillvault.core import migrate
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres


@dataclass(frozen=True)
class Installation:
    """A database of the test's server, and a data folder of its own."""

    server: EmbeddedPostgres
    database: str
    folder: Path

    @property
    def superuser(self) -> str:
        return self.server.dsn(database=self.database)

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(
            {
                "database_url": self.server.dsn(APP_LOGIN, self.database),
                "data_dir": self.folder,
                "database_pool_size": 8,
            }
        )

    @property
    def keys(self) -> Path:
        return self.settings.keys_folder

    def run(self, *command: str, **changes: str) -> Result:
        """A command with this installation's settings; `changes` are further ones."""
        given = {
            "DATABASE_URL": self.server.dsn(APP_LOGIN, self.database),
            "DATABASE_OWNER_URL": self.server.dsn(OWNER_ROLE, self.database),
            "DATABASE_BACKUP_URL": self.superuser,
            "TILLVAULT_DATA_DIR": str(self.folder),
            **changes,
        }
        return run(command, given)

    def tables(self) -> set[str]:
        rows = query(self.superuser, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        return {row["relname"] for row in rows}


def run(command: Sequence[str], settings: Mapping[str, str]) -> Result:
    """A command line in this process, with these settings alone."""
    unset = dict.fromkeys(os.environ.keys() - environment({}).keys())
    return CliRunner().invoke(app, list(command), env={**unset, **settings})


def new_database(server: EmbeddedPostgres, folder: Path, *, owner: str = OWNER_ROLE) -> Installation:
    """An empty one."""
    asyncio.run(migrate.prepare_embedded(server))
    name = f"backup_{uuid4().hex[:8]}"
    execute(server.dsn(database="postgres"), f'CREATE DATABASE {name} OWNER "{owner}"')
    return Installation(server, name, folder)


def copy_keys(source: Installation, target: Installation, *, checkpoints: bool) -> None:
    """As somebody brings the keys folder back; that of a lost machine seldom has the last checkpoints."""
    left_out = shutil.ignore_patterns() if checkpoints else shutil.ignore_patterns("checkpoints")
    shutil.copytree(source.keys, target.keys, ignore=left_out)


PROTECTION = {
    "tables": """
        SELECT relname, relkind, relrowsecurity, relforcerowsecurity, relowner::regrole::text,
               ARRAY(SELECT acl::text FROM unnest(relacl) AS acl ORDER BY 1)
        FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1
    """,
    "columns": """
        SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attacl::text,
               col_description(attrelid, attnum), pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2
    """,
    "policies": "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
    "triggers": "SELECT tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 2",
    "constraints": """
        -- Without parentheses: an expression that is read again has other ones around the same parts.
        SELECT conrelid::regclass::text, conname, translate(pg_get_constraintdef(oid), '()', ''), convalidated
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "functions": """
        SELECT proname, proowner::regrole::text, prosecdef, proconfig::text, prosrc,
               ARRAY(SELECT acl::text FROM unnest(proacl) AS acl ORDER BY 1)
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
        -- What an extension brings along is not ours.
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        ORDER BY 1, pg_get_function_identity_arguments(oid)
    """,
    "types": """
        SELECT typname, typowner::regrole::text, ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid
        ORDER BY enumsortorder) FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype = 'e' ORDER BY 1
    """,
}
"""All that stands between a row and whoever must not see or change it."""


def protection(dsn: str) -> dict[str, list[tuple[object, ...]]]:
    return {what: [tuple(map(str, row)) for row in query(dsn, statement)] for what, statement in PROTECTION.items()}
