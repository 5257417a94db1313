"""`/v1/api-keys`."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.api_keys import service
from tillvault.identity.api_keys.schemas import ApiKeyAnswer, ApiKeyGiven, NewApiKey
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import ApiKeyNotFound, RoleForbidden
from tillvault.identity.schemas import REPEATABLE

router = APIRouter(prefix="/v1/api-keys", tags=["API keys"], route_class=StrictRoute)


@router.get(
    "",
    response_model=Success[Page[ApiKeyAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_api_keys(edge: Authorised, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Response:
    """The keys of the organisation, oldest first, revoked ones too; never the keys themselves."""
    rows, following = await service.listed(edge.db, actor=edge.actor, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[ApiKeyAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "",
    status_code=201,
    response_model=Success[ApiKeyGiven],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, BODY, REPEATABLE, AUTHENTICATED),
)
async def create_api_key(edge: Authorised, body: NewApiKey) -> Response:
    """Give a machine a key. It is shown here and nowhere else."""
    row, key = await service.create(edge.db, actor=edge.actor, name=body.name, scopes=body.scopes)
    return await edge.answer(ApiKeyGiven.giving(row, key), 201, kept=ApiKeyGiven.giving(row, None))


@router.delete(
    "/{key_id}",
    response_model=Success[ApiKeyAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED, ApiKeyNotFound),
)
async def revoke_api_key(edge: Authorised, key_id: UUID) -> Response:
    """Revoke a key; it is refused from the next request on. Revoking again changes nothing."""
    return await edge.answer(ApiKeyAnswer.of(await service.revoke(edge.db, actor=edge.actor, key_id=key_id)))
