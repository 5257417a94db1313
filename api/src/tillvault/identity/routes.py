"""All routes of identity."""

from __future__ import annotations

from tillvault.identity.access.routes import router as access

ROUTERS = (access,)
