"""Bringing the tickets of sales into the vault: at once where it can be, later where not, and never twice.

A ticket is what it says: the vault finds one that it has already, so any number of tries leaves one leaf.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from tillvault.cash.takings import queries as takings
from tillvault.cash.takings.domain import Sale, SaleFinalized, SaleRefunded
from tillvault.cash.takings.errors import SaleNotFound
from tillvault.cash.takings.queries import Kept
from tillvault.core.db import Connection, Database
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.events.relay.domain import Envelope
from tillvault.identity.domain import Actor
from tillvault.sales.selling.service import read
from tillvault.sales.service import sender_of
from tillvault.vault import queries as vault
from tillvault.vault.domain import Document, Submission
from tillvault.vault.intake import Intake
from tillvault.vault.service import submission


async def vaulted(intake: Intake, organisation_id: UUID, ticket: Submission) -> Document | None:
    """The ticket's place in the ledger; None when the vault cannot take it now. The sale stands either way."""
    try:
        return await intake.submit(organisation_id, ticket)
    except AppError as refusal:
        log().warning("sale.not_vaulted", code=refusal.code, source_id=ticket.source_id)
        return None


async def kept(db: Connection, sale_id: UUID) -> Kept | None:
    return await takings.kept(db, sale_id)


async def again(db: Connection, *, actor: Actor, sale_id: UUID) -> tuple[Sale, Submission]:
    """A recorded sale with its ticket, as it was when it was made. Raises as reading the sale does."""
    sale = await read(db, actor=actor, sale_id=sale_id)
    found = await takings.kept(db, sale_id)
    if found is None:
        raise SaleNotFound
    return sale, _ticket(actor.organisation_id, found.sealed.ticket)


async def documents(db: Connection, sales: Sequence[Sale]) -> dict[bytes, Document]:
    """The tickets of these sales that stand in the ledger, by identity."""
    return await vault.known(db, [sale.ticket_sha256 for sale in sales]) if sales else {}


async def bring_in(database: Database, intake: Intake, organisation_id: UUID, sale_ids: Sequence[UUID]) -> int:
    """Bring in the tickets of these sales that the vault does not hold; gives how many there were.

    Raises VaultBusy, VaultUnavailable: whoever asked tries again.
    """
    async with database.transaction(organisation_id) as db:
        missing = await takings.tickets(db, sale_ids)
    for raw in missing:
        await intake.submit(organisation_id, _ticket(organisation_id, raw))
    return len(missing)


def _ticket(organisation_id: UUID, raw: bytes) -> Submission:
    body: dict[str, Any] = orjson.loads(raw)
    return submission(sender_of(organisation_id, body["tenant"]), raw)


class TicketsOfSales:
    """Hears of every final sale and refund from the relay, and brings in the tickets that the vault does not hold: the
    process died between the sale's commit and the ticket's, or the vault could not sign."""

    name = "tickets-of-sales"
    types = frozenset({SaleFinalized.type, SaleRefunded.type})

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake

    async def handle(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        ids = [UUID(envelope.payload["saleId"]) for envelope in envelopes]
        await bring_in(self._database, self._intake, organisation_id, ids)
