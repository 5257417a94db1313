"""`/v1/deposits`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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
from tillvault.deposits import service
from tillvault.deposits.classification.routes import AtClassifier
from tillvault.deposits.classification.routes import router as classification
from tillvault.deposits.domain import Channel, Classification, DepositStatus, StatisticsBy
from tillvault.deposits.errors import DepositNotFound, DepositNotPending, DepositSuperseded, OnBehalfRefused
from tillvault.deposits.exports.routes import router as exports
from tillvault.deposits.periods import BranchId, Since, Until
from tillvault.deposits.schemas import (
    Categories,
    CategoryCode,
    CorrectDeposit,
    DepositAnswer,
    DepositStatistics,
    NewDeposit,
    RejectDeposit,
    StatisticsReport,
    ValidateDeposit,
)
from tillvault.identity.edge import Authorised, Door, opened
from tillvault.identity.errors import BranchForbidden, BranchInactive, BranchNotFound, RoleForbidden
from tillvault.identity.permissions import Permission, require
from tillvault.identity.schemas import REPEATABLE

router = APIRouter(prefix="/v1/deposits", tags=["deposits"], route_class=StrictRoute)

_READ = (RoleForbidden, BranchForbidden, ValidationFailed, AUTHENTICATED)
_WRITE = (RoleForbidden, BranchForbidden, BODY, REPEATABLE, AUTHENTICATED)
_DECIDE = (*_WRITE, DepositNotFound, DepositNotPending)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A new deposit and what it is taken for."""

    body: NewDeposit
    classified: Classification


async def classified(request: Request, door: Door, at: AtClassifier, body: NewDeposit) -> Told:
    """What the description is taken for, found before the transaction begins: an endpoint may think for seconds. It is
    asked for nobody who may not record, and not again for a request that was answered before. Raises Unauthorized,
    RoleForbidden and those of the idempotency key."""
    if at.remote is not None:
        async with opened(request, door) as found:
            require(found.actor, Permission.DEPOSITS_RECORD)
    return Told(body=body, classified=await at.classify(body.description, lang=body.lang))


@router.post(
    "",
    status_code=201,
    response_model=Success[DepositAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, BranchInactive, BranchNotFound, OnBehalfRefused),
)
async def record_deposit(told: Annotated[Told, Depends(classified)], edge: Authorised) -> Response:
    """Tell what was brought in. It waits for validation; the answer carries what the classifier suggests."""
    # Not a parameter here too: what is wrong with the body would be told twice.
    body = told.body
    row = await service.record(
        edge.db,
        actor=edge.actor,
        branch_id=body.branch_id,
        on_behalf_of=body.on_behalf_of,
        channel=body.channel,
        description=body.description,
        quantity=body.quantity,
        weight_grams=body.weight_grams,
        category=body.category,
        classified=told.classified,
    )
    return await edge.answer(DepositAnswer.of(row), 201)


@router.get(
    "",
    response_model=Success[Page[DepositAnswer]],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchNotFound),
)
async def list_deposits(
    *,
    edge: Authorised,
    branch_id: BranchId = None,
    status: Annotated[DepositStatus | None, Query(description="Left out: all but those that were corrected.")] = None,
    category: CategoryCode | None = None,
    channel: Channel | None = None,
    since: Annotated[date | None, Query(alias="from", description="First business day.")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last business day, included.")] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_SIZE,
) -> Response:
    """What was brought in, newest first."""
    rows, following = await service.listed(
        edge.db,
        actor=edge.actor,
        branch_id=branch_id,
        status=status,
        category=category,
        channel=channel,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    return await edge.answer(Page(items=[DepositAnswer.of(row) for row in rows], next_cursor=following))


@router.get(
    "/categories",
    response_model=Success[Categories],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, AUTHENTICATED),
)
async def list_eee_categories(edge: Authorised) -> Response:
    """The eight categories with their names."""
    return await edge.answer(Categories.all())


@router.get(
    "/statistics",
    response_model=Success[StatisticsReport],
    responses=refusals(Dialect.ENVELOPE, *_READ, BranchNotFound),
)
async def deposit_statistics(
    edge: Authorised,
    since: Since,
    until: Until,
    branch_id: BranchId = None,
    by: StatisticsBy = StatisticsBy.DAY,
) -> Response:
    """How much was brought in. What was corrected counts once, what was rejected has no weight."""
    lines = await service.statistics(edge.db, actor=edge.actor, by=by, since=since, until=until, branch_id=branch_id)
    return await edge.answer(StatisticsReport.model_construct(items=[DepositStatistics.of(line) for line in lines]))


@router.get(
    "/{deposit_id}",
    response_model=Success[DepositAnswer],
    responses=refusals(Dialect.ENVELOPE, *_READ, DepositNotFound),
)
async def read_deposit(edge: Authorised, deposit_id: UUID) -> Response:
    """One deposit."""
    return await edge.answer(DepositAnswer.of(await service.read(edge.db, actor=edge.actor, deposit_id=deposit_id)))


@router.post(
    "/{deposit_id}/validate",
    response_model=Success[DepositAnswer],
    responses=refusals(Dialect.ENVELOPE, *_DECIDE),
)
async def validate_deposit(edge: Authorised, deposit_id: UUID, body: ValidateDeposit) -> Response:
    """Let it be reported, under another category where that is right."""
    row = await service.validate(edge.db, actor=edge.actor, deposit_id=deposit_id, category=body.category)
    return await edge.answer(DepositAnswer.of(row))


@router.post(
    "/{deposit_id}/reject",
    response_model=Success[DepositAnswer],
    responses=refusals(Dialect.ENVELOPE, *_DECIDE),
)
async def reject_deposit(edge: Authorised, deposit_id: UUID, body: RejectDeposit) -> Response:
    """Never report it."""
    row = await service.reject(edge.db, actor=edge.actor, deposit_id=deposit_id, reason=body.reason)
    return await edge.answer(DepositAnswer.of(row))


@router.post(
    "/{deposit_id}/correct",
    status_code=201,
    response_model=Success[DepositAnswer],
    responses=refusals(Dialect.ENVELOPE, *_WRITE, DepositNotFound, DepositSuperseded),
)
async def correct_deposit(edge: Authorised, deposit_id: UUID, body: CorrectDeposit) -> Response:
    """Record it anew, with what is said here changed. The new deposit waits for validation, and the old one counts no
    more."""
    row = await service.correct(edge.db, actor=edge.actor, deposit_id=deposit_id, changes=body.changes())
    return await edge.answer(DepositAnswer.of(row), 201)


# The paths with a word come before those with an id.
ROUTERS = (classification, exports, router)
