"""`POST /api/v1/pos-tickets/batch` (vault.md, "Proof" and "Formats")."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tillvault.core.errors import AppError, PayloadTooLarge
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect, body_of, sentence_of, status_of
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.core.jsontext import dumps
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.permissions import Permission
from tillvault.vault.batch import service
from tillvault.vault.intake import Outcome
from tillvault.vault.schemas import document_out

router = APIRouter(tags=["vault"], route_class=StrictRoute)

_NDJSON = "application/x-ndjson"


class _BothWays(Response):
    """Sends lines while the request's body is still read.

    Starlette's own streaming answer waits for the sender to disconnect, and would take the parts of the body for that.
    """

    media_type = _NDJSON

    def __init__(self, parts: AsyncGenerator[bytes]) -> None:
        super().__init__()
        # How long it will be is not known.
        del self.headers["content-length"]
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self._parts) as parts:
                async for part in parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        except ClientDisconnect:
            # Nobody is left to answer; what was read whole is recorded, and sent again it is found.
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@router.post(
    "/api/v1/pos-tickets/batch",
    response_class=Response,
    responses=refusals(Dialect.PLAIN, RoleForbidden, AUTHENTICATED)
    | {200: {"description": "A line for each line.", "content": {_NDJSON: {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": {_NDJSON: {"schema": {"type": "string"}}}}},
)
async def post_batch(request: Request) -> Response:
    """Record any number of tickets, one on each line. Each line is answered in order with what it would have got alone,
    and its `status`. Read the answers while you send: who does not is not read from, either."""
    sender = await request.app.state.senders.of(request, Permission.TICKETS_WRITE)
    size_max = request.app.state.settings.pos_ticket_max_size_bytes

    async def answers() -> AsyncGenerator[bytes]:
        received = service.receive(
            request.app.state.intake,
            sender=sender,
            parts=request.stream(),
            size_max=size_max,
            too_large=lambda: PayloadTooLarge(extra={"max_size_bytes": size_max}),
        )
        async with aclosing(received) as ready:
            async for some in ready:
                yield b"".join(_line(answer, sender.tenant) for answer in some)

    return _BothWays(answers())


def _line(answer: Outcome, tenant: str) -> bytes:
    if isinstance(answer, AppError):
        sentence = sentence_of(answer, Dialect.PLAIN)
        body = body_of(answer.code, sentence, answer.extra, Dialect.PLAIN)
        return dumps(body | {"status": status_of(answer, Dialect.PLAIN)}) + b"\n"
    return dumps(document_out(answer, tenant) | {"status": 201 if answer.is_new else 200}) + b"\n"
