"""Use cases of webhooks. Admins administer them; each change is audited, and no secret is ever stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import new_id
from tillvault.core.jsontext import dumps
from tillvault.events.domain import REGISTRY
from tillvault.events.relay import replay_queries
from tillvault.events.relay.domain import Envelope
from tillvault.events.relay.queries import Attempt, log_attempts
from tillvault.events.webhooks import queries, targets
from tillvault.events.webhooks.queries import target_of
from tillvault.events.webhooks.secrets import generations, secret_of
from tillvault.events.webhooks.sending import Answer, Sender
from tillvault.identity.administration import differences, page
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.identity.webhooks.errors import (
    EventNotFound,
    WebhookInactive,
    WebhookNotFound,
    WebhooksTooMany,
    WebhookTargetRefused,
    WebhookTestsBusy,
)

REPLAYED_MAX = 10_000
TEST_TYPE = "webhook.test"
_TESTS_MAX = 2
"""Test deliveries at the same time: each holds a connection while somebody else's server thinks."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """What the process holds for webhooks."""

    sender: Sender
    secret: bytes
    allow_private: bool
    tests: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_TESTS_MAX))


async def listed(db: Connection, *, actor: Actor, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page, oldest first. Raises RoleForbidden."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    return page(await queries.records(db, after=paging.decode(cursor), limit=limit + 1), limit)


async def read(db: Connection, *, actor: Actor, webhook_id: UUID) -> Row:
    """Raises RoleForbidden or WebhookNotFound."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    return await _existing(db, webhook_id)


async def create(
    db: Connection, desk: Desk, *, actor: Actor, url: str, types: Sequence[str] | None, description: str | None
) -> tuple[Row, str]:
    """An endpoint and its secret. Raises RoleForbidden, ValidationFailed, WebhookTargetRefused, WebhooksTooMany."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    _known(types)
    await _allowed(desk, url)
    if await queries.count_for_new(db) >= queries.ENDPOINTS_MAX:
        raise WebhooksTooMany
    webhook_id = new_id()
    await queries.insert(
        db,
        endpoint_id=webhook_id,
        url=url,
        types=None if types is None else sorted(types),
        description=description,
        created_by=actor.id,
        now=utc_now(),
    )
    row = await _existing(db, webhook_id)
    _tell(db, actor, "WEBHOOK_CREATED", webhook_id, after=_described(row))
    return row, _secrets(db, desk, row)[0]


async def update(db: Connection, desk: Desk, *, actor: Actor, webhook_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Change what is given. What waits for an endpoint that is deactivated stays, and goes out when it is reactivated;
    what happens meanwhile is not kept for it. Raises RoleForbidden, ValidationFailed, WebhookNotFound,
    WebhookTargetRefused."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    before = await _existing(db, webhook_id, lock=True)
    given = dict(changes)
    if given.get("types") is not None:
        _known(given["types"])
        given["types"] = sorted(given["types"])
    if given.get("url", before["url"]) != before["url"]:
        await _allowed(desk, given["url"])
    if all(before[name] == value for name, value in given.items()):
        return before
    await queries.update(db, webhook_id, changed=dict(before) | given, now=utc_now())
    after = await _existing(db, webhook_id)
    if after["is_active"] != before["is_active"]:
        alter = replay_queries.hasten if after["is_active"] else replay_queries.suspend
        await alter(db, target=target_of(webhook_id))
    was, becomes = differences(_described(before), _described(after))
    _tell(db, actor, "WEBHOOK_CHANGED", webhook_id, before=was, after=becomes)
    return after


async def rotate_secret(db: Connection, desk: Desk, *, actor: Actor, webhook_id: UUID) -> tuple[Row, str]:
    """A new secret; the old one signs too for a day. Raises RoleForbidden or WebhookNotFound."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    before = await _existing(db, webhook_id, lock=True)
    await queries.rotate(db, webhook_id, now=utc_now())
    row = await _existing(db, webhook_id)
    _tell(
        db,
        actor,
        "WEBHOOK_SECRET_ROTATED",
        webhook_id,
        before={"generation": before["generation"]},
        after={"generation": row["generation"]},
    )
    return row, _secrets(db, desk, row)[0]


async def test(db: Connection, desk: Desk, *, actor: Actor, webhook_id: UUID) -> Answer:
    """Deliver a `webhook.test` event now, once, also to an inactive endpoint. Raises RoleForbidden, WebhookNotFound or
    WebhookTestsBusy."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    row = await _existing(db, webhook_id)
    if desk.tests.locked():
        raise WebhookTestsBusy
    assert db.organisation_id is not None  # noqa: S101  (an endpoint belongs to an organisation)
    event = Envelope(
        id=new_id(),
        type=TEST_TYPE,
        version=1,
        organisation_id=db.organisation_id,
        branch_id=None,
        key=target_of(webhook_id),
        occurred_at=utc_now(),
        data=dumps({"webhookId": webhook_id, "requestedBy": actor.name}).decode(),
    )
    async with desk.tests:
        answer = await desk.sender.send(
            row["url"], message_id=str(event.id), body=event.wire(), secrets=_secrets(db, desk, row)
        )
    await log_attempts(
        db,
        [
            Attempt(
                target=target_of(webhook_id),
                operation="test",
                event_id=event.id,
                response_code=answer.status,
                error=answer.error,
                started_at=answer.started_at,
                finished_at=answer.finished_at,
            )
        ],
    )
    _tell(db, actor, "WEBHOOK_TESTED", webhook_id, after={"responseCode": answer.status, "error": answer.error})
    return answer


async def deliveries(
    db: Connection, *, actor: Actor, webhook_id: UUID, status: str | None, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page, newest event first. Raises RoleForbidden or WebhookNotFound."""
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    await _existing(db, webhook_id)
    rows = await queries.deliveries(
        db, target=target_of(webhook_id), status=status, after=paging.decode(cursor), limit=limit + 1
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, paging.encode(rows[-1]["occurred_at"], rows[-1]["id"]) if more else None


async def replay(
    db: Connection, *, actor: Actor, webhook_id: UUID, since: datetime | None, event_id: UUID | None
) -> int:
    """Deliver again what occurred since a time, one event, or (neither given) the dead letters; gives how many events.

    Raises RoleForbidden, WebhookNotFound, WebhookInactive, EventNotFound.
    """
    require(actor, Permission.WEBHOOKS_ADMINISTER)
    row = await _existing(db, webhook_id)
    if not row["is_active"]:
        raise WebhookInactive
    target = target_of(webhook_id)
    if event_id is not None and not await queries.event_exists(db, event_id):
        raise EventNotFound
    if since is None and event_id is None:
        count = await replay_queries.revive(db, target=target, limit=REPLAYED_MAX)
    else:
        # One event that is asked for by name is delivered whatever the types of the endpoint.
        types = row["types"] if event_id is None else None
        count = await replay_queries.repeat(
            db, target=target, types=types, since=since, event_id=event_id, limit=REPLAYED_MAX
        )
    _tell(db, actor, "WEBHOOK_REPLAYED", webhook_id, after={"since": since, "eventId": event_id, "events": count})
    return count


async def _existing(db: Connection, webhook_id: UUID, *, lock: bool = False) -> Row:
    row = await queries.record(db, webhook_id, lock=lock)
    if row is None:
        raise WebhookNotFound
    return row


def _known(types: Sequence[str] | None) -> None:
    unknown = sorted(set(types or ()) - set(REGISTRY))
    if unknown:
        raise ValidationFailed.of("types", f"{unknown[0][:60]!r} is not the type of an event")


async def _allowed(desk: Desk, url: str) -> None:
    try:
        await targets.check(url, allow_private=desk.allow_private)
    except targets.TargetRefused as error:
        raise WebhookTargetRefused(str(error)) from error


def _secrets(db: Connection, desk: Desk, row: Row) -> list[str]:
    """Those that sign now, the present one first."""
    assert db.organisation_id is not None  # noqa: S101  (an endpoint belongs to an organisation)
    return [
        secret_of(desk.secret, organisation_id=db.organisation_id, endpoint_id=row["id"], generation=generation)
        for generation in generations(row["generation"], row["rotated_at"], utc_now())
    ]


def _described(row: Row) -> dict[str, Any]:
    return {
        "url": row["url"],
        "types": row["types"],
        "description": row["description"],
        "isActive": row["is_active"],
    }


def _tell(
    db: Connection,
    actor: Actor,
    action: str,
    webhook_id: UUID,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    audit.record(
        db,
        actor,
        action,
        resource_type="webhook",
        resource_id=webhook_id,
        branch_id=None,
        before=before,
        after=after,
    )
