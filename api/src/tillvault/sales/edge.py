"""The edge of a sale: one transaction keeps it, then its ticket goes into the vault, then it is answered.

The ticket cannot share the sale's transaction: tickets of many tills are recorded together (group commit), and nobody's
drawer may wait for another's. When the process dies in between, or the vault cannot sign, the sale stands, its answer
names no position yet, and the relay brings the ticket in, once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import orjson
from fastapi import Request
from starlette.responses import Response

from tillvault.cash.takings.domain import Sale
from tillvault.cash.takings.errors import SaleRecorded
from tillvault.core.db import Connection
from tillvault.core.errors import AppError, Unauthorized
from tillvault.core.http.answers import json_answer
from tillvault.core.idempotency import AnsweredBefore
from tillvault.core.jsontext import dumps
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.domain import Actor
from tillvault.identity.edge import guard_branch, opened
from tillvault.sales import vaulting
from tillvault.sales.schemas import SaleOut
from tillvault.vault.domain import Document, Submission
from tillvault.vault.intake import Intake

Act = Callable[[Connection, Actor], Awaitable[tuple[Sale, Submission]]]


async def answer_sale(request: Request, act: Act, *, own_id: UUID | None, request_sha256: bytes) -> Response:
    """Carry out a sale or refund and answer it with its place in the ledger. `own_id` is the id that the client made:
    a repetition under it finds what it repeats, also when it would be refused by now.
    """
    # Not a dependency: to solve one takes as long as to price a line.
    door: Doorkeeper = request.app.state.doorkeeper
    try:
        async with opened(request, door) as edge:
            await guard_branch(edge)
            sale, ticket = await act(edge.db, edge.actor)
            if edge.held is not None:
                # Kept is only whose answer to repeat: the place in the ledger is not known yet.
                await edge.answer({"id": sale.id}, 201)
    except AnsweredBefore as before:
        return await _repeated(request, door, UUID(orjson.loads(before.body)["data"]["id"]), status=before.status)
    except Unauthorized:
        raise
    except AppError as refusal:
        if own_id is not None and (repeated := await _known(request, door, own_id, request_sha256)):
            return repeated
        raise refusal from None
    return _answer(sale, await vaulting.vaulted(_intake(request), sale.organisation_id, ticket), 201)


async def _known(request: Request, door: Doorkeeper, sale_id: UUID, request_sha256: bytes) -> Response | None:
    """The answer of a sale that was recorded under this id before. Raises SaleRecorded if it is another one."""
    async with opened(request, door, is_repetition=True) as edge:
        kept = await vaulting.kept(edge.db, sale_id)
    if kept is None:
        return None
    if kept.sealed.request_sha256 != request_sha256:
        raise SaleRecorded
    return await _repeated(request, door, sale_id, status=200)


async def _repeated(request: Request, door: Doorkeeper, sale_id: UUID, *, status: int) -> Response:
    async with opened(request, door, is_repetition=True) as edge:
        sale, ticket = await vaulting.again(edge.db, actor=edge.actor, sale_id=sale_id)
    response = _answer(sale, await vaulting.vaulted(_intake(request), sale.organisation_id, ticket), status)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _answer(sale: Sale, document: Document | None, status: int) -> Response:
    return json_answer(dumps({"success": True, "data": SaleOut.of(sale, document)}), status)


def _intake(request: Request) -> Intake:
    return request.app.state.intake
