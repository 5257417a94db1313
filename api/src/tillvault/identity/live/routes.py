"""`GET /v1/events/stream`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.core.live import Live
from tillvault.identity.domain import Actor
from tillvault.identity.edge import Door, actor_of_request
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.live import service
from tillvault.identity.permissions import Permission, require

router = APIRouter(tags=["events"], route_class=StrictRoute)


@router.get(
    "/v1/events/stream",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, AUTHENTICATED)
    | {200: {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(request: Request, door: Door) -> Response:
    """What happens in your branches, as it happens: the events of docs/reference/events.md. A cashier hears of their
    own terminal. Best effort: after `event: reset`, or a lost connection, reload what you show."""
    live: Live = request.app.state.live

    async def still_welcome() -> Actor:
        return await actor_of_request(request, door)

    # The login is looked up in transactions of their own: a stream that held one would hold it for hours.
    actor = await still_welcome()
    require(actor, Permission.CASH_READ)
    return StreamingResponse(
        service.stream(live, actor, still_welcome),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )
