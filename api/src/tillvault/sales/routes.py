"""All routes of sales."""

from __future__ import annotations

from tillvault.sales.carts.routes import router as carts
from tillvault.sales.documents.routes import router as documents
from tillvault.sales.receipts import routes as receipts
from tillvault.sales.refunds.routes import router as refunds
from tillvault.sales.selling.routes import busiest
from tillvault.sales.selling.routes import router as selling

# Carts come first: their paths are fixed where a sale's hold an id.
ROUTERS = (busiest, documents, carts, refunds, *receipts.ROUTERS, selling)
