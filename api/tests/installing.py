"""What tests of installations share: a data folder, and `tillvault` run and served on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.machinery import environment, free_port, until

INIT = {
    "--organisation": "Café Ñandú",
    "--branch": "Ñandú Centro",
    "--timezone": "Europe/Madrid",
    "--currency": "EUR",
    "--register": "Caja 1",
    "--admin-name": "Eva",
    "--admin-username": "eva",
}


@dataclass(kw_only=True)
class Installation:
    """A data folder and the port its API is served on."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        return environment({"TILLVAULT_DATA_DIR": str(self.folder), "PORT": str(self.port)})

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tillvault.cli", *arguments],
            env=self.variables | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def init(self, *, database_url: str | None = None, **changed: str | None) -> subprocess.CompletedProcess[str]:
        """Run `tillvault init` with the options of INIT, some changed, those that are None left out."""
        options = INIT | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
        words = [word for name, value in options.items() if value is not None for word in (name, value)]
        return self.run("init", *words, **({"DATABASE_URL": database_url} if database_url else {}))

    @contextmanager
    def served(self, *arguments: str) -> Generator[httpx.Client]:
        with (self.folder.parent / "out.log").open("w") as out, (self.folder.parent / "err.log").open("w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "tillvault.cli", "serve", *arguments],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        try:
            with httpx.Client(base_url=self.url, timeout=30) as http:
                until(lambda: self._is_ready(process, http), seconds=60, what="the start")
                yield http
        finally:
            process.terminate()
            process.wait(timeout=60)

    def _is_ready(self, process: subprocess.Popen[bytes], http: httpx.Client) -> bool:
        assert process.poll() is None, self.said()
        try:
            return http.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def said(self) -> str:
        """What the served API printed: its log, then what it says to people."""
        return "".join((self.folder.parent / name).read_text() for name in ("out.log", "err.log"))
