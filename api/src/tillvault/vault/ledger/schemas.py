"""Wire shapes of reading the ledger (vault.md, "Formats")."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class ConsistencyOut(BaseModel):
    """A consistency proof (RFC 6962, section 2.1.2); hashes in lower-case hex."""

    start: int = Field(alias="from")
    to: int
    hashes: list[str]


class EntryOut(BaseModel):
    """A leaf as it was hashed."""

    index: int
    leaf: str


class EntriesOut(BaseModel):
    """Leaves in order; fewer than asked for at the end of the log."""

    start: int = Field(alias="from")
    entries: list[EntryOut]


class TicketOut(BaseModel):
    """A recorded ticket, as `GET /api/v1/pos-tickets/{id}` shows it."""

    id: UUID
    tenant: str
    sha256_hex: str
    ledger_hash: str
    evidence_jws: str
    created_at: str
    metadata: dict[str, Any]


class TicketPage(BaseModel):
    """One page of tickets, newest first; `next_cursor` is null on the last."""

    items: list[TicketOut]
    next_cursor: str | None
