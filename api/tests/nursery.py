"""Where processes are born quickly: one that has loaded what `python -m …` would load, and forks on demand.

What a server or a bot is made of takes a second or two to load. A child is a process of its own all the same, with the
environment, the folder and the files to write to that it is given, and runs its module as Python does. That one starts
from nothing is shown where starting is what is tried. Run as a script, and used from the tests as `Nursery`.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

_LOOK_SECONDS = 0.02


class Child:
    """What a nursery has forked, as one would use a `subprocess.Popen`."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._told = b""
        self._status: int | None = None
        while b"\n" not in self._told:
            told = line.recv(100)
            assert told, "the nursery is gone"
            self._told += told
        pid, _, self._told = self._told.partition(b"\n")
        self.pid = int(pid)

    def poll(self) -> int | None:
        """How it ended, a signal as its negative number; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float = 600) -> int:
        deadline = time.monotonic() + timeout
        while (status := self._look(max(0.0, deadline - time.monotonic()))) is None:
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float) -> int | None:
        if self._status is None and select.select([self._line], [], [], seconds)[0]:
            told = self._line.recv(100)
            assert told, "the nursery is gone"
            self._told += told
            if self._told.endswith(b"\n"):
                self._status = int(self._told)
                self._line.close()
        return self._status


class Nursery:
    """The process, as long as the block lasts: `python` with these modules loaded."""

    def __init__(self, python: str | Path, *modules: str, environment: Mapping[str, str] | None = None) -> None:
        # A socket's path is short.
        self._folder = tempfile.TemporaryDirectory()
        self._socket = Path(self._folder.name) / "socket"
        self._process = subprocess.Popen([python, __file__, str(self._socket), *modules], env=environment)

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)
        self._folder.cleanup()

    def start(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        out: Path,
        err: Path,
        folder: Path | None = None,
    ) -> Child:
        """`python -m module arguments…`. The first one waits until the nursery has loaded what it needs."""
        for file in (out, err):
            file.touch()
        line = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + 90
        while True:
            try:
                line.connect(str(self._socket))
                break
            except OSError:
                assert self._process.poll() is None
                assert time.monotonic() < deadline, "the nursery does not answer"
                time.sleep(_LOOK_SECONDS)
        line.settimeout(90)
        wanted = {
            "command": [module, *arguments],
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
            "files": [str(out), str(err)],
        }
        line.sendall(json.dumps(wanted).encode())
        line.shutdown(socket.SHUT_WR)
        return Child(line)


def _serve(path: str, modules: list[str]) -> None:
    """Fork for whoever connects, and tell them at the end how it ended."""
    for module in modules:
        importlib.import_module(module)
    children: dict[int, socket.socket] = {}
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        while os.getppid() == parent:  # Tests that were killed leave no nursery behind.
            if select.select([server], [], [], _LOOK_SECONDS)[0]:
                line, _ = server.accept()
                with line.makefile("rb") as told:
                    wanted = json.loads(told.read())
                pid = os.fork()
                if pid == 0:
                    for each in (server, line, *children.values()):
                        each.close()
                    _become(**wanted)
                children[pid] = line
                line.sendall(f"{pid}\n".encode())
            _tell_ends(children)


def _tell_ends(children: dict[int, socket.socket]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with children.pop(pid) as line, contextlib.suppress(OSError):
            line.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(command: list[str], environment: Mapping[str, str], folder: str, files: list[str]) -> None:
    """Run the command in this process, to its end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT), number)
    sys.argv = command
    for loaded in (command[0], f"{command[0]}.__main__"):
        sys.modules.pop(loaded, None)  # It runs as `__main__`, and is there no second time.
    status = 1
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001  (told in the log, as Python does, before this process ends)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _serve(sys.argv[1], sys.argv[2:])
