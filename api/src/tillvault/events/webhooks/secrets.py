"""Secrets of webhooks. Each is derived from a secret of the installation that stands outside the database, so that a
stolen database cannot sign, and there is nothing to encrypt."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from standardwebhooks import Webhook

ROTATION = timedelta(hours=24)
"""How long the secret before the present one still signs too."""

_DOMAIN = b"tillvault webhook secret v1\0"


def secret_of(master: bytes, *, organisation_id: UUID, endpoint_id: UUID, generation: int) -> str:
    """`whsec_…`: 32 bytes in base64 (Standard Webhooks, "Signature scheme")."""
    told = _DOMAIN + organisation_id.bytes + endpoint_id.bytes + generation.to_bytes(4, "big")
    return "whsec_" + base64.b64encode(hmac.new(master, told, hashlib.sha256).digest()).decode()


def generations(generation: int, rotated_at: datetime | None, now: datetime) -> list[int]:
    """Which secrets sign now: the present one first, and for a day the one before it."""
    if generation > 1 and rotated_at is not None and now < rotated_at + ROTATION:
        return [generation, generation - 1]
    return [generation]


def signature(secrets: Sequence[str], *, message_id: str, at: datetime, body: bytes) -> str:
    """The header `webhook-signature`: one signature per secret, separated by a space."""
    text = body.decode()
    return " ".join(Webhook(secret).sign(message_id, at, text) for secret in secrets)
