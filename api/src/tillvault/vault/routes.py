"""The endpoints of pos-tickets-api.md and of vault.md, "Proof"."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from tillvault.core.errors import PayloadTooLarge, ValidationFailed
from tillvault.core.http.answers import json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.core.jsontext import dumps
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.permissions import Permission, require
from tillvault.vault import service
from tillvault.vault.batch.routes import router as batch
from tillvault.vault.errors import (
    InvalidTicketJson,
    MissingTicketField,
    OtherTenant,
    TicketInvalid,
    TicketNotFound,
    VaultBusy,
    VaultUnavailable,
)
from tillvault.vault.ledger.routes import router as ledger
from tillvault.vault.schemas import DocumentOut, document_out, ticket_out

router = APIRouter(tags=["vault"], route_class=StrictRoute)

_READ = refusals(Dialect.PLAIN, ValidationFailed, TicketNotFound, VaultUnavailable, RoleForbidden, AUTHENTICATED)


@router.post(
    "/api/v1/pos-tickets",
    status_code=201,
    response_model=DocumentOut,
    responses=refusals(
        Dialect.PLAIN,
        InvalidTicketJson,
        MissingTicketField,
        TicketInvalid,
        OtherTenant,
        RoleForbidden,
        PayloadTooLarge,
        VaultBusy,
        VaultUnavailable,
        AUTHENTICATED,
    )
    | {200: {"model": DocumentOut, "description": "Recorded before: the same document."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/PosTicket"}}},
        }
    },
)
async def post_ticket(request: Request) -> Response:
    """Record a ticket: canonical, hashed, chained and signed. The same ticket again gives the same document."""
    sender = await request.app.state.senders.of(request, Permission.TICKETS_WRITE)
    raw = await _body(request, request.app.state.settings.pos_ticket_max_size_bytes)
    document = await service.receive(request.app.state.intake, sender=sender, raw=raw)
    return json_answer(dumps(document_out(document, sender.tenant)), 201 if document.is_new else 200)


@router.get("/api/v1/pos-tickets/{ticket_id}", response_model=DocumentOut, responses=_READ)
async def get_ticket(ticket_id: UUID, edge: Authorised) -> Response:
    """A recorded ticket."""
    require(edge.actor, Permission.TICKETS_READ)
    row = await service.read(edge.db, document_id=ticket_id)
    return json_answer(dumps(ticket_out(row, service.envelope_of(row))))


@router.get(
    "/api/v1/pos-tickets/{ticket_id}/raw",
    response_class=Response,
    responses=_READ | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def get_raw(ticket_id: UUID, edge: Authorised) -> Response:
    """The body as it came, byte for byte."""
    require(edge.actor, Permission.TICKETS_READ)
    row = await service.read(edge.db, document_id=ticket_id)
    return json_answer(row["raw"])


@router.get(
    "/api/v1/pos-tickets/{ticket_id}/proof",
    response_class=Response,
    responses=_READ | {200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def get_proof(ticket_id: UUID, request: Request, edge: Authorised) -> Response:
    """All that an offline check needs beside the public keys: leaf, inclusion proof, checkpoint, evidence."""
    require(edge.actor, Permission.TICKETS_READ)
    return json_answer(await service.proof(edge.db, request.app.state.signers, document_id=ticket_id))


@router.get("/.well-known/jwks.json", response_model=dict[str, list[dict[str, str | int]]])
@router.get("/jwks.json", response_model=dict[str, list[dict[str, str | int]]])
async def jwks(request: Request) -> Response:
    """Every public key that evidence and checkpoints were ever signed with (RFC 7517); `nbf` and `exp` are the seconds
    since 1970 from which on and until which it signed."""
    state = request.app.state
    return json_answer(dumps(await service.jwks(state.doorkeeper.database, state.signers)))


async def _body(request: Request, size_max: int) -> bytes:
    """The raw bytes; too many are refused as announced and while reading."""
    refusal = PayloadTooLarge(extra={"max_size_bytes": size_max})
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > size_max:
        raise refusal
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > size_max:
            raise refusal
        parts.append(part)
    return b"".join(parts)


ROUTERS = (router, batch, ledger)
