"""A vault of its own: a database that no other test shares."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from uuid import uuid4

from tests.machinery import execute, new_database
from tillvault.core.embedded import EmbeddedPostgres


@contextmanager
def own_database(server: EmbeddedPostgres) -> Generator[str]:
    """The name of a migrated database beside the common one, which goes with the block. All logs of a database are
    signed with the same keys, so what is done to keys must not be done to the common one."""
    name = new_database(server, f"own_{uuid4().hex[:8]}")
    try:
        yield name
    finally:
        execute(server.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
