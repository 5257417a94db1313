"""Tillvault's Telegram bot. It speaks HTTP to the API alone and imports nothing of it."""

from __future__ import annotations

__version__ = "0.1.0"
