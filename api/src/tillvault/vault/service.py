"""Use cases of the vault: receive a ticket, read it, prove it (vault.md, "Intake" and "Proof")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from tillvault.core.db import Connection, Database, Row
from tillvault.vault import canonical, checkpoints, formats, merkle, queries, tiles
from tillvault.vault.canonical import GuardRefused, ParseRefused
from tillvault.vault.checkpoints import Signed
from tillvault.vault.domain import Document, Submission
from tillvault.vault.errors import InvalidTicketJson, MissingTicketField, OtherTenant, TicketInvalid, TicketNotFound
from tillvault.vault.intake import Intake
from tillvault.vault.key_following import follow_if_possible
from tillvault.vault.keys import Signers
from tillvault.vault.merkle import HashAt

_REQUIRED = ("tenant", "source_model", "source_id", "ticket")
_TEXTS = ("tenant", "source_system", "source_model", "source_id", "currency", "pos_session", "cashier", "location")
_NUMBERS = ("total_incl_tax", "total_excl_tax")
_TEXT_MAX = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who posts: the organisation and its tenant name, and the API key if it is a machine."""

    organisation_id: UUID
    tenant: str
    api_key_id: UUID | None


def submission(sender: Sender, raw: bytes) -> Submission:
    """Steps 3 to 6 of the intake, in their order: parse, missing fields, types, tenant, guard, identity.

    Raises InvalidTicketJson, MissingTicketField, TicketInvalid, OtherTenant.
    """
    try:
        reading = canonical.read(raw)
    except ParseRefused as refused:
        raise InvalidTicketJson(refused.details) from refused
    except GuardRefused as refused:
        raise TicketInvalid(refused.message) from refused
    body = reading.body
    for name in _REQUIRED:
        if body.get(name) is None or body[name] == "":
            raise MissingTicketField(name)
    _check_types(body)
    if body["tenant"] != sender.tenant:
        raise OtherTenant
    if not reading.harmless:
        try:
            # The ticket itself is the first level that counts, as is every other member.
            canonical.guard(body["ticket"])
            for name, value in body.items():
                canonical.guard(name)
                canonical.guard(value)
        except GuardRefused as refused:
            raise TicketInvalid(refused.message) from refused
    _, digest = canonical.identity(body.get("pos_session"), body["source_id"], body["ticket"], settled=reading.settled)
    return Submission(
        tenant=sender.tenant,
        sha256=bytes.fromhex(digest),
        body=body,
        raw=raw,
        settled=reading.settled,
        api_key_id=sender.api_key_id,
    )


def _check_types(body: Mapping[str, Any]) -> None:
    for name in _TEXTS:
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            raise TicketInvalid(f"{name} must be text")
        if value is not None and len(value) > _TEXT_MAX:
            raise TicketInvalid(f"{name} must have at most {_TEXT_MAX} characters")
    for name in _NUMBERS:
        value = body.get(name)
        if value is not None and (isinstance(value, bool | str | list | dict)):
            raise TicketInvalid(f"{name} must be a number")
    if not isinstance(body["ticket"], dict):
        raise TicketInvalid("ticket must be an object")


async def receive(intake: Intake, *, sender: Sender, raw: bytes) -> Document:
    """Record a ticket, or find it. Raises as `submission`, and VaultBusy, VaultUnavailable, Unauthorized."""
    return await intake.submit(sender.organisation_id, submission(sender, raw))


async def read(db: Connection, *, document_id: UUID) -> Row:
    """Raises TicketNotFound."""
    row = await queries.document(db, document_id)
    if row is None:
        raise TicketNotFound
    return row


def envelope_of(row: Row) -> dict[str, Any]:
    """The metadata of a recorded ticket, with their salt."""
    return orjson.loads(row["envelope"])


async def checkpoint(db: Connection, signers: Signers) -> Signed:
    """The head of the organisation's log, signed. Raises TicketNotFound while it is empty, VaultUnavailable for a head
    that does not extend what was signed before."""
    return await checkpoints.signed_head(db, signers)


async def proof(db: Connection, signers: Signers, *, document_id: UUID) -> bytes:
    """All that an offline check of one ticket needs (`tillvault-proof/1`). Raises TicketNotFound."""
    row = await read(db, document_id=document_id)
    signed = await checkpoint(db, signers)
    index, size = row["index"], signed.checkpoint.size

    def prove(hash_at: HashAt) -> list[bytes]:
        return merkle.inclusion_proof(index, size, hash_at)

    hashes = prove(await _reader(db, size, prove))
    reading = canonical.read(row["raw"])
    body = reading.body
    content, _ = canonical.identity(body.get("pos_session"), body["source_id"], body["ticket"], settled=reading.settled)
    return formats.proof_text(
        leaf=row["leaf"].encode(),
        content=content,
        envelope=row["envelope"].encode(),
        index=index,
        tree_size=size,
        hashes=hashes,
        checkpoint=signed.note,
        evidence_jws=row["evidence_jws"],
    )


async def jwks(database: Database, signers: Signers) -> dict[str, Any]:
    """Every public key that was ever used, with its window, those included that another process began to sign with."""
    await follow_if_possible(database, signers)
    return signers.jwks()


async def _reader(db: Connection, size: int, prove: Callable[[HashAt], Any]) -> HashAt:
    """The nodes that a proof reads, fetched before it is made."""
    fetched = {
        (level, index): await queries.tile(db, level, index, size=size) for level, index in tiles.tiles_needed(prove)
    }
    return tiles.hashes_of(lambda level, index: fetched[level, index])
