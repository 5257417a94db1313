"""`/v1/organisation`: the one that the login belongs to."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.organisation import service
from tillvault.identity.organisation.schemas import OrganisationAnswer, OrganisationChange
from tillvault.identity.schemas import REPEATABLE

router = APIRouter(prefix="/v1/organisation", tags=["organisation"], route_class=StrictRoute)


@router.get(
    "",
    response_model=Success[OrganisationAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, AUTHENTICATED),
)
async def read_organisation(edge: Authorised) -> Response:
    """Your organisation, for its admins."""
    return await edge.answer(OrganisationAnswer.of(await service.read(edge.db, actor=edge.actor)))


@router.patch(
    "",
    response_model=Success[OrganisationAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, BODY, REPEATABLE, AUTHENTICATED),
)
async def change_organisation(edge: Authorised, body: OrganisationChange) -> Response:
    """Change how it is called and what its receipts say of it; what is left out stays."""
    row = await service.change(edge.db, actor=edge.actor, changes=body.changes())
    return await edge.answer(OrganisationAnswer.of(row))
