"""All routes of identity."""

from __future__ import annotations

from tillvault.identity.access.routes import router as access
from tillvault.identity.audit.routes import router as audit
from tillvault.identity.branches.routes import router as branches

ROUTERS = (access, branches, audit)
