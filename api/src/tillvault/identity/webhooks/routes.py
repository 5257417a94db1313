"""`/v1/webhooks`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.schemas import REPEATABLE
from tillvault.identity.webhooks import service
from tillvault.identity.webhooks.errors import (
    EventNotFound,
    WebhookInactive,
    WebhookNotFound,
    WebhooksTooMany,
    WebhookTargetRefused,
    WebhookTestsBusy,
)
from tillvault.identity.webhooks.schemas import (
    DeliveryAnswer,
    DeliveryStatus,
    NewWebhook,
    ReplayAnswer,
    ReplayWebhook,
    TestAnswer,
    WebhookAnswer,
    WebhookChange,
    WebhookGiven,
)
from tillvault.identity.webhooks.service import Desk

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=StrictRoute)


async def _desk(request: Request) -> Desk:
    # A coroutine although it waits for nothing: FastAPI sends plain functions to a thread.
    return request.app.state.webhooks


AtDesk = Annotated[Desk, Depends(_desk)]


@router.get(
    "",
    response_model=Success[Page[WebhookAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED),
)
async def list_webhooks(edge: Authorised, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Response:
    """The webhooks of the organisation, oldest first, inactive ones too; never their secrets."""
    rows, following = await service.listed(edge.db, actor=edge.actor, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[WebhookAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "",
    status_code=201,
    response_model=Success[WebhookGiven],
    responses=refusals(
        Dialect.ENVELOPE, RoleForbidden, WebhookTargetRefused, WebhooksTooMany, BODY, REPEATABLE, AUTHENTICATED
    ),
)
async def create_webhook(edge: Authorised, desk: AtDesk, body: NewWebhook) -> Response:
    """Have events delivered to an address from now on, signed as Standard Webhooks says. The secret is shown here and
    nowhere else."""
    row, secret = await service.create(
        edge.db, desk, actor=edge.actor, url=body.url, types=body.types, description=body.description
    )
    return await edge.answer(WebhookGiven.giving(row, secret), 201, kept=WebhookGiven.giving(row, None))


@router.get(
    "/{webhook_id}",
    response_model=Success[WebhookAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED, WebhookNotFound),
)
async def read_webhook(edge: Authorised, webhook_id: UUID) -> Response:
    """One webhook."""
    return await edge.answer(WebhookAnswer.of(await service.read(edge.db, actor=edge.actor, webhook_id=webhook_id)))


@router.patch(
    "/{webhook_id}",
    response_model=Success[WebhookAnswer],
    responses=refusals(
        Dialect.ENVELOPE, RoleForbidden, WebhookTargetRefused, BODY, REPEATABLE, AUTHENTICATED, WebhookNotFound
    ),
)
async def change_webhook(edge: Authorised, desk: AtDesk, webhook_id: UUID, body: WebhookChange) -> Response:
    """Change address, types or description, deactivate or reactivate. What waits for an inactive webhook stays; what
    happens meanwhile can be replayed."""
    row = await service.update(edge.db, desk, actor=edge.actor, webhook_id=webhook_id, changes=body.changes())
    return await edge.answer(WebhookAnswer.of(row))


@router.post(
    "/{webhook_id}/rotate-secret",
    response_model=Success[WebhookGiven],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED, WebhookNotFound),
)
async def rotate_webhook_secret(edge: Authorised, desk: AtDesk, webhook_id: UUID) -> Response:
    """A new secret, shown once. For a day deliveries carry a signature of the old one as well."""
    row, secret = await service.rotate_secret(edge.db, desk, actor=edge.actor, webhook_id=webhook_id)
    return await edge.answer(WebhookGiven.giving(row, secret), kept=WebhookGiven.giving(row, None))


@router.post(
    "/{webhook_id}/test",
    response_model=Success[TestAnswer],
    responses=refusals(
        Dialect.ENVELOPE,
        RoleForbidden,
        ValidationFailed,
        REPEATABLE,
        AUTHENTICATED,
        WebhookNotFound,
        WebhookTestsBusy,
    ),
)
async def test_webhook(edge: Authorised, desk: AtDesk, webhook_id: UUID) -> Response:
    """Deliver an event of the type `webhook.test` now and tell what came back."""
    answer = await service.test(edge.db, desk, actor=edge.actor, webhook_id=webhook_id)
    return await edge.answer(TestAnswer.of(answer))


@router.get(
    "/{webhook_id}/deliveries",
    response_model=Success[Page[DeliveryAnswer]],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, AUTHENTICATED, WebhookNotFound),
)
async def list_deliveries(
    edge: Authorised,
    webhook_id: UUID,
    status: Annotated[DeliveryStatus | None, Query(description="DEAD: given up after RELAY_ATTEMPTS_MAX.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """What became of each event, newest first. Every single attempt stands in `/v1/sync-logs`."""
    rows, following = await service.deliveries(
        edge.db, actor=edge.actor, webhook_id=webhook_id, status=status, cursor=cursor, limit=limit
    )
    return await edge.answer(Page(items=[DeliveryAnswer.of(row) for row in rows], next_cursor=following))


@router.post(
    "/{webhook_id}/replay",
    response_model=Success[ReplayAnswer],
    responses=refusals(
        Dialect.ENVELOPE,
        RoleForbidden,
        WebhookInactive,
        BODY,
        REPEATABLE,
        AUTHENTICATED,
        WebhookNotFound,
        EventNotFound,
    ),
)
async def replay_webhook(edge: Authorised, webhook_id: UUID, body: ReplayWebhook) -> Response:
    """Deliver again: the dead letters, all since a time, or one event. They come with the ids they had."""
    count = await service.replay(
        edge.db, actor=edge.actor, webhook_id=webhook_id, since=body.since, event_id=body.event_id
    )
    return await edge.answer(ReplayAnswer(replayed=count))
