"""What the use cases of administration share: whom a list shows what, page by page, and what a change changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.db import Row
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import sees_whole_organisation


def visible_branches(actor: Actor) -> list[UUID] | None:
    """The branches whose things the actor sees; None for the whole organisation."""
    return None if sees_whole_organisation(actor) else sorted(actor.branch_ids)


def page(rows: list[Row], limit: int) -> tuple[list[Row], str | None]:
    """A page of `limit` rows and the cursor of the next, from a list that was asked for one row more."""
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], paging.encode(last["created_at"], last["id"])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides of what differs: what the audit trail tells of a change."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}
