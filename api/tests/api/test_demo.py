"""`tillvault demo` and `tillvault serve --demo`, as processes on data folders of their own."""

from __future__ import annotations

import asyncio
import json
import re
import stat
from collections.abc import Generator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.installing import Installation
from tests.machinery import new_database
from tillvault import demo
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres


@pytest.fixture(scope="module")
def demo_shop(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Installation, httpx.Client]]:
    """A fresh installation, served with demo data."""
    installation = Installation(folder=tmp_path_factory.mktemp("shop") / "var")
    with installation.served("--demo") as http:
        yield installation, http


def told(installation: Installation) -> dict[str, Any]:
    return json.loads((installation.folder / "demo.json").read_text())


@pytest.fixture
def empty_dsn(server: EmbeddedPostgres, settings: Settings) -> str:
    """An empty, migrated database beside the others of the test server."""
    return server.dsn(APP_LOGIN, new_database(server, f"empty_{uuid4().hex[:8]}"))


@pytest.mark.slow
def test_init_works_beside_a_running_api_and_refuses_a_slug_that_is_taken(
    demo_shop: tuple[Installation, httpx.Client],
) -> None:
    installation, http = demo_shop

    done = installation.init(slug="beside")
    again = installation.init(slug="beside", admin_username="other")

    password = re.search(r"^Password +(\S+)$", done.stdout, re.MULTILINE)
    assert password, done.stderr
    login = http.post("/api/auth/login", json={"username": "eva", "password": password[1], "organizacion": "beside"})
    assert login.status_code == 200
    assert again.returncode == 2
    assert "slug" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.slow
def test_demo_json_is_private_and_has_the_shape_that_scripts_expect(
    demo_shop: tuple[Installation, httpx.Client],
) -> None:
    installation, _ = demo_shop
    file = installation.folder / "demo.json"

    content = told(installation)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(content) == ["base_url", "organisations"]
    assert content["base_url"] == installation.url
    first, platine, riverside, recyclerie = content["organisations"]
    assert list(first) == ["id", "slug", "name", "api_key", "branches", "users"]
    assert list(first["branches"][0]) == [
        "id", "code", "name", "timezone", "base_currency", "currencies", "registers",
    ]  # fmt: skip
    assert list(first["users"][0]) == ["id", "username", "name", "role", "pin", "password", "branches"]
    points = [register["emission_point"] for register in first["branches"][0]["registers"]]
    assert points == ["001", "002", "003"]
    assert [user["username"] for user in first["users"]] == ["juan", "ana", "luis", "marta", "elena"]
    assert first["users"][0] == {
        "id": first["users"][0]["id"],
        "username": "juan",
        "name": "Juan Pérez",
        "role": "CASHIER",
        "pin": "1234",
        "password": None,
        "branches": ["TIEN-7A31"],
    }
    assert [user["password"] for user in first["users"][3:]] == ["demo-marta", "demo-elena"]
    assert first["users"][4]["branches"] == ["TIEN-7A31", "TIEN-8B42"]
    assert [o["slug"] for o in (platine, riverside, recyclerie)] == ["laplatine", "riverside", "recyclerie"]
    assert riverside["branches"][0]["currencies"] == ["USD", "KHR"]
    assert len({o["api_key"] for o in content["organisations"]}) == 4


@pytest.mark.slow
def test_everybody_of_the_demo_gets_in(demo_shop: tuple[Installation, httpx.Client]) -> None:
    installation, http = demo_shop

    for organisation in told(installation)["organisations"]:
        for user in organisation["users"]:
            for code in user["branches"]:
                till = http.post("/api/auth/validar-pin", json={"pin": user["pin"], "codigo_tienda": code})
                assert till.json()["usuario"]["id"] == user["id"], till.text
            if user["password"]:
                body = {
                    "username": user["username"],
                    "password": user["password"],
                    "organizacion": organisation["slug"],
                }
                assert http.post("/api/auth/login", json=body).status_code == 200
        keyed = http.get("/v1/branches", headers={"Authorization": f"Bearer {organisation['api_key']}"})
        assert [item["id"] for item in keyed.json()["data"]["items"]] == [b["id"] for b in organisation["branches"]]


