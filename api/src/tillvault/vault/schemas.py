"""Wire shapes of the vault (pos-tickets-api.md, "Réponse — Succès")."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from tillvault.vault.domain import Document
from tillvault.vault.leaves import moment


class DocumentOut(BaseModel):
    """A recorded ticket. `metadata_mismatch` names metadata that differ from the recorded ones."""

    id: UUID
    tenant: str
    sha256_hex: str
    ledger_hash: str
    evidence_jws: str
    created_at: str
    metadata_mismatch: list[str] | None = None


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
