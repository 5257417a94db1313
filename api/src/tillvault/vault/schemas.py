"""Wire shapes of the vault (pos-tickets-api.md, "Réponse — Succès")."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from tillvault.core.http.openapi import RAW_BODIES
from tillvault.vault.domain import Document
from tillvault.vault.leaves import moment

# The body is read as bytes, strictly (vault.md, "Intake"); this is what it should be.
RAW_BODIES["PosTicket"] = {
    "type": "object",
    "required": ["tenant", "source_model", "source_id", "ticket"],
    "properties": {
        "tenant": {"type": "string"},
        "source_system": {"type": "string", "default": "odoo_pos"},
        "source_model": {"type": "string", "examples": ["pos.order"]},
        "source_id": {"type": "string", "examples": ["POS/2025/0001"]},
        "currency": {"type": "string"},
        "total_incl_tax": {"type": "number"},
        "total_excl_tax": {"type": "number"},
        "pos_session": {"type": "string"},
        "cashier": {"type": "string"},
        "location": {"type": "string"},
        "ticket": {"type": "object"},
    },
}


class DocumentOut(BaseModel):
    """A recorded ticket. `metadata_mismatch` names metadata that differ from the recorded ones; `metadata` stands
    there when a ticket is read."""

    id: UUID
    tenant: str
    sha256_hex: str
    ledger_hash: str
    evidence_jws: str
    created_at: str
    metadata_mismatch: list[str] | None = None
    metadata: dict[str, Any] | None = None


def document_out(document: Document, tenant: str) -> dict[str, object]:
    answer: dict[str, object] = {
        "id": str(document.id),
        "tenant": tenant,
        "sha256_hex": document.sha256.hex(),
        "ledger_hash": document.ledger_hash,
        "evidence_jws": document.evidence_jws,
        "created_at": moment(document.received_at),
    }
    if document.metadata_mismatch:
        answer["metadata_mismatch"] = list(document.metadata_mismatch)
    return answer


def ticket_out(row: Any, envelope: dict[str, Any]) -> dict[str, object]:
    """A ticket as it is read and listed."""
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
