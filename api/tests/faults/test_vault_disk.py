"""A full disk: refused with 503, never an unsigned 201; when there is room again the log goes on, and nothing is lost.

Files that may not grow are what every user can arrange; a file system of its own that fills up needs the right to
mount, and is tried where the tests have it.
"""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.machinery import copy_folder, kill_postgres, served, until
from tests.support import Shops
from tests.vaultload import Load, Told, assert_nothing_is_lost
from tillvault.core import processes
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres

pytestmark = pytest.mark.slow


def can_mount() -> bool:
    """Whether this machine lets us make a file system in memory."""
    with tempfile.TemporaryDirectory() as folder:
        return _mount(Path(folder), size_mib=1) and _unmount(Path(folder))


def _mount(folder: Path, *, size_mib: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tillvault-test", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _unmount(folder: Path) -> bool:
    return subprocess.run(["umount", str(folder)], check=False, capture_output=True).returncode == 0


class Disk(ABC):
    """Where a database lives, and how its room ends and comes back."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self.server = server

    @abstractmethod
    def fill(self) -> None: ...

    @abstractmethod
    def keep_full(self) -> None:
        """Take what PostgreSQL has given back since."""

    @abstractmethod
    def clear(self) -> None: ...

    @abstractmethod
    def was_full(self) -> bool:
        """Whether PostgreSQL has met the end of it."""


class Limited(Disk):
    """No file of PostgreSQL may grow beyond a size: a limit of the process, set as its own user, who may do so."""

    size_bytes = 17 * 2**20
    """Above the 16 MiB of a segment of the write-ahead log: tables cannot grow, the log can."""

    def fill(self) -> None:
        self._limit(str(self.size_bytes))

    def keep_full(self) -> None:
        """A limit stays as it is."""

    def clear(self) -> None:
        self._limit("unlimited")

    def was_full(self) -> bool:
        return b"File too large" in (self.server.pgdata / "server.log").read_bytes()

    def _limit(self, size: str) -> None:
        pid = processes.pid_in(self.server.pgdata / "postmaster.pid")
        if pid is None or not processes.is_postmaster_of(pid, self.server.pgdata):
            return
        self._limit_one(psutil.Process(pid), size)
        # Looked for only now: whoever is born later inherits the server's.
        for process in psutil.Process(pid).children():
            self._limit_one(process, size)

    @staticmethod
    def _limit_one(process: psutil.Process, size: str) -> None:
        is_root = os.geteuid() == 0
        done = subprocess.run(
            ["prlimit", "--pid", str(process.pid), f"--fsize={size}:unlimited"],
            user=processes.SYSTEM_USER if is_root else None,
            group=processes.SYSTEM_USER if is_root else None,
            extra_groups=[] if is_root else None,
            check=False,
            capture_output=True,
            text=True,
        )
        # A child may have ended meanwhile.
        assert done.returncode == 0 or not process.is_running(), done.stderr


class LimitedLog(Limited):
    """Not even the write-ahead log can be written: PostgreSQL gives up, and has to be started again."""

    size_bytes = 2**20

    def clear(self) -> None:
        kill_postgres(self.server.pgdata)


class Full(Disk):
    """A file system that has no room left."""

    left_bytes: int | None = None
    """What it had when it was filled last."""

    def fill(self) -> None:
        # Bit by bit: PostgreSQL takes of the room meanwhile.
        with self._ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(2**20))
        found = os.statvfs(self.server.data_dir)
        self.left_bytes = found.f_bavail * found.f_frsize

    def keep_full(self) -> None:
        # A segment of PostgreSQL's own log that it could not finish, or needs no more, makes room again.
        self.fill()

    def clear(self) -> None:
        self._ballast.unlink()

    def was_full(self) -> bool:
        return self.left_bytes is not None and self.left_bytes <= 2**18

    @property
    def _ballast(self) -> Path:
        return self.server.data_dir / "ballast"


WAYS: list[type[Disk]] = [Limited, LimitedLog, *([Full] if can_mount() else [])]


@pytest.fixture(params=WAYS)
def disk(request: pytest.FixtureRequest, made: Path, tmp_path: Path) -> Generator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = request.param is Full and _mount(folder, size_mib=256)
    try:
        with EmbeddedPostgres(copy_folder(made, folder / "var")) as server:
            yield request.param(server)
    finally:
        if mounted:
            assert _unmount(folder)


def test_a_full_disk_is_503_and_what_was_acknowledged_is_there_when_there_is_room_again(
    disk: Disk, tmp_path: Path
) -> None:
    server = disk.server
    own = Settings.model_validate(
        {"data_dir": tmp_path / "api", "database_url": server.dsn(APP_LOGIN), "database_pool_size": 4}
    )
    # Large, and not to be compressed.
    told = Told(ticket={"pad": base64.b64encode(secrets.token_bytes(45_000)).decode()})
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as client:
        shop = Shops(client, own).make()
        with Load(url, shop, told, name="full", threads=4):
            until(lambda: told.statuses[201] > 20, what="the first tickets")
            disk.fill()

            def is_refused() -> bool:
                disk.keep_full()
                return told.statuses[503] > 20

            until(is_refused, seconds=60, what="the refusals")
            assert disk.was_full()
            stored = len(told.acknowledged)
            disk.clear()
            server.start()
            until(lambda: len(told.acknowledged) > stored + 20, seconds=60, what="the recovery")

        assert told.statuses.keys() == {201, 503}
        assert_nothing_is_lost(url, shop, told, superuser_dsn=server.dsn(), settings=own)
