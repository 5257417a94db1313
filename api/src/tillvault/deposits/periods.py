"""Parameters that the routes of figures and exports share."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

Since = Annotated[date, Query(alias="from", description="First business day.")]
Until = Annotated[date, Query(alias="to", description="Last business day, included; at most 400 days in all.")]
BranchId = Annotated[UUID | None, Query(alias="branchId", description="Left out: all that you may read.")]
