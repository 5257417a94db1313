"""A vault of its own: a database that no other test shares."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

from tests.machinery import execute
from tillvault.core import migrate
from tillvault.core.embedded import OWNER_ROLE, EmbeddedPostgres


@contextmanager
def own_database(server: EmbeddedPostgres) -> Generator[str]:
    """The name of a migrated database beside the common one, which goes with the block. All logs of a database are
    signed with the same keys, so what is done to keys must not be done to the common one."""
    name = f"own_{uuid4().hex[:8]}"
    execute(server.dsn(), f"CREATE DATABASE {name} OWNER {OWNER_ROLE}")
    try:
        migrate.upgrade(server.dsn(OWNER_ROLE, name))
        yield name
    finally:
        execute(server.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
