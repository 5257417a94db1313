"""The keys folder in a backup: only where it was asked for, and never over keys that are there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.files import sync_folder
from tillvault.vault import key_register, keys
from tillvault.vault.key_leaves import USES

SECRETS = ("pin_pepper", "webhook_secret", "receipt_secret", "token_secret")
"""Beside the keys of the vault; each can come from the environment instead."""
_LEFT_OUT = (".lock",)


def read(settings: Settings) -> dict[str, bytes]:
    """The files of the folder by name. Raises StartupRefused where there is none.

    The kept checkpoints stay out: they are what tells a restored database from the newest one.
    """
    folder = settings.keys_folder
    found = {path.name: path.read_bytes() for path in _files(folder)} if folder.is_dir() else {}
    if not found:
        raise StartupRefused(f"There are no keys in {folder}. Name their folder in TILLVAULT_KEYS_DIR.")
    return found


def _files(folder: Path) -> Iterable[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.suffix not in _LEFT_OUT
    )


def refuse_others(settings: Settings, signing: Collection[str]) -> None:
    """Raises StartupRefused unless the keys here are those that sign: a backup with others would be of no use."""
    signers = keys.load(settings) if keys.are_there(settings) else None
    here = {signers.key(use).kid for use in USES} if signers is not None else set[str]()
    if not here >= set(signing):
        raise StartupRefused(
            f"{settings.keys_folder} does not hold the keys that the vault signs with, or they were rotated a moment "
            "ago. Run the command again; name the right folder in TILLVAULT_KEYS_DIR."
        )


def refuse_conflicts(settings: Settings, files: Mapping[str, bytes]) -> None:
    """Raises StartupRefused if a file of the backup would take the place of another."""
    for name, content in files.items():
        path = settings.keys_folder / name
        # Of public keys each side may know some that the other does not; the next start joins them.
        if name != key_register.FILE and path.exists() and path.read_bytes() != content:
            raise StartupRefused(
                f"{path} is not the one of the backup, and is not replaced. Restore without --with-keys to keep what "
                "is there, or move the folder away first."
            )


def place(settings: Settings, files: Mapping[str, bytes]) -> None:
    """Write the files that are not there, each of mode 0600."""
    folder = settings.keys_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        path = folder / name
        if path.exists():
            continue
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync_folder(folder)


def missing(settings: Settings) -> list[str]:
    """Secrets that neither the folder nor the environment has: a server that starts would make new ones."""
    given = {
        "pin_pepper": settings.pin_pepper,
        "webhook_secret": settings.webhook_secret,
        "receipt_secret": settings.receipt_secret,
        "token_secret": settings.token_secret,
    }
    return [name for name in SECRETS if given[name] is None and not (settings.keys_folder / name).exists()]
