"""`tillvault init`, as a process on a data folder of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.installing import INIT, Installation
from tests.machinery import new_database
from tillvault import demo
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(folder=tmp_path / "var")


@pytest.fixture
def empty_dsn(server: EmbeddedPostgres, settings: Settings) -> str:
    """An empty, migrated database beside the others of the test server."""
    return server.dsn(APP_LOGIN, new_database(server, f"empty_{uuid4().hex[:8]}"))


@pytest.mark.slow
def test_a_shop_set_up_by_init_can_be_logged_in_to(installation: Installation) -> None:
    done = installation.init()

    assert done.returncode == 0, done.stderr
    shown = dict(re.findall(r"^(Store code|PIN|Password) +(\S+)$", done.stdout, re.MULTILINE))
    assert re.fullmatch(r"NAND-[0-9A-F]{4}", shown["Store code"])
    with installation.served() as http:
        login = http.post(
            "/api/auth/login", json={"username": "eva", "password": shown["Password"], "organizacion": "cafe-nandu"}
        )
        till = http.post("/api/auth/validar-pin", json={"pin": shown["PIN"], "codigo_tienda": shown["Store code"]})
        admin = {"Authorization": f"Bearer {login.json()['access_token']}"}
        trail = http.get("/v1/audit", headers=admin).json()["data"]["items"]
        health = http.get("/health").json()
    assert login.json()["usuario"]["rol"] == "propietario"
    assert [tpv["punto_emision"] for tpv in till.json()["tpvs_disponibles"]] == ["001"]
    assert [(entry["action"], entry["actorName"]) for entry in trail] == [("ORGANISATION_CREATED", "tillvault init")]
    assert health["demo"] is False
    assert "tillvault init" in installation.said()
    assert installation.url in installation.said()
    assert shown["Password"] not in installation.said()


@pytest.mark.parametrize("missing", list(INIT))
def test_init_names_the_option_that_is_missing(installation: Installation, missing: str) -> None:
    done = installation.init(**{missing.removeprefix("--").replace("-", "_"): None})

    assert done.returncode == 2
    assert missing in done.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timezone", "Europe/Atlantis"),
        ("currency", "XXX"),
        ("slug", "-No-"),
        ("admin_username", "e v a"),
        ("branch", " "),
    ],
)
def test_init_names_the_option_that_is_wrong(installation: Installation, option: str, value: str) -> None:
    done = installation.init(**{option: value})

    assert done.returncode == 2
    assert f"--{option.replace('_', '-')}" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_asks_on_a_terminal_for_what_is_missing(installation: Installation) -> None:
    ours, theirs = pty.openpty()
    words = [word for name, value in INIT.items() if name != "--timezone" for word in (name, value)]

    process = subprocess.Popen(
        [sys.executable, "-m", "tillvault.cli", "init", *words],
        env=installation.variables,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(ours, b"Europe/Atlantis\n")
    out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)

    assert "Timezone" in err
    assert "--timezone" in err
    assert (process.returncode, out.strip()) == (2, "")


def test_init_works_on_a_database_of_ones_own(empty_dsn: str, installation: Installation) -> None:
    done = installation.init(database_url=empty_dsn)

    assert done.returncode == 0, done.stderr
    assert asyncio.run(demo.installation(empty_dsn, Settings())).organisations == 1
    assert not (installation.folder / "postgres").exists()
