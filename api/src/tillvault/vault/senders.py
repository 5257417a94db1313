"""Who posts a ticket, found before a byte of the body is read (vault.md, "Intake", step 1).

An API key is remembered for a few seconds: a busy till's tickets do not each ask the database who it is. Whether the
key still stands is asked again in the transaction that records the ticket, so a revocation is felt at once.
"""

from __future__ import annotations

import time

from fastapi import Request

from tillvault.identity.access.service import Doorkeeper, is_api_key
from tillvault.identity.edge import actor_of_request, bearer_of
from tillvault.identity.permissions import Permission, require
from tillvault.vault import queries
from tillvault.vault.service import Sender

_REMEMBERED_SECONDS = 5.0
_REMEMBERED_MAX = 4096


class Senders:
    """The senders of one process."""

    def __init__(self, door: Doorkeeper) -> None:
        self._door = door
        self._known: dict[str, tuple[float, Sender]] = {}

    async def of(self, request: Request, permission: Permission) -> Sender:
        """Raises Unauthorized or RoleForbidden."""
        bearer = bearer_of(request)
        key = f"{permission}|{bearer}"
        remembered = self._known.get(key)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        actor = await actor_of_request(request, self._door)
        require(actor, permission)
        async with self._door.database.transaction(actor.organisation_id) as db:
            tenant = await queries.tenant(db)
        sender = Sender(
            organisation_id=actor.organisation_id,
            tenant=tenant,
            api_key_id=actor.id if actor.role is None else None,
        )
        if is_api_key(bearer):
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            self._known[key] = (time.monotonic() + _REMEMBERED_SECONDS, sender)
        return sender
