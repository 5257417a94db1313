"""Secrets that live outside the database: made on first use, mode 0600, never logged."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from tillvault.core.config import Settings


def _random_hex() -> bytes:
    return secrets.token_hex(32).encode()


def load_or_make(folder: Path, name: str, make: Callable[[], bytes] = _random_hex) -> bytes:
    """The secret in `folder/name`; made once, also when several processes start together."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        # Written aside and linked into place: a reader never sees half a secret, and the first writer wins.
        aside = folder / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_bytes().strip()


def _given_or_made(given: SecretStr | None, settings: Settings, name: str) -> bytes:
    return given.get_secret_value().encode() if given is not None else load_or_make(settings.keys_folder, name)


def token_secret(settings: Settings) -> bytes:
    return _given_or_made(settings.token_secret, settings, "token_secret")


def pin_pepper(settings: Settings) -> bytes:
    return _given_or_made(settings.pin_pepper, settings, "pin_pepper")


def webhook_secret(settings: Settings) -> bytes:
    return _given_or_made(settings.webhook_secret, settings, "webhook_secret")


def receipt_secret(settings: Settings) -> bytes:
    return _given_or_made(settings.receipt_secret, settings, "receipt_secret")
