"""The vault under kill -9 and with several writers: no acknowledged ticket is lost, no position is given twice.

TILLVAULT_TEST_ROUNDS=30 kills thirty times instead of a few, and appends 20,000 tickets instead of 4,000.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.machinery import Serving, kill_postgres, own_installation, until
from tests.nursery import Nursery
from tests.support import Shop, Shops
from tests.vaultload import Load, Told, assert_nothing_is_lost, assert_sound, fsck, send_all
from tillvault.core import processes
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("TILLVAULT_TEST_ROUNDS", "3"))
PROCESSES = 8
TICKETS_EACH = 2500 if ROUNDS >= 30 else 500

Start = Callable[..., Serving]


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return {"DATABASE_URL": settings.database_url.get_secret_value(), "TILLVAULT_KEYS_DIR": str(settings.keys_folder)}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def start(nursery: Nursery) -> Generator[Start]:
    """Starts processes that are gone when the test is."""
    started: list[Serving] = []

    def one(folder: Path, settings: dict[str, str] | None = None) -> Serving:
        started.append(Serving(folder, settings=settings, nursery=nursery))
        return started[-1]

    yield one
    for each in started:
        each.clean_up()


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Settings:
    return own_installation(made, tmp_path / "var")


def kill_a_backend(pgdata: Path) -> None:
    """One of those that serve the API."""
    pid = processes.pid_in(pgdata / "postmaster.pid")
    assert pid is not None
    at_work = [each for each in psutil.Process(pid).children() if APP_LOGIN in " ".join(each.cmdline())]
    secrets.choice(at_work).kill()


def some_moment() -> float:
    """Within a batch, between two, in the middle of an answer: nobody knows."""
    return 0.3 + secrets.randbelow(900) / 1000


def test_several_processes_append_to_one_log_without_gap_or_fork(
    shop: Shop, environment: dict[str, str], start: Start, settings: Settings, tmp_path: Path, superuser_dsn: str
) -> None:
    serving = [start(tmp_path / f"p{at}", environment) for at in range(PROCESSES)]
    urls = [each.ready().url for each in serving]

    answers = send_all(urls, shop, count=TICKETS_EACH)

    count = PROCESSES * TICKETS_EACH
    assert {answer.status for answer in answers} == {201}
    assert {answer.body["ledger_hash"] for answer in answers} == {f"LEDGER:POS:{n:08d}" for n in range(1, count + 1)}
    assert_sound(superuser_dsn, shop, count)
    assert fsck(settings, shop).holds


def test_no_acknowledged_ticket_is_lost_when_the_api_is_killed(
    shop: Shop, environment: dict[str, str], start: Start, settings: Settings, tmp_path: Path, superuser_dsn: str
) -> None:
    told = Told()

    for number in range(ROUNDS):
        serving = start(tmp_path / f"round-{number}", environment).ready()
        with Load(serving.url, shop, told, name=str(number)):
            time.sleep(some_moment())
            serving.process.kill()
        serving.process.wait()

    survivor = start(tmp_path / "survivor", environment).ready()
    assert told.statuses.keys() == {201}
    assert len(told.acknowledged) > 20 * ROUNDS
    assert_nothing_is_lost(survivor.url, shop, told, superuser_dsn=superuser_dsn, settings=settings)


def test_no_acknowledged_line_of_a_batch_is_lost_when_the_api_is_killed(
    shop: Shop, environment: dict[str, str], start: Start, settings: Settings, tmp_path: Path, superuser_dsn: str
) -> None:
    """Lines are written in groups: what was answered of one that was cut must all be there."""
    told = Told()

    for number in range(ROUNDS):
        serving = start(tmp_path / f"round-{number}", environment).ready()
        with Load(serving.url, shop, told, name=str(number), threads=2, batches_of=700):
            time.sleep(some_moment())
            serving.process.kill()
        serving.process.wait()

    survivor = start(tmp_path / "survivor", environment).ready()
    assert told.statuses.keys() == {201}
    assert told.unanswered
    assert_nothing_is_lost(survivor.url, shop, told, superuser_dsn=superuser_dsn, settings=settings)


def test_no_acknowledged_ticket_is_lost_when_api_and_postgresql_are_killed(own: Settings, start: Start) -> None:
    """All at once, as when the power fails; then the product is started again as its user would."""
    server = EmbeddedPostgres(own.data_dir)
    told = Told()
    serving = start(own.data_dir).ready()
    with httpx.Client(base_url=serving.url) as client:
        shop = Shops(client, own).make()

    for number in range(ROUNDS):
        with Load(serving.url, shop, told, name=str(number)):
            time.sleep(some_moment())
            if secrets.randbelow(2):
                serving.process.kill()
                kill_postgres(server.pgdata)
            else:
                kill_postgres(server.pgdata)
                serving.process.kill()
        serving.process.wait()
        serving = start(own.data_dir).ready()

    assert told.statuses.keys() <= {201, 503}
    assert len(told.acknowledged) > 20 * ROUNDS
    assert_nothing_is_lost(serving.url, shop, told, superuser_dsn=server.dsn(), settings=own)
    assert serving.end() == 0


def test_no_acknowledged_ticket_is_lost_when_postgresql_is_killed_under_a_running_api(
    own: Settings, start: Start
) -> None:
    """While it is gone the answer is 503, and once it is back the same process goes on."""
    assert own.database_url is not None
    told = Told()
    with EmbeddedPostgres(own.data_dir) as server:
        elsewhere = own.data_dir.with_name("api")
        api = {"DATABASE_URL": own.database_url.get_secret_value(), "TILLVAULT_KEYS_DIR": str(own.keys_folder)}
        serving = start(elsewhere, api).ready()
        with httpx.Client(base_url=serving.url) as client:
            shop = Shops(client, own).make()

        for number in range(ROUNDS):
            with Load(serving.url, shop, told, name=str(number)):
                time.sleep(some_moment())
                if number % 3 == 1:
                    # The server itself ends the others then, and recovers.
                    kill_a_backend(server.pgdata)
                else:
                    kill_postgres(server.pgdata)
                    refused = told.statuses[503]
                    until(lambda before=refused: told.statuses[503] > before + 20, what="the refusals")
                    server.start()
                before = told.statuses[201]
                until(lambda before=before: told.statuses[201] > before + 20, what="the recovery")

        assert told.statuses.keys() == {201, 503}
        assert_nothing_is_lost(serving.url, shop, told, superuser_dsn=server.dsn(), settings=own)
        assert serving.end() == 0
