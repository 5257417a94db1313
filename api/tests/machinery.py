"""What tests of the outside need: the API in a thread, `tillvault serve` as a process, a look at the rows."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import uvicorn
from fastapi import FastAPI

from tests.nursery import Child, Nursery
from tillvault.core import migrate, processes
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres
from tillvault.main import create_app

_PRISTINE = "pristine"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(is_so: Callable[[], bool], *, seconds: float = 20.0, what: str = "it") -> None:
    """Wait for something that comes about by itself."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


@contextmanager
def served(settings: Settings, app: FastAPI | None = None) -> Generator[str]:
    """The API in a thread, behind a real socket; gives its address. `app` is its own one to look into."""
    port = free_port()
    api = uvicorn.Server(
        uvicorn.Config(
            app or create_app(settings),
            port=port,
            log_config=None,
            access_log=False,
            loop="uvloop",
            http="httptools",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    thread = threading.Thread(target=api.run, daemon=True)
    thread.start()
    until(lambda: api.started or not thread.is_alive(), what="the start of the API")
    assert thread.is_alive(), "the API did not start"
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        api.should_exit = True
        thread.join(timeout=20)


def query(dsn: str, statement: str, *args: object) -> list[asyncpg.Record]:
    """Rows as another role sees them."""

    async def run() -> list[asyncpg.Record]:
        raw = await asyncpg.connect(dsn, timeout=10)
        try:
            return await raw.fetch(statement, *args)
        finally:
            await raw.close()

    return asyncio.run(run())


def execute(dsn: str, script: str) -> None:
    """Run statements that give no rows."""

    async def run() -> None:
        raw = await asyncpg.connect(dsn, timeout=10)
        try:
            await raw.execute(script)
        finally:
            await raw.close()

    asyncio.run(run())


def made_once(folder: Path) -> Path:
    """A stopped data folder with a migrated database and nothing in it, made by the first process that asks."""
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            aside = folder.with_suffix(".new")
            with EmbeddedPostgres(aside) as server:
                migrate.prepare_database(Settings(data_dir=aside), server)
            aside.rename(folder)
    return folder


def copy_folder(source: Path, target: Path) -> Path:
    """A data folder with its owners, so that a test need not make a database first."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
    return target


def own_installation(made: Path, folder: Path) -> Settings:
    """The settings of a stopped installation with a database of its own, which may be maltreated."""
    copy_folder(made, folder)
    return Settings.model_validate({"data_dir": folder, "database_url": EmbeddedPostgres(folder).dsn(APP_LOGIN)})


def new_database(server: EmbeddedPostgres, name: str) -> str:
    """A migrated database beside the common one; gives its name. A copy costs a tenth of the migrations."""
    maintenance = server.dsn(database="postgres")
    if not query(maintenance, "SELECT FROM pg_database WHERE datname = $1", _PRISTINE):
        execute(maintenance, f"CREATE DATABASE {_PRISTINE} OWNER {OWNER_ROLE}")
        migrate.upgrade(server.dsn(OWNER_ROLE, _PRISTINE))
    execute(maintenance, f"CREATE DATABASE {name} TEMPLATE {_PRISTINE} OWNER {OWNER_ROLE}")
    return name


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The machine's environment without any setting of ours, plus those given."""
    ours = ("TILLVAULT_", "DATABASE_", "REDIS_", "RELAY_", "WEBHOOK", "PG")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**clean, "HOST": "127.0.0.1", **settings}


def kill_postgres(pgdata: Path) -> None:
    """The server of a folder and all its children at once, as when the power fails."""
    pid = processes.pid_in(pgdata / "postmaster.pid")
    if pid is None or not processes.is_postmaster_of(pid, pgdata):
        return
    postmaster = psutil.Process(pid)
    for process in [postmaster, *postmaster.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: not processes.is_running(pid), what="the end of PostgreSQL")


class Serving:
    """`tillvault serve` as a process of its own, over a data folder; born in a nursery where there is one."""

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] = ("serve",),
        nursery: Nursery | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._out, self._err = (data_dir.parent / f"{data_dir.name}-{self.port}.{end}" for end in ("out", "err"))
        given = environment({"PORT": str(self.port), "TILLVAULT_DATA_DIR": str(data_dir), **(settings or {})})
        self.process: subprocess.Popen[bytes] | Child
        if nursery is not None:
            self.process = nursery.start("tillvault.cli", *command, environment=given, out=self._out, err=self._err)
            return
        with self._out.open("ab") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tillvault.cli", *command],
                stdout=out,
                stderr=err,
                env=given,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What it told people."""
        return self._err.read_text(errors="replace")

    @property
    def records(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in self._out.read_text().splitlines()]

    @property
    def postmaster(self) -> int | None:
        return processes.pid_in(self.data_dir / "postgres" / "postmaster.pid")

    def health(self) -> dict[str, Any] | None:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).json()
        except httpx.HTTPError:
            return None

    def ready(self) -> Serving:
        def is_ready() -> bool:
            assert self.process.poll() is None, self.said
            return (self.health() or {}).get("status") == "ok"

        until(is_ready, seconds=30, what="the answer of /health")
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def clean_up(self) -> None:
        """Whatever a failed test has left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=10)
        postmaster = self.postmaster
        if postmaster is not None and processes.is_postmaster_of(postmaster, self.data_dir.resolve() / "postgres"):
            os.kill(postmaster, signal.SIGQUIT)
            until(lambda: not processes.is_running(postmaster), what="the end of PostgreSQL")


def redis_server() -> str | None:
    return shutil.which("redis-server")


@contextmanager
def running_redis(port: int) -> Generator[subprocess.Popen[bytes]]:
    """A Redis that keeps nothing on disk."""
    binary = redis_server()
    assert binary is not None
    process = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"],  # noqa: S108  (nothing is written)
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _answers(port), what="the start of Redis")
        yield process
    finally:
        process.kill()
        process.wait(timeout=10)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
