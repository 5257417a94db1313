"""Wire shapes of reading the ledger (vault.md, "Formats")."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from tillvault.vault.leaves import moment


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


def ticket_out(row: Any, envelope: dict[str, Any]) -> dict[str, object]:
    return {
        "id": row["id"],
        "tenant": envelope["tenant"],
        "sha256_hex": row["sha256"].hex(),
        "ledger_hash": row["ledger_hash"],
        "evidence_jws": row["evidence_jws"],
        "created_at": moment(row["received_at"]),
        # The salt keeps a forgotten envelope from being guessed: it is shown in proofs and exports alone.
        "metadata": {name: value for name, value in envelope.items() if name != "salt"},
    }