@pytest.mark.slow
def test_the_riverside_knows_its_rate(demo_shop: tuple[Installation, httpx.Client]) -> None:
    installation, http = demo_shop
    riverside = told(installation)["organisations"][2]

    found = http.get(
        f"/v1/branches/{riverside['branches'][0]['id']}/policies",
        headers={"Authorization": f"Bearer {riverside['api_key']}"},
    )

    assert found.json()["data"]["fxRates"] == {"KHR": 4100}


@pytest.mark.slow
def test_every_shop_of_the_demo_has_something_to_sell(demo_shop: tuple[Installation, httpx.Client]) -> None:
    installation, http = demo_shop
    sold: dict[str, list[dict[str, Any]]] = {}
    for organisation in told(installation)["organisations"]:
        answer = http.get("/v1/catalogue/products", headers={"Authorization": f"Bearer {organisation['api_key']}"})
        sold[organisation["slug"]] = answer.json()["data"]["items"]

    assert {slug: len(items) for slug, items in sold.items()} == {
        "mi-empresa": 24,
        "laplatine": 24,
        "riverside": 6,
        "recyclerie": 24,
    }
    assert {item["currency"] for item in sold["riverside"]} == {"USD"}
    assert {item["taxRate"] for item in sold["recyclerie"]} == {0, 5.5, 20}


@pytest.mark.slow
def test_the_product_says_that_it_runs_on_demo_data(demo_shop: tuple[Installation, httpx.Client]) -> None:
    installation, http = demo_shop

    said = installation.said()

    assert http.get("/health").json()["demo"] is True
    assert '"event":"demo.data"' in said
    assert installation.url in said
    assert "TIEN-7A31" in said
    assert "juan 1234" in said


@pytest.mark.slow
def test_demo_data_is_refused_where_there_is_any(demo_shop: tuple[Installation, httpx.Client]) -> None:
    installation, _ = demo_shop
    before = told(installation)

    done = installation.run("demo")

    assert done.returncode == 2
    assert "not empty" in done.stderr
    assert told(installation) == before


def test_another_address_changes_the_base_url_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    file.write_text(json.dumps({"base_url": "http://127.0.0.1:1", "organisations": [{"api_key": "tv_kept"}]}))

    demo.refresh_base_url(Settings(data_dir=tmp_path, base_url="https://till.example/"))

    assert json.loads(file.read_text()) == {
        "base_url": "https://till.example",
        "organisations": [{"api_key": "tv_kept"}],
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]


def test_the_same_address_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    file.write_text('{"base_url":"http://127.0.0.1:8000"}')

    demo.refresh_base_url(Settings(data_dir=tmp_path, base_url="http://127.0.0.1:8000"))
    demo.refresh_base_url(Settings(data_dir=tmp_path / "nothing", base_url="http://127.0.0.1:8000"))

    assert file.read_text() == '{"base_url":"http://127.0.0.1:8000"}'


def test_of_two_loads_at_the_same_time_one_loads(empty_dsn: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)

    async def both() -> list[bool]:
        return list(await asyncio.gather(demo.load(empty_dsn, settings), demo.load(empty_dsn, settings)))

    loaded = asyncio.run(both())

    assert sorted(loaded) == [False, True]
    assert asyncio.run(demo.installation(empty_dsn, settings)).demo_organisations == 4


def test_a_load_that_fails_leaves_nothing_and_can_be_tried_again(empty_dsn: str, tmp_path: Path) -> None:
    (tmp_path / "demo.json").mkdir()
    settings = Settings(data_dir=tmp_path)

    with pytest.raises(OSError, match=r"demo\.json"):
        asyncio.run(demo.load(empty_dsn, settings))
    left = asyncio.run(demo.installation(empty_dsn, settings))
    (tmp_path / "demo.json").rmdir()
    again = asyncio.run(demo.load(empty_dsn, settings))

    assert left.organisations == 0
    assert again is True
