"""Secrets of storage, encrypted under a key that stands outside the database (decision 20): a stolen database alone
opens no bucket. The organisation and the export are bound in, so a row moved elsewhere does not open."""

from __future__ import annotations

import hashlib
import hmac
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_DOMAIN = b"tillvault export credentials v1\0"
_NONCE_BYTES = 12


def _key(master: bytes) -> AESGCM:
    return AESGCM(hmac.new(master, _DOMAIN, hashlib.sha256).digest())


def seal(secret: str, *, master: bytes, organisation_id: UUID, export_id: UUID) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _key(master).encrypt(nonce, secret.encode(), organisation_id.bytes + export_id.bytes)


def unseal(sealed: bytes, *, master: bytes, organisation_id: UUID, export_id: UUID) -> str:
    """Raises cryptography's InvalidTag when the key or the row is another one."""
    nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return _key(master).decrypt(nonce, rest, organisation_id.bytes + export_id.bytes).decode()
