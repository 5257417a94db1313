"""PINs, passwords and API keys: how they are found and how they are proven.

A PIN is found by HMAC-SHA-256 under a pepper kept outside the database, then proven once with argon2id, which is given
another HMAC and not the PIN: with the database alone, ten thousand PINs cannot be tried. A password is proven with
argon2id; an API key is random enough for a plain SHA-256.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's minimum for argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1

T = TypeVar("T")

API_KEY_PREFIX = "tv_"

Prove = Callable[[str | None, str], Awaitable[bool]]
"""Whether a secret is the one that was stored (None: nothing was)."""


class Hasher:
    """argon2id in a few threads, so that the event loop and the other cores stay free for the rest."""

    def __init__(self, threads: int) -> None:
        self._argon2 = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
        self._turns = asyncio.Semaphore(threads)
        # Threads of its own: each keeps the 19 MiB of its last hash, and a shared pool would spread them over many.
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        # Checked when there is nobody to check, so that an unknown name costs what a wrong secret costs.
        self._dummy = self._argon2.hash(secrets.token_hex(16))

    async def hash(self, secret: str) -> str:
        async with self._turns:
            return await self._run(self._argon2.hash, secret)

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[Prove]:
        """Wait for a thread; the block gets the check. What else decides on a try (its back-off) is asked inside the
        block, so that a burst of parallel guesses meets the verdict on those before it."""
        async with self._turns:
            yield self._proves

    async def _proves(self, stored: str | None, secret: str) -> bool:
        """Whether the secret is the one that was stored. Takes the same time when nothing was stored."""
        right = await self._run(self._verify, stored or self._dummy, secret)
        return right and stored is not None

    async def _run(self, act: Callable[..., T], *args: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *args)

    def _verify(self, stored: str, secret: str) -> bool:
        try:
            return self._argon2.verify(stored, secret)
        except (VerificationError, InvalidHashError):
            return False


def pin_lookup(pepper: bytes, organisation_id: UUID, pin: str) -> bytes:
    """Under which a PIN is found. The organisation is part of it: equal PINs of two shops do not look equal."""
    return hmac.digest(pepper, organisation_id.bytes + pin.encode(), "sha256")


def pin_secret(pepper: bytes, pin: str) -> str:
    """What argon2id hashes of a PIN. Without the pepper, a stolen hash says nothing that guessing could confirm."""
    return hmac.digest(pepper, b"pin\0" + pin.encode(), "sha256").hex()


def api_key_hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def new_api_key() -> str:
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def new_pin() -> str:
    """Six digits; PINs of 4 to 8 digits are accepted, those the system gives have six."""
    return f"{secrets.randbelow(10**6):06d}"


def new_password() -> str:
    return secrets.token_urlsafe(12)
