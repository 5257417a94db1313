"""The real thing under test: a PostgreSQL of its own, the API behind a real socket, shops made for each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.machinery import copy_folder, execute, made_once, served
from tests.nursery import Nursery
from tests.support import Api, Shops
from tillvault.core import garbage, logging, migrate
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first: one that is begun last would keep all other processes waiting for its end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """The API under test runs in this process, beside all that tests load."""
    garbage.look_less_often()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure: what it needs belongs there."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped data folder with a migrated database, for `copy_folder`; one for all test processes."""
    root = tmp_path_factory.getbasetemp()
    return made_once((root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "made")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL for this test process; TILLVAULT_TEST_POSTGRES_BIN names the folder of another version's."""
    other = os.environ.get("TILLVAULT_TEST_POSTGRES_BIN")
    folder = tmp_path_factory.mktemp("data")
    if not other:
        copy_folder(request.getfixturevalue("made"), folder)
    with EmbeddedPostgres(folder, binaries_dir=Path(other) if other else None) as running:
        # Nothing of it has to survive a power cut; what must survive a kill is tried on servers set as ours are.
        execute(running.dsn(database="postgres"), "ALTER SYSTEM SET fsync = off")
        execute(running.dsn(database="postgres"), "SELECT pg_reload_conf()")
        yield running


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """For tests that start many servers; what they are killed in is not their start."""
    with Nursery(sys.executable, "tillvault.cli", "tillvault.main", "tillvault.demo", "uvicorn.supervisors") as running:
        yield running


@pytest.fixture(scope="session")
def settings(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    migrate.prepare_database(Settings(data_dir=server.data_dir), server)
    return Settings(
        database_url=server.dsn(APP_LOGIN),  # pyright: ignore[reportArgumentType]  # Pydantic makes it a SecretStr
        data_dir=tmp_path_factory.mktemp("var"),
        database_pool_size=20,
    )


@pytest.fixture(scope="session")
def owner_dsn(server: EmbeddedPostgres, settings: Settings) -> str:
    """The owner of the tables. Row-level security holds for it too, and what that would hide is refused here: who finds
    no rows must not have looked in vain. `superuser_dsn` sees them all."""
    return f"{server.dsn(OWNER_ROLE)}&row_security=off"


@pytest.fixture(scope="session")
def superuser_dsn(server: EmbeddedPostgres, settings: Settings) -> str:
    return server.dsn()


@pytest.fixture(scope="session")
def base_url(settings: Settings) -> Iterator[str]:
    """The API, served by uvicorn on a free port of this machine."""
    logging.configure("error", "json")
    with served(settings) as url:
        yield url


@pytest.fixture(scope="session")
def http(base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base_url, timeout=30, limits=httpx.Limits(max_connections=200)) as client:
        yield client


@pytest.fixture(scope="session")
def api(http: httpx.Client) -> Api:
    """Requests without a login."""
    return Api(http)


@pytest.fixture(scope="session")
def shops(http: httpx.Client, settings: Settings) -> Iterator[Shops]:
    """Makes organisations of their own, so that no test sees another's rows."""
    with Shops(http, settings) as made:
        yield made
