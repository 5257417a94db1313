"""Cursor pages. A cursor names the last row seen, so a page stays right while rows are added."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from uuid import UUID

from tillvault.core.clock import iso, require_aware
from tillvault.core.errors import ValidationFailed

PAGE_SIZE_MAX = 200
PAGE_SIZE = 50


def encode(moment: datetime, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{iso(moment)}|{row_id}".encode()).decode().rstrip("=")


def decode(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    """The moment and id of the last row seen. Raises ValidationFailed for a cursor that we did not make."""
    if cursor is None:
        return None, None
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        moment, _, row_id = text.partition("|")
        return require_aware(datetime.fromisoformat(moment)), UUID(row_id)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise ValidationFailed.of("cursor", "is not a cursor of this list") from error
