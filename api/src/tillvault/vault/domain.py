"""Tickets on their way into the ledger, and what the ledger says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from tillvault.events.domain import Event
from tillvault.vault.merkle import Edge


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A ticket that has passed the checks and waits for its place."""

    tenant: str
    sha256: bytes
    body: Mapping[str, Any]
    raw: bytes
    settled: bool = False
    """As found by `canonical.read`."""
    api_key_id: UUID | None
    """Whose key brought it; asked again when the ticket is recorded, so that a revocation is felt at once."""

    @property
    def source_id(self) -> str:
        return str(self.body["source_id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A recorded ticket."""

    id: UUID
    sha256: bytes
    ledger_hash: str
    evidence_jws: str
    envelope: str
    received_at: datetime
    is_new: bool = False
    metadata_mismatch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The moving row of a log, held by whoever appends."""

    origin: str
    edge: Edge
    last_leaf_hash: bytes
    streams: Mapping[str, int]
    last_received_at: datetime | None
    evidence_kid: str
    """The key that signs the evidence of this log; only a rotation changes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecorded(Event):
    """A ticket was recorded at a position of the ledger."""

    type: ClassVar[str] = "vault.ticket_recorded"

    document_id: UUID
    source_id: str
    sha256: str
    ledger_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConflict(Event):
    """A source id came with another ticket than before, or known content with other metadata (`mismatch`)."""

    type: ClassVar[str] = "vault.source_conflict"

    document_id: UUID
    source_id: str
    mismatch: tuple[str, ...]


def log_key(organisation_id: UUID | None) -> str:
    """Events of one log are delivered in order."""
    return f"vault:{organisation_id}"
