"""`tillvault backup` of a running shop, and `tillvault restore` of it: what was acknowledged is there, and holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest
from typer.testing import Result

from tests.backups import Installation, copy_keys, new_database, protection, run
from tests.machinery import Serving, execute, query, served, until
from tests.selling import product, report, sold
from tests.support import Api, Shop, Shops, open_drawer
from tests.vaultload import Load, Till, Told, fsck
from tillvault.core import logging, migrate
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres
from tillvault.reference import ROOT
from tillvault.vault import checkpoints, keys

TABLES_OF_LOGS = ("vault_leaves", "vault_tickets", "vault_tiles", "vault_checkpoints")


@dataclass(frozen=True)
class Backup:
    """A backup that was made under load, and what was true before it began and after."""

    source: Installation
    path: Path
    shop: Shop
    told: Told
    """Acknowledged before it began."""
    later: Told
    token: str | None
    """Of somebody at a till."""
    x: dict[str, object]
    """What the X of that till says."""


@pytest.fixture(scope="module")
def source(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    installation = new_database(server, tmp_path_factory.mktemp("source"))
    migrate.upgrade(server.dsn(OWNER_ROLE, installation.database))
    return installation


@pytest.fixture(scope="module")
def backup(source: Installation, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """Made while tickets come in."""
    logging.configure("error", "json")
    path = tmp_path_factory.mktemp("backups") / "shop.backup"
    told, later = Told(), Told()
    with served(source.settings) as url, httpx.Client(base_url=url, timeout=30) as http:
        shop = Shops(http, source.settings).make()
        till = shop.ana.login(shop.registers[0])
        sell_something(source, till, shop)
        x = report(till, shop)
        with Load(url, shop, told, name="before", threads=4):
            until(lambda: len(told.acknowledged) > 300, what="the tickets before the backup")
        with Load(url, shop, later, name="after", threads=4):
            until(lambda: len(later.acknowledged) > 10, what="the tickets meanwhile")
            done = source.run("backup", str(path))
            assert done.exit_code == 0, done.output
            more = len(later.acknowledged) + 50
            until(lambda: len(later.acknowledged) > more, what="the tickets after the backup")
        assert told.statuses.keys() == later.statuses.keys() == {201}
        until(lambda: kept_size(source, shop) == head(source, shop), what="the last checkpoint")
    return Backup(source, path, shop, told, later, till.token, x)


def sell_something(source: Installation, till: Api, shop: Shop) -> None:
    open_drawer(till, {"EUR": 50})
    book = product(source.superuser, shop, price=1250)
    for _ in range(3):
        sold(till, [book], 12.5)


def head(installation: Installation, shop: Shop) -> int:
    return query(installation.superuser, "SELECT size FROM vault_logs WHERE organisation_id = $1", shop.id)[0]["size"]


def kept_size(installation: Installation, shop: Shop) -> int:
    signers = keys.load(installation.settings)
    known = checkpoints.kept_in_file(signers, signers.origin_of(shop.slug))
    return known.checkpoint.size if known else 0


@pytest.fixture
def target(server: EmbeddedPostgres, tmp_path: Path) -> Installation:
    """An empty database, and an empty data folder."""
    return new_database(server, tmp_path / "var")


def entries(installation: Installation, organisation_id: UUID) -> list[dict[str, object]]:
    """The bodies of the stream EVENT."""
    statement = "SELECT content FROM vault_leaves WHERE organisation_id = $1 AND stream = 'EVENT' ORDER BY index"
    return [json.loads(row["content"]) for row in query(installation.superuser, statement, organisation_id)]


def restored(backup: Backup, target: Installation, *options: str, checkpoints: bool = False) -> str:
    """Restore where the keys folder was brought back first; gives what was said."""
    copy_keys(backup.source, target, checkpoints=checkpoints)
    done = target.run("restore", str(backup.path), *options)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_backup_under_load_brings_back_all_that_was_acknowledged_before_it(
    backup: Backup, target: Installation, tmp_path: Path
) -> None:
    said = restored(backup, target)

    rows = query(target.superuser, "SELECT source_id, id, ledger_hash, evidence_jws FROM vault_tickets")
    stored = {row["source_id"]: (str(row["id"]), row["ledger_hash"], row["evidence_jws"]) for row in rows}
    acknowledged = {**backup.told.acknowledged, **backup.later.acknowledged}
    assert backup.told.acknowledged.keys() - stored.keys() == set()
    for source_id in stored.keys() & acknowledged.keys():
        body = acknowledged[source_id].body
        assert stored[source_id] == (body["id"], body["ledger_hash"], body["evidence_jws"])
    # It was one moment: what was acknowledged later is there without gap, or not at all.
    positions = sorted(row["ledger_hash"] for row in rows)
    assert positions == [f"LEDGER:POS:{at:08d}" for at in range(1, len(rows) + 1)]
    assert fsck(target.settings, backup.shop).holds
    assert f"holds   {backup.shop.slug}" in said
    [entry] = entries(target, backup.shop.id)
    assert entry["event"] == "restored"
    assert "given_up" not in entry
    assert differences(target, backup.source) == {}
    with served(target.settings) as url, httpx.Client(base_url=url, timeout=30) as http, Till(url, backup.shop) as till:
        known = next(iter(backup.told.acknowledged))
        assert till.post(known).proven == backup.told.acknowledged[known].proven
        new = till.post("POS/new")
        assert (new.status, new.body["ledger_hash"]) == (201, f"LEDGER:POS:{len(rows) + 1:08d}")
        # Who was logged in still is, at the same drawer.
        x = report(Api(http, backup.token), backup.shop)
        assert {**x, "generatedAt": None} == {**backup.x, "generatedAt": None}
    verified_by_others(target, backup.shop, tmp_path)


def differences(one: Installation, other: Installation) -> dict[str, set[tuple[object, ...]]]:
    """What protects the one and not the other."""
    found, wanted = protection(one.superuser), protection(other.superuser)
    return {what: set(found[what]) ^ set(wanted[what]) for what in wanted if found[what] != wanted[what]}


def verified_by_others(target: Installation, shop: Shop, folder: Path) -> None:
    """An export of the restored log holds, for the command and for a verifier that imports nothing of ours."""
    export, jwks = folder / "export.jsonl", folder / "jwks.json"
    jwks.write_text(json.dumps(keys.load(target.settings).jwks()))
    done = target.run("vault", "export", "--organisation", shop.slug, "--output", str(export))
    assert done.exit_code == 0, done.output
    assert run(["verify", str(export), "--jwks", str(jwks)], {}).exit_code == 0
    independent = ROOT / "docs" / "reference" / "verify_export.py"
    subprocess.run([sys.executable, independent, jwks, export], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("statement", ["UPDATE {} SET index = 0", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_restored_log_is_as_protected_as_before(
    backup: Backup, restored_once: Installation, statement: str
) -> None:
    for table in TABLES_OF_LOGS[:3]:
        told = statement.format(table)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            execute(restored_once.server.dsn(APP_LOGIN, restored_once.database), told)
        # Not even the owner of the server, who has silenced ordinary triggers.
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            execute(restored_once.superuser, f"SET session_replication_role = replica; {told}")
    assert query(restored_once.server.dsn(APP_LOGIN, restored_once.database), "SELECT FROM vault_tickets") == []


@pytest.fixture(scope="module")
def restored_once(server: EmbeddedPostgres, backup: Backup, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """For tests that only look, or that are refused."""
    target = new_database(server, tmp_path_factory.mktemp("restored") / "var")
    restored(backup, target)
    return target


# The guard against older databases ---------------------------------------------------------------------------------


def test_a_backup_older_than_what_was_signed_is_refused_until_the_loss_is_accepted_and_told(
    backup: Backup, target: Installation
) -> None:
    copy_keys(backup.source, target, checkpoints=True)
    signers = keys.load(target.settings)
    given_up = checkpoints.kept_in_file(signers, signers.origin_of(backup.shop.slug))
    assert given_up is not None

    refused = target.run("restore", str(backup.path))
    untouched = target.tables()
    accepted = target.run("restore", str(backup.path), "--accept-older", "--reason", "The disk is gone.")

    assert refused.exit_code == 2
    assert untouched == set()
    assert accepted.exit_code == 0, accepted.output
    [entry] = entries(target, backup.shop.id)
    size = json.loads(json.dumps(entry["backup"]))["size"]
    lost = f"{size} to {given_up.checkpoint.size - 1}"
    assert f"{backup.shop.slug}: the backup ends with {size} leaves" in refused.output
    assert lost in refused.output
    assert lost in accepted.output
    # Whoever holds the checkpoint that was given up finds it in the log itself, still signed.
    assert (entry["given_up"], entry["reason"]) == (given_up.signed.note, "The disk is gone.")
    aside = target.keys / "checkpoints" / "given-up" / f"{backup.shop.slug}-{given_up.checkpoint.size}.json"
    assert json.loads(aside.read_bytes())["note"] == given_up.signed.note
    assert kept_size(target, backup.shop) == size + 1
    with served(target.settings) as url, Till(url, backup.shop) as till:
        assert till.post("POS/goes-on").status == 201
    assert fsck(target.settings, backup.shop).holds


def test_a_log_that_the_backup_lacks_altogether_is_told_too(backup: Backup, target: Installation) -> None:
    copy_keys(backup.source, target, checkpoints=True)
    folder = target.keys / "checkpoints"
    (folder / f"{backup.shop.slug}.json").rename(folder / "gone-shop.json")

    refused = target.run("restore", str(backup.path))

    assert refused.exit_code == 2
    assert "gone-shop: the backup ends with 0 leaves" in refused.output
    assert target.tables() == set()


def test_a_kept_checkpoint_that_nobody_of_this_vault_has_signed_stops_it(backup: Backup, target: Installation) -> None:
    copy_keys(backup.source, target, checkpoints=True)
    path = target.keys / "checkpoints" / f"{backup.shop.slug}.json"
    path.write_bytes(path.read_bytes().replace(b"tillvault.local", b"tillvault.lokal"))

    refused = target.run("restore", str(backup.path), "--accept-older")

    assert refused.exit_code == 2
    assert "cannot be used" in refused.output
    assert target.tables() == set()


# The embedded database ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_embedded_database_is_backed_up_while_it_serves_and_restored_in_another_folder(tmp_path: Path) -> None:
    serving = Serving(tmp_path / "one" / "var")
    path = tmp_path / "shop.backup"

    def tillvault(folder: Path, *words: str) -> Result:
        return run(words, {"TILLVAULT_DATA_DIR": str(folder)})

    try:
        serving.ready()
        made = tillvault(serving.data_dir, "backup", str(path))
        at_work = tillvault(serving.data_dir, "restore", str(path), "--replace")
        assert (serving.health() or {})["status"] == "ok"
        assert serving.end() == 0
    finally:
        serving.clean_up()
    new = tmp_path / "two" / "var"
    shutil.copytree(serving.data_dir / "keys", new / "keys")
    nothing = tillvault(tmp_path / "three", "backup", str(tmp_path / "nothing.backup"))
    done = tillvault(new, "restore", str(path))

    assert made.exit_code == 0, made.output
    assert (at_work.exit_code, nothing.exit_code) == (2, 2)
    assert "Another tillvault runs on" in at_work.output
    assert "nothing to back up" in nothing.output
    assert done.exit_code == 0, done.output
