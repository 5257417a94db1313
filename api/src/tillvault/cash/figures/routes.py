"""Figures for charts: what was taken, and what was missing or too much."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from tillvault.cash.figures import service
from tillvault.cash.figures.domain import TakingsBy, VariancesBy
from tillvault.cash.figures.schemas import TakingsOut, TakingsReport, VarianceOut, VariancesReport
from tillvault.cash.sessions.routes import GUARD
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, refusals
from tillvault.identity.edge import Authorised, guard_branch
from tillvault.identity.errors import BranchNotFound

router = APIRouter(
    prefix="/v1/reports", tags=["reports"], route_class=StrictRoute, dependencies=[Depends(guard_branch)]
)

Since = Annotated[date, Query(alias="from", description="First business day.")]
Until = Annotated[date, Query(alias="to", description="Last business day, included; at most 400 days in all.")]
BranchId = Annotated[UUID | None, Query(alias="branchId", description="Left out: all that you may read.")]


@router.get(
    "/takings",
    response_model=Success[TakingsReport],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, BranchNotFound, GUARD, AUTHENTICATED),
)
async def takings(
    edge: Authorised, since: Since, until: Until, branch_id: BranchId = None, by: TakingsBy = TakingsBy.DAY
) -> Response:
    """What was taken, summed from the sales and refunds themselves. By category the lines are summed, without donations
    and rounding; by method the payments, less the change."""
    lines = await service.takings(edge.db, actor=edge.actor, by=by, since=since, until=until, branch_id=branch_id)
    return await edge.answer(TakingsReport.model_construct(items=[TakingsOut.of(line) for line in lines]))


@router.get(
    "/variances",
    response_model=Success[VariancesReport],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, BranchNotFound, GUARD, AUTHENTICATED),
)
async def variances(
    *,
    edge: Authorised,
    since: Since,
    until: Until,
    branch_id: BranchId = None,
    register_id: Annotated[UUID | None, Query(alias="registerId", description="The drawers of one register.")] = None,
    opened_by: Annotated[UUID | None, Query(alias="openedBy", description="The drawers of one person.")] = None,
    by: VariancesBy = VariancesBy.CASHIER,
) -> Response:
    """Differences found by the first count of each close, per person, register or time."""
    lines = await service.variances(
        edge.db,
        actor=edge.actor,
        by=by,
        since=since,
        until=until,
        branch_id=branch_id,
        register_id=register_id,
        opened_by=opened_by,
    )
    return await edge.answer(VariancesReport.model_construct(items=[VarianceOut.of(line) for line in lines]))
