"""What the operating system says about processes: which live, and which of them is a PostgreSQL of ours."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from pathlib import Path

SYSTEM_USER = "pgserver"


class Adopted:
    """A process that is not our child: it can be signalled and waited for, but not reaped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        return None if is_running(self.pid) else 0

    def send_signal(self, number: int) -> None:
        if is_running(self.pid):
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while is_running(self.pid):
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.05)
        return 0


def system_user() -> pwd.struct_passwd:
    """The user that PostgreSQL runs as when we are root; made when it is missing."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        # A race between two starts is lost harmlessly: the second useradd fails and the name is there.
        subprocess.run(["useradd", "--system", "--shell", "/bin/false", SYSTEM_USER], check=False)  # noqa: S603, S607  (fixed)
        return pwd.getpwnam(SYSTEM_USER)


def pid_in(pid_file: Path) -> int | None:
    """The process id on the first line of a pid file."""
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def is_running(pid: int) -> bool:
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


def is_postmaster_of(pid: int, pgdata: Path) -> bool:
    """Whether the process is the PostgreSQL of this folder, not one that came by the same number."""
    if not is_running(pid):
        return False
    try:
        return os.fsencode(pgdata) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return True
