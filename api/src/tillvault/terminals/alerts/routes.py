"""`GET /v1/alerts`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import AwareDatetime
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.terminals.alerts import service
from tillvault.terminals.alerts.schemas import Alerts

router = APIRouter(prefix="/v1/alerts", tags=["board"], route_class=StrictRoute)


@router.get(
    "",
    response_model=Success[Alerts],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_alerts(
    edge: Authorised,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="Closed then or later; a day ago if left out.")
    ] = None,
) -> Response:
    """What a manager should hear of: drawers that wait for a review, were closed by somebody else, or stand open past
    the end of their trading day, and a log of the vault that was found broken. Each has a key that stays; read with
    some overlap and tell each key once."""
    return await edge.answer(await service.alerts(edge.db, actor=edge.actor, since=since))
