"""Cursors of lists in the order of a name: its last row's key and id (those of `core.paging` hold a moment)."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from tillvault.core.errors import ValidationFailed

LENGTH_MAX = 2000
"""A key has up to 1,300 bytes."""


def encode(key: str, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(f"{row_id}|{key}".encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[str, UUID]:
    """The key and id of the last row seen. Raises ValidationFailed for a cursor that we did not make."""
    try:
        text = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)).decode()
        row_id, _, key = text.partition("|")
        # PostgreSQL takes no U+0000, and no key of ours has one.
        return key.replace("\0", ""), UUID(row_id)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise ValidationFailed.of("cursor", "is not a cursor of this list") from error
