"""What the app's role may not do to the ledger, and what an old backup that was put back looks like."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api.test_vault_intake import PATH, ticket
from tests.machinery import Serving, copy_folder, execute, own_installation, query
from tests.nursery import Nursery
from tests.support import Api, Shop, Shops, race, statuses
from tests.vaultload import fsck
from tillvault.core.config import Settings

TABLES = {
    "vault_tickets": "(organisation_id, id)",
    "vault_leaves": "(organisation_id, index)",
    "vault_tiles": "(organisation_id, level, index)",
    "vault_checkpoints": "(organisation_id, size, issued_at)",
}
"""With their primary keys."""


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    """Its ledger has a complete tile and a checkpoint."""
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)
    lines = b"\n".join(
        httpx.Request("POST", "http://x", json=ticket(shop, source_id=f"POS/{at}")).content for at in range(260)
    )
    answer = machine.request("POST", f"{PATH}/batch", content=lines)
    assert answer.text.count('"status":201') == 260
    assert machine.get(f"/api/v1/ledger/{shop.slug}/checkpoint").status_code == 200
    return shop


@pytest.fixture
def app_dsn(settings: Settings) -> str:
    assert settings.database_url is not None
    return settings.database_url.get_secret_value()


def as_app(dsn: str, shop: Shop, statement: str) -> None:
    """Within the shop's own rows: what protects them is not that they cannot be seen."""
    execute(dsn, f"BEGIN; SET LOCAL app.organisation_id = '{shop.id}'; {statement}; COMMIT")


def contents(dsn: str, shop: Shop) -> list[list[Any]]:
    return [
        [
            tuple(row)
            for row in query(dsn, f"SELECT * FROM {table} WHERE organisation_id = $1 ORDER BY 1, 2, 3", shop.id)
        ]
        for table in TABLES
    ]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET organisation_id = organisation_id",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT {key} DO UPDATE SET organisation_id = NULL",
        "MERGE INTO {table} t USING {table} s ON t.organisation_id = s.organisation_id WHEN MATCHED THEN DELETE",
        "SELECT * FROM {table} FOR UPDATE",
        "ALTER TABLE {table} DISABLE TRIGGER append_only",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        "DROP TRIGGER append_only ON {table}",
        "DROP TABLE {table} CASCADE",
        "ALTER TABLE {table} RENAME TO gone",
        "CREATE RULE hide AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        "GRANT ALL ON {table} TO CURRENT_USER; DELETE FROM {table}",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
        "SET LOCAL session_replication_role = replica; DELETE FROM {table}",
        "SET ROLE tillvault_owner; DELETE FROM {table}",
    ],
)
def test_the_apps_role_can_neither_change_the_ledger_nor_take_its_protection_away(
    shop: Shop, app_dsn: str, superuser_dsn: str, table: str, statement: str
) -> None:
    before = contents(superuser_dsn, shop)

    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidTransactionStateError)):
        as_app(app_dsn, shop, statement.format(table=table, key=TABLES[table]))

    assert all(before)
    assert contents(superuser_dsn, shop) == before


def test_the_apps_role_cannot_take_a_log_away(shop: Shop, app_dsn: str) -> None:
    for statement in ("DELETE FROM vault_logs", "TRUNCATE vault_logs CASCADE", "DROP TABLE vault_logs CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            as_app(app_dsn, shop, statement)


@pytest.fixture
def failing_commit(superuser_dsn: str) -> Generator[None]:
    """A ticket POS/poison makes the COMMIT of its transaction fail, after every statement has gone well."""
    execute(
        superuser_dsn,
        """
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'refused at the last moment'; END $$;
        CREATE CONSTRAINT TRIGGER poison AFTER INSERT ON vault_tickets DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.source_id = 'POS/poison') EXECUTE FUNCTION poison();
        """,
    )
    yield
    execute(superuser_dsn, "DROP TRIGGER IF EXISTS poison ON vault_tickets; DROP FUNCTION IF EXISTS poison")


@pytest.mark.usefixtures("failing_commit")
def test_a_commit_that_fails_is_no_201_and_takes_no_other_ticket_with_it(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)
    sources = [f"POS/{at}" for at in range(40)] + ["POS/poison"]
    posts = [lambda each=each: machine.post(PATH, ticket(shop, source_id=each)) for each in sources]

    answers = race(posts)
    execute(superuser_dsn, "DROP TRIGGER poison ON vault_tickets")
    again = race(posts)

    assert statuses(answers[:40]) == {201: 40}
    assert (answers[40].status_code, answers[40].json().keys()) == (503, {"error"})
    assert {answer.json()["ledger_hash"] for answer in answers[:40]} == {f"LEDGER:POS:{n:08d}" for n in range(1, 41)}
    assert (statuses(again), again[40].json()["ledger_hash"]) == ({200: 40, 201: 1}, "LEDGER:POS:00000041")
    assert fsck(settings, shop).holds


# A backup that was put back -----------------------------------------------------------------------------------------


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Settings:
    return own_installation(made, tmp_path / "var")


@pytest.fixture
def start(own: Settings, nursery: Nursery) -> Generator[Callable[[], Serving]]:
    """Starts the installation, which is gone when the test is."""
    started: list[Serving] = []

    def one() -> Serving:
        started.append(Serving(own.data_dir, nursery=nursery))
        return started[-1].ready()

    yield one
    for serving in started:
        serving.clean_up()


def sell(serving: Serving, shop: Shop, numbers: range) -> list[httpx.Response]:
    with httpx.Client(base_url=serving.url, timeout=30) as http:
        machine = Api(http, shop.api_key)
        return [machine.post(PATH, ticket(shop, source_id=f"POS/{at}")) for at in numbers]


@pytest.mark.slow
def test_an_old_backup_that_is_put_back_is_not_gone_on_with_and_the_newer_one_is(
    own: Settings, start: Callable[[], Serving], tmp_path: Path
) -> None:
    """Whole copies of the database's files, as an operator makes them; the keys stay where they are."""
    pgdata = own.data_dir / "postgres"
    serving = start()
    with httpx.Client(base_url=serving.url) as http:
        shop = Shops(http, own).make(people=())
    first = sell(serving, shop, range(20))
    assert serving.end() == 0
    old = copy_folder(pgdata, tmp_path / "old")

    serving = start()
    second = sell(serving, shop, range(20, 40))
    assert serving.end() == 0
    newer = pgdata.rename(tmp_path / "newer")
    old.rename(pgdata)

    serving = start()
    refused = sell(serving, shop, range(100, 103))
    known = sell(serving, shop, range(3))
    finding = fsck(own, shop)
    told = [record for record in serving.records if record["event"] == "vault.head_refused"]
    assert serving.end() == 0
    shutil.rmtree(pgdata)
    newer.rename(pgdata)

    serving = start()
    again = sell(serving, shop, range(100, 103))
    whole = fsck(own, shop)
    assert serving.end() == 0

    assert {answer.status_code for answer in first + second} == {201}
    assert {(answer.status_code, answer.json().keys() >= {"evidence_jws"}) for answer in refused} == {(503, False)}
    assert [answer.json() for answer in known] == [answer.json() for answer in first[:3]]
    assert told[0]["check"] == "extends_file"
    assert "The log has 20 leaves, the last checkpoint in the file 40" in told[0]["found"]
    assert finding.index == 20
    assert "the checkpoint in the keys folder is of 40 leaves" in str(finding.reason)
    assert [answer.json()["ledger_hash"] for answer in again] == [f"LEDGER:POS:{n:08d}" for n in (41, 42, 43)]
    assert whole.holds, whole
