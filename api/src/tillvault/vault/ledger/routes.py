"""`/api/v1/ledger/{tenant}/…` and the list of tickets (vault.md, "Proof")."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime, Cursor, Limit, Plain
from tillvault.core.http.openapi import AUTHENTICATED, Responses, refusals
from tillvault.core.jsontext import dumps
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.vault import service as vault
from tillvault.vault.canonical import INTEGER_MAX
from tillvault.vault.errors import OtherTenant, TicketNotFound, VaultUnavailable
from tillvault.vault.ledger import service
from tillvault.vault.ledger.schemas import ConsistencyOut, EntriesOut, TicketPage
from tillvault.vault.schemas import ticket_out

router = APIRouter(prefix="/api/v1", tags=["vault"], route_class=StrictRoute)

_OWN = (OtherTenant, RoleForbidden, *AUTHENTICATED)
_HEAD = (TicketNotFound, VaultUnavailable, *_OWN)
_JOSE = "application/jose"

Word = Annotated[str | None, Query(min_length=1, max_length=512), Plain]
Position = Annotated[int, Query(alias="from", ge=0, le=INTEGER_MAX - service.ENTRIES_MAX, description="First index.")]


def _shows(*media_types: str) -> Responses:
    """The success of a route that answers with something else than JSON."""
    return {200: {"content": {name: {"schema": {"type": "string"}} for name in media_types}}}


@router.get(
    "/ledger/{tenant}/checkpoint",
    response_class=Response,
    responses=refusals(Dialect.PLAIN, ValidationFailed, _HEAD) | _shows("text/plain", _JOSE),
)
async def get_checkpoint(
    tenant: str,
    request: Request,
    edge: Authorised,
    form: Annotated[
        Literal["note", "jws"] | None, Query(alias="format", description="Goes before the Accept header.")
    ] = None,
) -> Response:
    """The signed head of the ledger: a C2SP checkpoint, or an ES256 JWS for `Accept: application/jose`."""
    signed = await service.checkpoint(edge.db, request.app.state.signers, actor=edge.actor, tenant=tenant)
    if form == "jws" or (form is None and _JOSE in request.headers.get("accept", "")):
        return Response(signed.jws, media_type=_JOSE, headers={"Vary": "Accept"})
    return PlainTextResponse(signed.note, headers={"Vary": "Accept"})


@router.get(
    "/ledger/{tenant}/vkey",
    response_class=Response,
    responses=refusals(Dialect.PLAIN, _OWN) | _shows("text/plain"),
)
async def get_vkey(tenant: str, request: Request, edge: Authorised) -> Response:
    """The key that checkpoints are verified with, as the tools of C2SP take it."""
    return PlainTextResponse(await service.vkey(edge.db, request.app.state.signers, actor=edge.actor, tenant=tenant))


@router.get(
    "/ledger/{tenant}/consistency",
    response_model=ConsistencyOut,
    responses=refusals(Dialect.PLAIN, ValidationFailed, _OWN),
)
async def get_consistency(
    tenant: str,
    edge: Authorised,
    old_size: Annotated[int, Query(alias="from", ge=1, le=INTEGER_MAX, description="Size of the earlier tree.")],
    new_size: Annotated[int, Query(alias="to", ge=1, le=INTEGER_MAX, description="Size of the later tree.")],
) -> Response:
    """The proof that the ledger at one size begins with the ledger at an earlier one."""
    hashes = await service.consistency(edge.db, actor=edge.actor, tenant=tenant, old_size=old_size, new_size=new_size)
    return json_answer(dumps({"from": old_size, "to": new_size, "hashes": [value.hex() for value in hashes]}))


@router.get(
    "/ledger/{tenant}/entries",
    response_model=EntriesOut,
    responses=refusals(Dialect.PLAIN, ValidationFailed, _OWN),
)
async def get_entries(
    tenant: str,
    edge: Authorised,
    start: Position = 0,
    limit: Annotated[int, Query(ge=1, le=service.ENTRIES_MAX, description="Entries at most.")] = service.ENTRIES_MAX,
) -> Response:
    """The leaves, as they were hashed."""
    rows = await service.entries(edge.db, actor=edge.actor, tenant=tenant, start=start, limit=limit)
    return json_answer(dumps({"from": start, "entries": [dict(row) for row in rows]}))


@router.get(
    "/ledger/{tenant}/tile/{path:path}",
    response_class=Response,
    responses=refusals(Dialect.PLAIN, TicketNotFound, _OWN) | _shows("application/octet-stream"),
)
async def get_tile(tenant: str, path: str, edge: Authorised) -> Response:
    """A tile of hashes (`0/000`, `1/000.p/12`) or a bundle of entries (`entries/000`), as C2SP tlog-tiles has them."""
    found = await service.tile(edge.db, actor=edge.actor, tenant=tenant, path=f"tile/{path}")
    return Response(found, media_type="application/octet-stream")


@router.get(
    "/ledger/{tenant}/export",
    response_class=Response,
    responses=refusals(Dialect.PLAIN, _HEAD) | _shows("application/x-ndjson"),
)
async def get_export(tenant: str, request: Request, edge: Authorised) -> Response:
    """The whole ledger as JSON lines, with every raw body: what `tillvault verify` checks without us."""
    signers = request.app.state.signers
    signed = await service.checkpoint(edge.db, signers, actor=edge.actor, tenant=tenant)
    database = request.app.state.doorkeeper.database
    return StreamingResponse(
        service.export(database, edge.actor.organisation_id, signers, signed), media_type="application/x-ndjson"
    )


@router.get(
    "/pos-tickets",
    response_model=TicketPage,
    responses=refusals(Dialect.PLAIN, ValidationFailed, RoleForbidden, AUTHENTICATED),
)
async def list_tickets(
    edge: Authorised,
    source_id: Word = None,
    pos_session: Word = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Recorded from this moment on.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Recorded before this moment.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """Recorded tickets, newest first."""
    rows, following = await service.list_tickets(
        edge.db,
        actor=edge.actor,
        filters={"source_id": source_id, "pos_session": pos_session, "since": since, "until": until},
        cursor=cursor,
        limit=limit,
    )
    items = [ticket_out(row, vault.envelope_of(row)) for row in rows]
    return json_answer(dumps({"items": items, "next_cursor": following}))
