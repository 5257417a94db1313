"""The first run in the browser: a shop is founded once, by whoever can read the server's log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from tests.machinery import Serving, copy_folder, new_database, served
from tests.support import Api, codes, fetch, race, refused, statuses
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres
from tillvault.identity.first_run import service

CODE = "ABCD-EFGH-JKLM"
SHOP: dict[str, Any] = {
    "code": CODE,
    "organisation": "Café Ñandú",
    "branch": "Ñandú Centro",
    "timezone": "Europe/Madrid",
    "currencies": ["EUR", "USD"],
    "register": "Caja 1",
    "adminName": "Eva",
    "adminUsername": "Eva",
}
_numbers = count(1)


@pytest.fixture
def empty(server: EmbeddedPostgres, settings: Settings) -> tuple[str, str]:
    """A migrated database in which there is nothing: for the app, and for looking."""
    name = new_database(server, f"first_run_{next(_numbers)}")
    return server.dsn(APP_LOGIN, name), server.dsn(database=name)


def installed(dsn: str, folder: Path, **more: Any) -> Settings:
    return Settings(database_url=SecretStr(dsn), data_dir=folder, **more)


@pytest.fixture
def fresh(empty: tuple[str, str], tmp_path: Path) -> Iterator[Api]:
    with (
        served(installed(empty[0], tmp_path, setup_code=SecretStr(CODE))) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        yield Api(http)


def test_the_code_founds_a_shop_that_can_be_logged_in_to_at_once(fresh: Api, empty: tuple[str, str]) -> None:
    before = fresh.ok(fresh.get("/v1/setup"))

    made = fresh.ok(fresh.post("/v1/setup", SHOP), 201)

    assert (before, fresh.ok(fresh.get("/v1/setup"))) == ({"needed": True}, {"needed": False})
    assert (made["slug"], made["register"], made["emissionPoint"], made["adminUsername"]) == (
        "cafe-nandu",
        "Caja 1",
        "001",
        "eva",
    )
    till = fresh.post("/api/auth/validar-pin", {"pin": made["pin"], "codigo_tienda": made["storeCode"]})
    assert [tpv["nombre"] for tpv in till.json()["tpvs_disponibles"]] == ["Caja 1"]
    login = fresh.post(
        "/api/auth/login", {"username": "eva", "password": made["password"], "organizacion": made["slug"]}
    )
    admin = Api(fresh.http, login.json()["access_token"])
    (branch,) = admin.ok(admin.get("/v1/branches"))["items"]
    assert (branch["baseCurrency"], branch["currencies"], branch["timezone"]) == (
        "EUR",
        ["EUR", "USD"],
        "Europe/Madrid",
    )
    trail = [(entry["action"], entry["actorName"]) for entry in admin.ok(admin.get("/v1/audit"))["items"]]
    assert ("ORGANISATION_CREATED", "first-run page") in trail


def test_hyphens_spaces_and_case_of_the_code_are_for_people(fresh: Api) -> None:
    assert fresh.post("/v1/setup", SHOP | {"code": " abcdefgh jklm "}).status_code == 201


def test_it_happens_once(fresh: Api) -> None:
    fresh.ok(fresh.post("/v1/setup", SHOP), 201)

    again = fresh.post("/v1/setup", SHOP | {"organisation": "Another"})

    refused(again, 409, "ALREADY_SET_UP")


def test_of_ten_at_once_one_founds(fresh: Api, empty: tuple[str, str]) -> None:
    answers = race([lambda n=n: fresh.post("/v1/setup", SHOP | {"organisation": f"Shop {n}"}) for n in range(10)])

    assert statuses(answers) == {201: 1, 409: 9}
    assert codes(answers) == {"ALREADY_SET_UP": 9}
    assert fetch(empty[1], "SELECT count(*)::int AS n FROM organisations")[0]["n"] == 1


def test_guessing_the_code_is_slowed_down_and_changes_nothing(fresh: Api, empty: tuple[str, str]) -> None:
    answers = [fresh.post("/v1/setup", SHOP | {"code": f"WRONG-{n}"}) for n in range(6)]
    even_the_right_one = fresh.post("/v1/setup", SHOP)

    assert codes(answers) == {"SETUP_CODE_WRONG": 5, "TOO_MANY_ATTEMPTS": 1}
    refused(even_the_right_one, 429, "TOO_MANY_ATTEMPTS")
    assert int(even_the_right_one.headers["Retry-After"]) > 0
    assert fetch(empty[1], "SELECT count(*)::int AS n FROM organisations")[0]["n"] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"organisation": " "},
        {"slug": "-No-"},
        {"timezone": "Europe/Atlantis"},
        {"currencies": []},
        {"currencies": ["XXX"]},
        {"currencies": ["EUR", "EUR"]},
        {"register": "x" * 121},
        {"branch": "line\nbreak"},
        {"adminUsername": "e v a"},
        {"code": ""},
        {"demo": True},
    ],
    ids=lambda wrong: next(f"{name}={str(value)[:12]}" for name, value in wrong.items()),
)
def test_what_is_wrong_is_named_before_anything_is_made(api: Api, wrong: dict[str, Any]) -> None:
    refused(api.post("/v1/setup", SHOP | wrong), 400, "VALIDATION_ERROR")


def test_a_name_without_latin_letters_gets_a_slug_all_the_same(fresh: Api) -> None:
    made = fresh.ok(fresh.post("/v1/setup", SHOP | {"organisation": "ហាងសៀវភៅ"}), 201)

    assert (made["organisation"], made["slug"]) == ("ហាងសៀវភៅ", "shop")


def test_without_a_code_nothing_is_offered(empty: tuple[str, str], tmp_path: Path) -> None:
    with served(installed(empty[0], tmp_path)) as url, httpx.Client(base_url=url, timeout=30) as http:
        state, attempt = Api(http).get("/v1/setup"), Api(http).post("/v1/setup", SHOP)

    assert state.json()["data"] == {"needed": False}
    refused(attempt, 409, "ALREADY_SET_UP")


def test_codes_are_not_alike_and_have_no_letters_that_look_alike() -> None:
    made = [service.new_code() for _ in range(100)]

    assert len(set(made)) == 100
    assert not set("".join(made)) & set("IO01")


@pytest.mark.slow
def test_serve_tells_the_code_once_in_its_log_and_not_where_there_is_a_shop(made: Path, tmp_path: Path) -> None:
    serving = Serving(copy_folder(made, tmp_path / "var"))
    try:
        serving.ready()
        (told,) = [record for record in serving.records if record["event"] == "setup.needed"]
        with httpx.Client(base_url=serving.url, timeout=30) as http:
            founded = Api(http).post("/v1/setup", SHOP | {"code": told["code"]})
        serving.end()
        again = Serving(tmp_path / "var")
        try:
            again.ready()
            later = [record for record in again.records if record["event"] == "setup.needed"]
        finally:
            again.clean_up()
    finally:
        serving.clean_up()

    assert told["page"] == f"{serving.url}/setup"
    assert founded.status_code == 201, founded.text
    assert later == []
