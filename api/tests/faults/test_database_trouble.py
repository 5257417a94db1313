"""What clients see while PostgreSQL hangs, is down, or refuses to commit; and what start-up refuses."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.machinery import copy_folder, execute, query, served, until
from tests.support import Shops
from tillvault.core import migrate, processes
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused, refuse_powerful_role
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres

_POOL_SIZE = 2


@pytest.fixture(scope="module")
def own_server(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Generator[EmbeddedPostgres]:
    """A PostgreSQL that these tests may maltreat."""
    with EmbeddedPostgres(copy_folder(made, tmp_path_factory.mktemp("own"))) as server:
        yield server


@pytest.fixture(scope="module")
def own_settings(own_server: EmbeddedPostgres) -> Settings:
    return Settings.model_validate(
        {"database_url": own_server.dsn(APP_LOGIN), "data_dir": own_server.data_dir, "database_pool_size": _POOL_SIZE}
    )


@pytest.fixture(scope="module")
def own_http(own_settings: Settings) -> Generator[httpx.Client]:
    with served(own_settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def postgres_processes(server: EmbeddedPostgres) -> list[psutil.Process]:
    pid = processes.pid_in(server.pgdata / "postmaster.pid")
    assert pid is not None
    postmaster = psutil.Process(pid)
    return [postmaster, *postmaster.children()]


def test_health_says_down_within_two_seconds_while_the_database_hangs_and_leaks_nothing(
    own_server: EmbeddedPostgres, own_http: httpx.Client
) -> None:
    assert own_http.get("/health").status_code == 200
    hung = postgres_processes(own_server)
    for process in hung:
        process.suspend()
    slowest = 0.0
    try:
        for _ in range(_POOL_SIZE + 2):
            started = time.perf_counter()
            answer = own_http.get("/health")
            slowest = max(slowest, time.perf_counter() - started)
            assert answer.status_code == 503
            assert answer.json()["services"]["database"] == {"status": "down"}
    finally:
        for process in reversed(hung):
            process.resume()

    assert slowest < 2
    until(lambda: own_http.get("/health").status_code == 200, what="the recovery")
    assert own_http.get("/health/ready").status_code == 200
    until(
        lambda: (
            query(own_server.dsn(), "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'tillvault'")[
                0
            ]["n"]
            <= _POOL_SIZE
        ),
        what="the end of what hung",
    )


def test_requests_are_refused_while_the_database_is_down_and_work_again_once_it_is_back(
    own_server: EmbeddedPostgres, own_settings: Settings, own_http: httpx.Client
) -> None:
    shop = Shops(own_http, own_settings).make(registers=1)
    till = shop.ana.login(shop.registers[0])
    assert till.get("/v1/cash/sessions").status_code == 200

    own_server.stop()
    refused = [till.get("/v1/cash/sessions"), till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 1}})]
    logins = [shop.luis.try_login(shop.registers[0])]
    health = own_http.get("/health")
    own_server.start()

    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNAVAILABLE")
        assert answer.headers["Retry-After"] == "1"
    for answer in logins:
        assert (answer.status_code, answer.json()["detail"]["code"]) == (503, "DATABASE_UNAVAILABLE")
    assert health.status_code == 503
    until(lambda: till.get("/v1/cash/sessions").status_code == 200, what="the recovery of the pool")
    opened = till.ok(till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 1}}), 201)
    assert opened["status"] == "OPEN"


def test_a_killed_backend_costs_one_request_at_most(
    own_server: EmbeddedPostgres, own_settings: Settings, own_http: httpx.Client
) -> None:
    till = Shops(own_http, own_settings).make().elena.back_office()
    query(
        own_server.dsn(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tillvault'",
    )

    statuses = [till.get("/v1/branches").status_code for _ in range(_POOL_SIZE + 2)]

    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200


def test_a_failing_commit_is_a_5xx_and_leaves_nothing(shops: Shops, owner_dsn: str) -> None:
    shop = shops.make(registers=1)
    till = shop.ana.login(shop.registers[0])
    execute(
        owner_dsn,
        """
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused at the last moment'; END $$;
        CREATE CONSTRAINT TRIGGER poison AFTER INSERT ON cash_sessions DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.note = 'poison') EXECUTE FUNCTION poison();
        """,
    )
    try:
        answer = till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 1}, "note": "poison"})
    finally:
        execute(owner_dsn, "DROP TRIGGER poison ON cash_sessions; DROP FUNCTION poison()")

    assert answer.status_code == 500
    assert answer.json()["code"] == "INTERNAL_ERROR"
    assert "last moment" not in answer.text
    assert till.get("/v1/cash/sessions").json()["data"]["items"] == []
    assert till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 1}}).status_code == 201


def test_an_address_of_a_powerful_role_is_refused(superuser_dsn: str, owner_dsn: str, server: EmbeddedPostgres) -> None:
    execute(superuser_dsn, "CREATE ROLE sees_all LOGIN BYPASSRLS")
    try:
        for dsn in (superuser_dsn, owner_dsn, server.dsn("sees_all")):
            with pytest.raises(StartupRefused, match="One shop could then read another's rows"):
                asyncio.run(refuse_powerful_role(dsn))
    finally:
        execute(superuser_dsn, "DROP ROLE sees_all")
    asyncio.run(refuse_powerful_role(server.dsn(APP_LOGIN)))


def test_an_outdated_schema_is_refused_where_only_the_apps_address_is_known(
    superuser_dsn: str, server: EmbeddedPostgres, tmp_path: Path
) -> None:
    name = f"empty_{uuid4().hex[:8]}"
    execute(superuser_dsn, f"CREATE DATABASE {name}")
    settings = Settings.model_validate({"database_url": server.dsn(APP_LOGIN, name), "data_dir": tmp_path})

    with pytest.raises(StartupRefused, match="Run `tillvault db upgrade`"):
        migrate.prepare_database(settings, None)


def test_an_address_that_does_not_answer_is_refused_by_the_name_of_its_setting(tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_url": "postgresql://till@127.0.0.1:1/nothing", "data_dir": tmp_path})

    with pytest.raises(StartupRefused, match="DATABASE_URL: "):
        migrate.prepare_database(settings, None)


def test_a_hung_postgresql_is_stopped_all_the_same(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    postmaster = postgres_processes(server)[0]
    postmaster.send_signal(signal.SIGSTOP)
    server.STOP_SECONDS = (1, 1, 10)

    server.stop()

    assert not processes.is_running(postmaster.pid)
