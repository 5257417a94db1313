"""All routes of the drawer."""

from __future__ import annotations

from tillvault.cash.closing.routes import router as closing
from tillvault.cash.figures.routes import router as figures
from tillvault.cash.movements.routes import router as movements
from tillvault.cash.sessions.routes import router as sessions

ROUTERS = (sessions, closing, movements, figures)
