"""All routes of sales."""

from __future__ import annotations

from tillvault.sales.refunds.routes import router as refunds
from tillvault.sales.selling.routes import router as selling

ROUTERS = (refunds, selling)
