"""What is measured: a database of its own, one API process with the echo, shops to trade in."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tillvault.core import migrate, secrets
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres
from tillvault.core.ids import new_id
from tillvault.events import service as events
from tillvault.identity import setup
from tillvault.identity.domain import Role
from tillvault.identity.hashing import Hasher


@dataclass(slots=True)
class Till:
    """A cashier at a register. `token` once logged in."""

    store: str
    pin: str
    user_id: UUID
    register_id: UUID
    token: str = ""
    session_id: str = ""


@dataclass(slots=True)
class Stage:
    port: int
    process_id: int
    dsn: str
    settings: Settings
    organisation_id: UUID | None = None
    tills: list[Till] = field(default_factory=list[Till])
    api_key: str = ""

    def call(self, method: str, path: str, *, token: str = "", body: Any = None) -> Any:
        """One request; the decoded answer."""
        sent = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}),
        )
        with urllib.request.urlopen(sent, timeout=30) as answer:  # noqa: S310  (loopback)
            return json.loads(answer.read())

    def resident_mib(self) -> float:
        return self._status_mib("VmRSS")

    def peak_mib(self) -> float:
        """The most that was resident since `forget_peak`."""
        return self._status_mib("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process_id}/clear_refs").write_text("5")

    def _status_mib(self, name: str) -> float:
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / 1024
        return float("nan")


@contextmanager
def running(**settings_of_run: str) -> Generator[Stage]:
    """A fresh database and one API process, ended with the block; the environment of the latter may be added to."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as server:
        asyncio.run(migrate.prepare_embedded(server))
        migrate.upgrade(server.dsn(OWNER_ROLE))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = (
            os.environ | {"DATABASE_URL": server.dsn(APP_LOGIN), "TILLVAULT_DATA_DIR": folder} | settings_of_run
        )
        command = [sys.executable, "-m", "uvicorn", "bench.app:make", "--factory", "--port", str(port)]
        api = subprocess.Popen(
            [*command, "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-proxy-headers"],
            env=environment,
            cwd=Path(__file__).parents[1],
            stdout=subprocess.DEVNULL,
        )
        settings = Settings(database_url=server.dsn(APP_LOGIN), data_dir=Path(folder))  # pyright: ignore[reportArgumentType]  # Pydantic makes it a SecretStr
        stage = Stage(port=port, process_id=api.pid, dsn=server.dsn(APP_LOGIN), settings=settings)
        try:
            _wait(stage)
            yield stage
        finally:
            api.terminate()
            api.wait(timeout=30)


def _wait(stage: Stage) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            stage.call("GET", "/health")
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


async def build(stage: Stage, *, tills: int, stores: int) -> list[str]:
    """A shop with `tills` registers, each with a cashier, and `stores` stores with one inactive cashier (PIN 4321).

    Gives the codes of the stores. All PINs are hashed once and shared, so that building is quick.
    """
    database = await Database.connect(stage.dsn, stage.settings, flush=events.flush)
    hasher = Hasher(2)
    pepper = secrets.pin_pepper(stage.settings)
    codes: list[str] = []
    async with database.transaction(new_id()) as db:
        stage.organisation_id = await setup.create_organisation(db, slug="bench", name="Bench")
        stage.api_key = await setup.create_api_key(db, name="Bench")
        branch = await setup.create_branch(
            db, code="BENCH", name="Bench", timezone="UTC", base_currency="EUR", currencies=("EUR",)
        )
        for at in range(tills):
            pin = f"{100_000 + at}"
            register_id = await setup.create_register(
                db, branch_id=branch.id, name=f"Till {at}", emission_point=f"{at:03d}"
            )
            user_id = await setup.create_user(
                db,
                hasher,
                pepper=pepper,
                username=f"cashier{at}",
                name=f"Cashier {at}",
                role=Role.CASHIER,
                branch_ids=[branch.id],
                pin=pin,
            )
            stage.tills.append(Till(branch.code, pin, user_id, register_id))
        shared = [
            await setup.create_branch(
                db, code=f"S{at}", name=f"Store {at}", timezone="UTC", base_currency="EUR", currencies=("EUR",)
            )
            for at in range(stores)
        ]
        codes += [store.code for store in shared]
        if shared:
            gone = await setup.create_user(
                db,
                hasher,
                pepper=pepper,
                username="gone",
                name="Gone",
                role=Role.CASHIER,
                branch_ids=[store.id for store in shared],
                pin="4321",
            )
            await db.execute(
                "UPDATE users SET is_active = false WHERE organisation_id = $1 AND id = $2", db.organisation_id, gone
            )
    await database.close()
    return codes


def log_in(stage: Stage, till: Till) -> None:
    answer = stage.call(
        "POST",
        "/api/auth/login-pin",
        body={"pin": till.pin, "codigo_tienda": till.store, "tpv_id": str(till.register_id)},
    )
    till.token = answer["access_token"]


def open_drawer(stage: Stage, till: Till) -> None:
    body = {"openingFloat": {"EUR": 100}}
    till.session_id = stage.call("POST", "/v1/cash/sessions", token=till.token, body=body)["data"]["id"]
