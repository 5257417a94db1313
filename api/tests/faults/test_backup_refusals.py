"""What `tillvault backup` and `tillvault restore` refuse, and that a refusal changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config

from tests.backups import Installation, copy_keys, new_database, protection
from tests.machinery import environment, execute, query, served
from tests.support import Shops
from tests.vaultload import Till
from tillvault.backup import archive, manifest
from tillvault.core import migrate
from tillvault.core.embedded import APP_LOGIN, OWNER_ROLE, EmbeddedPostgres
from tillvault.reference import ROOT
from tillvault.vault import keys

SECRETS = {"evidence.pem", "checkpoint.pem", "pin_pepper", "webhook_secret", "receipt_secret", "token_secret"}


@pytest.fixture(scope="module")
def source(server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A shop with some tickets, whose API has ended."""
    installation = new_database(server, tmp_path_factory.mktemp("source") / "var")
    migrate.upgrade(server.dsn(OWNER_ROLE, installation.database))
    with served(installation.settings) as url:
        shop = Shops(None, installation.settings).make(registers=1)  # pyright: ignore[reportArgumentType]  # nobody asks it for anything
        with Till(url, shop) as till:
            assert [till.post(f"POS/{at}").status for at in range(5)] == [201] * 5
    return installation


@pytest.fixture(scope="module")
def backup(source: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backups") / "shop.backup"
    done = source.run("backup", str(path))
    assert done.exit_code == 0, done.output
    return path


@pytest.fixture
def target(server: EmbeddedPostgres, source: Installation, tmp_path: Path) -> Installation:
    """An empty database, and the keys folder of the source."""
    installation = new_database(server, tmp_path / "var")
    copy_keys(source, installation, checkpoints=True)
    return installation


def content(path: Path) -> dict[str, bytes]:
    """The parts of a backup in their order."""
    with tarfile.open(path) as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
        return {name: file.read() for name, file in found.items() if file is not None}


def about(path: Path) -> dict[str, Any]:
    return json.loads(content(path)[manifest.NAME])


def remade(path: Path, change: Callable[[dict[str, Any]], None], into: Path) -> Path:
    """The backup with another manifest, whose hash is right."""
    parts = content(path)
    told = json.loads(parts[manifest.NAME])
    change(told)
    text = json.dumps(told).encode()
    with into.open("w+b") as file:
        writing = archive.Writing(file)
        for name in parts.keys() - {manifest.NAME, archive.HASH_NAME}:
            writing.add(name, [parts[name]])
        writing.add(manifest.NAME, [text])
        writing.add(archive.HASH_NAME, [f"{hashlib.sha256(text).hexdigest()}  {manifest.NAME}\n".encode()])
    return into


# Making one ---------------------------------------------------------------------------------------------------------


def test_a_backup_is_private_says_what_it_is_and_holds_no_key(source: Installation, backup: Path) -> None:
    parts = content(backup)
    told = about(backup)

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert list(parts) == [manifest.DUMP, manifest.NAME, archive.HASH_NAME]
    assert told["facts"]["revision"] == migrate.head()
    [log] = told["facts"]["logs"]
    [row] = query(source.superuser, "SELECT size FROM vault_logs")
    assert log["size"] == row["size"] == 5
    for part in told["parts"]:
        assert hashlib.sha256(parts[part["name"]]).hexdigest() == part["sha256"]
    private = [(source.keys / name).read_bytes().strip() for name in SECRETS]
    assert not any(secret in b"".join(parts.values()) for secret in private)


def test_a_file_that_is_there_is_replaced_only_when_that_was_said(source: Installation, tmp_path: Path) -> None:
    path = tmp_path / "shop.backup"
    path.write_text("precious")

    refused = source.run("backup", str(path))
    kept = path.read_text()
    forced = source.run("backup", str(path), "--force")
    named = source.run("backup", str(tmp_path))

    assert (refused.exit_code, kept) == (2, "precious")
    assert "replace it with --force" in refused.output
    assert forced.exit_code == named.exit_code == 0
    assert about(path)["format"] == "tillvault-backup/1"
    assert len(list(tmp_path.glob("tillvault-*Z.backup"))) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_leaves_nothing_half(source: Installation, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": source.server.dsn(APP_LOGIN, source.database), "DATABASE_BACKUP_URL": source.superuser}

    done = subprocess.run(
        ["prlimit", "--fsize=65536", sys.executable, "-m", "tillvault.cli", "backup", str(tmp_path / "shop.backup")],
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_role_from_which_rows_are_hidden_is_refused_and_a_reader_of_all_will_do(
    source: Installation, tmp_path: Path
) -> None:
    owner, reader = source.server.dsn(OWNER_ROLE, source.database), source.server.dsn("all_reader", source.database)
    execute(source.superuser, "CREATE ROLE all_reader LOGIN BYPASSRLS; GRANT pg_read_all_data TO all_reader")
    try:
        refused = source.run("backup", str(tmp_path / "one"), DATABASE_BACKUP_URL=owner)
        done = source.run("backup", str(tmp_path / "two"), DATABASE_BACKUP_URL=reader)
    finally:
        execute(source.superuser, "DROP OWNED BY all_reader; DROP ROLE all_reader")

    assert refused.exit_code == 2
    assert "GRANT pg_read_all_data TO tillvault_backup" in " ".join(refused.output.split())
    assert done.exit_code == 0, done.output
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


# Restoring one ------------------------------------------------------------------------------------------------------


def changed_dump(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(5000)
        byte = file.read(1)[0]
        file.seek(5000)
        file.write(bytes([byte ^ 1]))


def changed_manifest(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"size": 5', b'"size": 6', 1))


def cut_end(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 3000)


def cut_dump(path: Path) -> None:
    os.truncate(path, 20_000)


def appended(path: Path) -> None:
    with tarfile.open(path, "a") as tar:
        tar.add(__file__, "further")


def another_file(path: Path) -> None:
    path.write_bytes(Path(__file__).read_bytes())


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [changed_dump, changed_manifest, cut_end, cut_dump, appended, another_file, empty])
def test_a_file_that_is_no_whole_backup_is_refused(
    backup: Path, target: Installation, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    path = Path(shutil.copy(backup, tmp_path / "harmed.backup"))
    harm(path)

    done = target.run("restore", str(path))

    assert done.exit_code == 2
    assert "This is no whole backup" in done.output
    assert target.tables() == set()


def test_a_dump_that_postgresql_does_not_take_leaves_the_database_as_it_was(
    source: Installation, backup: Path, target: Installation, tmp_path: Path
) -> None:
    assert target.run("restore", str(backup)).exit_code == 0
    before = protection(target.superuser)
    # A dump that breaks off after the tables were made, in a backup whose hashes are right.
    parts = content(backup)
    half = parts[manifest.DUMP][:-2000]
    path = tmp_path / "half.backup"
    with path.open("w+b") as file, archive.opened(backup) as whole:
        writing = archive.Writing(file)
        part = writing.add(manifest.DUMP, [half])
        told = json.loads(parts[manifest.NAME]) | {"parts": [{"name": part.name, "size_bytes": len(half)}]}
        told["parts"][0]["sha256"] = part.sha256
        text = json.dumps(told).encode()
        writing.add(manifest.NAME, [text])
        writing.add(archive.HASH_NAME, [f"{hashlib.sha256(text).hexdigest()}  {manifest.NAME}\n".encode()])
        assert whole.manifest.facts.logs

    done = target.run("restore", str(path), "--replace", "--accept-older")

    assert done.exit_code == 2, done.output
    assert "The database is as it was" in done.output
    assert protection(target.superuser) == before
    assert query(target.superuser, "SELECT count(*) AS n FROM vault_tickets")[0]["n"] == 5


def test_a_database_that_is_not_empty_is_replaced_only_when_that_was_said(backup: Path, target: Installation) -> None:
    assert target.run("restore", str(backup)).exit_code == 0
    slug = about(backup)["facts"]["organisations"][0]["slug"]

    # That it was restored is an entry, too, and signed.
    protected = target.run("restore", str(backup), "--replace")
    refused = target.run("restore", str(backup), "--accept-older")
    again = target.run("restore", str(backup), "--replace", "--accept-older")

    assert refused.exit_code == 2
    assert f"{slug} (Shop" in refused.output
    assert protected.exit_code == 2
    assert "the backup ends with 5 leaves, 6 were signed" in protected.output
    assert "a log of 6 leaves" in refused.output
    assert again.exit_code == 0, again.output
    rows = query(target.superuser, "SELECT stream, stream_seq FROM vault_leaves ORDER BY index")
    assert [tuple(row) for row in rows] == [*(("POS", at) for at in range(1, 6)), ("EVENT", 1)]


def test_tables_of_somebody_else_are_never_deleted(backup: Path, target: Installation) -> None:
    execute(target.superuser, "CREATE TABLE recipes (name text)")

    done = target.run("restore", str(backup), "--replace")

    assert done.exit_code == 2
    assert "not Tillvault's (recipes)" in done.output
    assert target.tables() == {"recipes"}


def test_a_database_at_work_is_left_alone(backup: Path, target: Installation) -> None:
    migrate.upgrade(target.server.dsn(OWNER_ROLE, target.database))
    with served(target.settings):
        done = target.run("restore", str(backup))

    assert done.exit_code == 2
    assert "Stop the API and the relay first" in done.output


def test_a_backup_of_a_newer_schema_is_refused_and_one_of_an_older_is_brought_up_to_date(
    source: Installation, backup: Path, target: Installation, server: EmbeddedPostgres, tmp_path: Path
) -> None:
    newer = remade(backup, lambda told: told["facts"].update(revision="9999"), tmp_path / "newer.backup")
    old = new_database(server, tmp_path / "old")
    config = Config(str(ROOT / "api" / "alembic.ini"))
    config.attributes["dsn"] = server.dsn(OWNER_ROLE, old.database)
    command.upgrade(config, "0001")
    execute(
        old.superuser,
        "INSERT INTO organisations (id, slug, name, created_at, updated_at)"
        " VALUES (gen_random_uuid(), 'old', 'Old', now(), now())",
    )
    assert old.run("backup", str(tmp_path / "older.backup")).exit_code == 0

    refused = target.run("restore", str(newer))
    untouched = target.tables()
    done = target.run("restore", str(tmp_path / "older.backup"), "--without-keys")

    assert refused.exit_code == 2
    assert "whose schema (9999) this" in " ".join(refused.output.split())
    assert untouched == set()
    assert done.exit_code == 0, done.output
    assert asyncio.run(migrate.is_current(target.settings.database_url.get_secret_value()))  # pyright: ignore[reportOptionalMemberAccess]  # it is set
    assert [row["slug"] for row in query(target.superuser, "SELECT slug FROM organisations")] == ["old"]


def test_another_owner_on_another_server_gets_the_same_protection(
    source: Installation, backup: Path, tmp_path: Path
) -> None:
    # A name that sorts as the other does.
    server, owner = source.server, f"{OWNER_ROLE}_elsewhere"
    execute(server.dsn(database="postgres"), f"CREATE ROLE {owner} LOGIN")
    target = new_database(server, tmp_path / "var", owner=owner)
    copy_keys(source, target, checkpoints=True)

    done = target.run("restore", str(backup), DATABASE_OWNER_URL=server.dsn(owner, target.database))

    assert done.exit_code == 0, done.output
    found, wanted = protection(target.superuser), protection(source.superuser)
    execute(server.dsn(database="postgres"), f"DROP DATABASE {target.database}")
    execute(server.dsn(database="postgres"), f"DROP ROLE {owner}")
    assert {what: str(rows).replace(owner, OWNER_ROLE) for what, rows in found.items()} == {
        what: str(rows) for what, rows in wanted.items()
    }


# The keys -----------------------------------------------------------------------------------------------------------


def test_keys_are_in_a_backup_only_when_asked_for_and_never_take_the_place_of_others(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "with-keys.backup"
    made = source.run("backup", str(path), "--with-keys")
    other = Path(shutil.copytree(target.keys, tmp_path / "other"))
    (other / "pin_pepper").write_text("another pepper")
    new = tmp_path / "new"

    refused = target.run("restore", str(path), "--with-keys", TILLVAULT_KEYS_DIR=str(other))
    untouched = target.tables()
    done = target.run("restore", str(path), "--with-keys", TILLVAULT_KEYS_DIR=str(new))
    again = target.run("restore", str(path), "--with-keys", TILLVAULT_KEYS_DIR=str(tmp_path / "untouched"))

    assert made.exit_code == 0
    assert "This file holds the private keys" in made.output
    assert {name.removeprefix(manifest.KEYS) for name in content(path) if "/" in name} == SECRETS | {"jwks.json"}
    assert refused.exit_code == 2
    assert "pin_pepper is not the one of the backup" in " ".join(refused.output.split())
    assert untouched == set()
    assert done.exit_code == 0, done.output
    assert "The database is not empty" in again.output
    assert not (tmp_path / "untouched").exists()
    for name in SECRETS:
        assert (new / name).read_bytes() == (source.keys / name).read_bytes()
        assert stat.S_IMODE((new / name).stat().st_mode) == 0o600


def test_without_the_right_keys_nothing_is_restored_unless_it_is_only_tried_out(
    backup: Path, target: Installation, tmp_path: Path
) -> None:
    other = target.settings.model_copy(update={"keys_dir": tmp_path / "other"})
    keys.load(other)

    none = target.run("restore", str(backup), TILLVAULT_KEYS_DIR=str(tmp_path / "none"))
    strange = target.run("restore", str(backup), TILLVAULT_KEYS_DIR=str(tmp_path / "other"))
    untouched = target.tables()
    tried = target.run("restore", str(backup), "--without-keys", TILLVAULT_KEYS_DIR=str(tmp_path / "none"))

    assert none.exit_code == strange.exit_code == 2
    assert "Bring that folder back" in none.output
    assert "are of another vault" in strange.output
    assert untouched == set()
    assert tried.exit_code == 0, tried.output
    assert "Not in" in tried.output
    assert "pin_pepper" in tried.output
