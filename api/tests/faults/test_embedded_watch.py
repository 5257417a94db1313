"""An embedded PostgreSQL that dies under `tillvault serve` is started again, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import pytest

from tests.machinery import Serving, copy_folder, kill_postgres, until
from tests.support import Shops
from tests.vaultload import Load, Told, assert_nothing_is_lost
from tillvault.core import embedded_watch, migrate, processes
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres

Start = Callable[[Path], Serving]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a migrated database, stopped."""
    folder = tmp_path_factory.mktemp("made") / "var"
    with EmbeddedPostgres(folder) as server:
        migrate.prepare_database(Settings(data_dir=folder), server)
    return folder


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Settings:
    """The settings of an installation with a database of its own, which may be maltreated."""
    folder = tmp_path / "var"
    folder.mkdir()
    server = EmbeddedPostgres(copy_folder(made, folder))
    return Settings.model_validate({"data_dir": folder, "database_url": server.dsn(APP_LOGIN)})


@pytest.fixture
def start() -> Generator[Start]:
    """Starts processes that are gone when the test is."""
    started: list[Serving] = []

    def one(folder: Path) -> Serving:
        started.append(Serving(folder))
        return started[-1]

    yield one
    for each in started:
        each.clean_up()


def kill_the_postmaster(pgdata: Path) -> None:
    """It alone: its children see that it is gone, and hold the shared memory until they are."""
    pid = processes.pid_in(pgdata / "postmaster.pid")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_killed_database_is_started_again_and_nothing_acknowledged_is_lost(own: Settings, start: Start) -> None:
    server = EmbeddedPostgres(own.data_dir)
    told = Told()
    serving = start(own.data_dir).ready()
    with httpx.Client(base_url=serving.url) as client:
        shop = Shops(client, own).make()
    down: list[float] = []

    for number, kill in enumerate((kill_the_postmaster, kill_postgres)):
        with Load(serving.url, shop, told, name=str(number), threads=4):
            until(lambda: told.statuses[201] > 50, what="the first tickets")
            kill(server.pgdata)
            killed = time.monotonic()
            refused = told.statuses[503]
            until(lambda before=refused: told.statuses[503] > before, what="the refusals")
            before = told.statuses[201]
            until(lambda before=before: told.statuses[201] > before + 20, what="the recovery")
            down.append(time.monotonic() - killed)

    assert max(down) < 15
    assert told.statuses.keys() == {201, 503}
    assert_nothing_is_lost(serving.url, shop, told, superuser_dsn=server.dsn(), settings=own)
    events = [each["event"] for each in serving.records]
    assert events.count("database.died") == events.count("database.started_again") == 2
    postmaster = serving.postmaster
    assert serving.end() == 0
    assert postmaster is not None
    assert not processes.is_running(postmaster)


def test_a_stop_ends_a_start_that_does_not_succeed(own: Settings, start: Start) -> None:
    serving = start(own.data_dir).ready()
    pgdata = own.data_dir / "postgres"
    # What PostgreSQL will not start with: it is tried again and again.
    with (pgdata / "postgresql.conf").open("a") as settings:
        settings.write("\nno_such_setting = on\n")

    kill_postgres(pgdata)

    tries = "database.not_started_again"
    until(lambda: [each["event"] for each in serving.records].count(tries) >= 3, what="three tries")
    assert [each["pause_seconds"] for each in serving.records if each["event"] == "database.died"][:3] == [0, 0.5, 1]
    assert (serving.health() or {})["status"] == "down"
    assert serving.end() == 0


def test_the_start_after_a_killed_start_waits_for_the_server_that_it_left(own: Settings, start: Start) -> None:
    """A postmaster that starts up answers nobody yet; the next start must not take it for one that hangs."""
    killed = start(own.data_dir).ready()
    postmaster = killed.postmaster
    assert postmaster is not None
    os.kill(postmaster, signal.SIGSTOP)
    killed.end(signal.SIGKILL)
    comes_up = threading.Timer(1, os.kill, (postmaster, signal.SIGCONT))
    comes_up.start()

    server = EmbeddedPostgres(own.data_dir)
    server.start(adopt=True)
    joined = processes.pid_in(server.pgdata / "postmaster.pid")
    server.stop()

    comes_up.join()
    assert joined == postmaster
    assert not processes.is_running(postmaster)


def test_the_pauses_grow_and_are_bounded() -> None:
    pauses = [embedded_watch.pause_before(attempt) for attempt in range(40)]

    assert pauses[:4] == [0, 0.5, 1, 2]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 30
