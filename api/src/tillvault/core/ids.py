"""Identifiers. Time-ordered (UUIDv7, RFC 9562) so that indexes grow at one end; made here, not in the database,
because PostgreSQL 15 has no such function."""

from __future__ import annotations

from uuid import UUID

from uuid_utils.compat import uuid7

NIL = UUID(int=0)


def new_id() -> UUID:
    return uuid7()
