"""Rules of Telegram accounts: what a code looks like and how long it is good."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

CODE_LIFETIME = timedelta(minutes=10)
CODE_LENGTH = 8
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without the letters and digits that are taken for each other. Eight of 31 are 39 bits: with five tries in fifteen
minutes nobody finds one of a shop's few codes in the ten minutes that it is good."""

TELEGRAM_ID_MAX = 2**52
"""Telegram: "at most 52 significant bits"."""

LANGUAGES = ("en", "fr", "es")


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def code_hash(code: str) -> bytes:
    """Of the code as people type it: in any case, with spaces and dashes."""
    plain = code.upper().replace(" ", "").replace("-", "")
    return hashlib.sha256(plain.encode()).digest()
