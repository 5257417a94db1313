"""All routes of identity."""

from __future__ import annotations

from tillvault.identity.access.routes import router as access
from tillvault.identity.api_keys.routes import router as api_keys
from tillvault.identity.audit.routes import router as audit
from tillvault.identity.branches.routes import router as branches
from tillvault.identity.first_run.routes import router as first_run
from tillvault.identity.live.routes import router as live
from tillvault.identity.organisation.routes import router as organisation
from tillvault.identity.registers.routes import router as registers
from tillvault.identity.sync_logs.routes import router as sync_logs
from tillvault.identity.telegram.routes import router as telegram
from tillvault.identity.users.routes import router as users
from tillvault.identity.webhooks.routes import router as webhooks

ROUTERS = (
    access,
    first_run,
    organisation,
    branches,
    registers,
    users,
    api_keys,
    audit,
    live,
    webhooks,
    sync_logs,
    telegram,
)
