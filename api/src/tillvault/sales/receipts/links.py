"""The address on a receipt: a capability. Whoever holds the paper may see what stands on it, and the proof.

`/r/` and a token of 64 characters: organisation, sale, and the first 16 bytes of an HMAC over both. Nothing is stored,
so every sale has its address from the start, and a guess succeeds once in 2¹²⁸.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

TOKEN_LENGTH = 64
_MAC_BYTES = 16
_PURPOSE = b"tillvault-receipt/1\0"


@dataclass(frozen=True, slots=True)
class Address:
    """What a good token names."""

    organisation_id: UUID
    sale_id: UUID


class Links:
    """Makes and reads the addresses of one installation."""

    def __init__(self, secret: bytes, public_url: str) -> None:
        self._secret = secret
        self._public_url = public_url.rstrip("/")

    def token(self, organisation_id: UUID, sale_id: UUID) -> str:
        named = organisation_id.bytes + sale_id.bytes
        return base64.urlsafe_b64encode(named + self._mac(named)).decode()

    def url(self, organisation_id: UUID, sale_id: UUID) -> str:
        return f"{self._public_url}/r/{self.token(organisation_id, sale_id)}"

    def read(self, token: str) -> Address | None:
        """None for a token that was not made here."""
        if len(token) != TOKEN_LENGTH or not token.isascii():
            return None
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        named, mac = raw[:32], raw[32:]
        if not hmac.compare_digest(mac, self._mac(named)):
            return None
        return Address(UUID(bytes=named[:16]), UUID(bytes=named[16:]))

    def _mac(self, named: bytes) -> bytes:
        return hmac.digest(self._secret, _PURPOSE + named, hashlib.sha256)[:_MAC_BYTES]
