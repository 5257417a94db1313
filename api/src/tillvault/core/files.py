"""Files that are there as a whole, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from tillvault.core.db import StartupRefused


@contextmanager
def whole(path: Path, *, replace: bool) -> Generator[BinaryIO]:
    """A new file of mode 0600, which gets its name once the block has ended well and all is on the disk.

    Raises StartupRefused for one that is there, unless it may be replaced.
    """
    if path.exists() and not replace:
        raise _there(path)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # Private from its first byte on, whatever the umask.
        with os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            aside.replace(path)
        else:
            _link(aside, path)
        sync_folder(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def _link(aside: Path, path: Path) -> None:
    try:
        # Unlike a rename, a link never replaces what somebody else has written meanwhile.
        path.hardlink_to(aside)
    except FileExistsError as error:
        raise _there(path) from error
    except OSError:
        # A file system without links, as on a memory stick.
        if path.exists():
            raise _there(path) from None
        aside.rename(path)


def _there(path: Path) -> StartupRefused:
    return StartupRefused(f"{path} is there already. Name another file, or replace it with --force.")


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
