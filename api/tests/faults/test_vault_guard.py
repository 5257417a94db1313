"""A database that was restored or cut is neither signed nor appended to (vault.md, "Ledger")."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.test_vault_intake import PATH, ticket
from tests.machinery import execute, query, served, until
from tests.support import Api, Shop, Shops, race, statuses
from tillvault.core.config import Settings
from tillvault.vault import notes

COUNT = 300


def post_many(shop: Shop, *, threads: int = 10, count: int = COUNT) -> None:
    """Tickets POS/0… that are all new: most in one request, the last ones each in its own, several at a time."""
    machine = Api(shop.http, shop.api_key)
    sent = [ticket(shop, source_id=f"POS/{at}") for at in range(count)]
    lines = b"\n".join(json.dumps(each).encode() for each in sent[: -5 * threads])
    answer = machine.post(f"{PATH}/batch", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert {json.loads(line)["status"] for line in answer.content.splitlines()} <= {201}
    assert answer.content.count(b"\n") == max(0, count - 5 * threads)

    def some(start: int) -> httpx.Response:
        answers = [machine.post(PATH, each) for each in sent[-5 * threads :][start::threads]]
        assert statuses(answers) == {201: len(answers)}
        return answers[-1]

    race([lambda start=start: some(start) for start in range(min(threads, count))])


def kept_file(settings: Settings, shop: Shop) -> Path:
    return settings.keys_folder / "checkpoints" / f"{shop.slug}.json"


def size_in(path: Path) -> int:
    return notes.parse_checkpoint(json.loads(path.read_bytes())["note"].rpartition("\n\n")[0] + "\n").size


def is_kept(settings: Settings, shop: Shop, size: int = COUNT) -> bool:
    path = kept_file(settings, shop)
    return path.exists() and size_in(path) == size


def tamper(dsn: str, *statements: str) -> None:
    """As a superuser who has switched every trigger off, those that are ENABLE ALWAYS too."""
    tables = ("vault_leaves", "vault_tickets", "vault_tiles", "vault_checkpoints")
    off = [f"ALTER TABLE {table} DISABLE TRIGGER append_only" for table in tables]
    on = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only" for table in tables]
    script = ["BEGIN", "SET LOCAL session_replication_role = replica", *off, *statements, *on, "COMMIT"]
    execute(dsn, ";\n".join(script))


def backup_head(dsn: str, shop: Shop) -> str:
    """The statement that puts the head back as it is now."""
    row = query(dsn, "SELECT * FROM vault_logs WHERE organisation_id = $1", shop.id)[0]
    return (
        f"UPDATE vault_logs SET size = {row['size']}, frontier = '\\x{row['frontier'].hex()}',"
        f" last_leaf_hash = '\\x{row['last_leaf_hash'].hex()}', streams = '{row['streams']}',"
        f" last_received_at = '{row['last_received_at'].isoformat()}' WHERE organisation_id = '{shop.id}'"
    )


@pytest.fixture
def shop(shops: Shops, settings: Settings) -> Shop:
    """A shop with tickets, whose checkpoint is kept."""
    shop = shops.make()
    post_many(shop)
    until(lambda: is_kept(settings, shop), what="the renewal of the checkpoint")
    return shop


def another_process(settings: Settings, shop: Shop) -> tuple[httpx.Response, httpx.Response]:
    """What a process that starts now answers to a new ticket, and to a request for a proof of the first."""
    with served(settings) as url, httpx.Client(base_url=url, timeout=30) as http:
        machine = Api(http, shop.api_key)
        posted = machine.post(PATH, ticket(shop, source_id="POS/later"))
        document = machine.post(PATH, ticket(shop, source_id="POS/0"))
        return posted, machine.get(f"{PATH}/{document.json().get('id')}/proof")


def test_a_checkpoint_is_kept_in_the_database_and_beside_the_keys(
    shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    rows = query(superuser_dsn, "SELECT size, note, jws FROM vault_checkpoints WHERE organisation_id = $1", shop.id)
    kept: dict[str, Any] = json.loads(kept_file(settings, shop).read_bytes())

    assert max(row["size"] for row in rows) == COUNT
    assert kept in [{"note": row["note"], "jws": row["jws"]} for row in rows]
    assert stat.S_IMODE(kept_file(settings, shop).stat().st_mode) == 0o600


def test_a_log_that_did_not_grow_is_not_signed_again(shop: Shop, superuser_dsn: str) -> None:
    count = "SELECT FROM vault_checkpoints WHERE organisation_id = $1"
    before = query(superuser_dsn, count, shop.id)
    machine = Api(shop.http, shop.api_key)
    known = machine.post(PATH, ticket(shop, source_id="POS/0")).json()["id"]

    assert {machine.get(f"{PATH}/{known}/proof").json()["checkpoint"] for _ in range(3)} != set()
    assert len(query(superuser_dsn, count, shop.id)) == len(before)


def test_another_process_goes_on_with_a_whole_log(shop: Shop, settings: Settings) -> None:
    posted, proof = another_process(settings, shop)

    assert (posted.status_code, proof.status_code) == (201, 200)
    until(lambda: is_kept(settings, shop, COUNT + 1), what="the renewal of the checkpoint")


def _cut(shop: Shop, size: int) -> list[str]:
    return [
        f"DELETE FROM {table} WHERE organisation_id = '{shop.id}' AND index >= {size}"
        for table in ("vault_tickets", "vault_leaves")
    ]


def _forget(shop: Shop, size: int) -> str:
    return f"DELETE FROM vault_checkpoints WHERE organisation_id = '{shop.id}' AND size > {size}"


def _deleted_tail(shop: Shop, _: str) -> list[str]:
    return _cut(shop, COUNT - 1)


def _restored(shop: Shop, head: str) -> list[str]:
    """A backup of the whole database: nothing in it is inconsistent."""
    return [*_cut(shop, 200), head, _forget(shop, 200)]


def _restored_head(_: Shop, head: str) -> list[str]:
    return [head]


def _changed_leaf(shop: Shop, _: str) -> list[str]:
    return [
        f"UPDATE vault_leaves SET leaf_hash = sha256('x') WHERE organisation_id = '{shop.id}' AND index = {COUNT - 9}"
    ]


def _changed_tile(shop: Shop, _: str) -> list[str]:
    """The node that leads to the head; hashes below it, which the guard does not read, are fsck's."""
    return [f"UPDATE vault_tiles SET root = sha256('x') WHERE organisation_id = '{shop.id}'"]


def _forged_checkpoint(shop: Shop, _: str) -> list[str]:
    return [f"UPDATE vault_checkpoints SET note = replace(note, '{COUNT}', '299') WHERE organisation_id = '{shop.id}'"]


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        (_deleted_tail, "extends_database"),
        (_restored, "extends_file"),
        (_restored_head, "extends_database"),
        (_changed_leaf, "extends_database"),
        (_changed_tile, "extends_database"),
        (_forged_checkpoint, "database_checkpoint"),
    ],
)
def test_a_harmed_log_is_neither_signed_nor_appended_to(
    shops: Shops,
    settings: Settings,
    superuser_dsn: str,
    harm: Callable[[Shop, str], list[str]],
    check: str,
) -> None:
    shop = shops.make()
    post_many(shop, count=200)
    until(lambda: is_kept(settings, shop, 200), what="the renewal of the checkpoint")
    head = backup_head(superuser_dsn, shop)
    machine = Api(shop.http, shop.api_key)
    for at in range(200, COUNT):
        machine.post(PATH, ticket(shop, source_id=f"POS/{at}"))
    until(lambda: is_kept(settings, shop), what="the renewal of the checkpoint")
    tamper(superuser_dsn, *harm(shop, head))
    state = "SELECT size FROM vault_logs WHERE organisation_id = $1"
    before = query(superuser_dsn, state, shop.id)

    with capture_logs() as records:
        posted, _ = another_process(settings, shop)

    assert (posted.status_code, posted.headers["Retry-After"]) == (503, "5"), posted.text
    assert query(superuser_dsn, state, shop.id) == before
    assert size_in(kept_file(settings, shop)) == COUNT
    told = [record for record in records if record["event"] == "vault.head_refused"]
    assert {(record["organisation_id"], record["check"]) for record in told} == {(str(shop.id), check)}
    assert "fsck" in told[0]["what_to_do"]


def test_a_restored_head_is_refused_by_a_process_that_has_seen_a_later_one(
    shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    head = backup_head(superuser_dsn, shop)
    machine = Api(shop.http, shop.api_key)
    machine.post(PATH, ticket(shop, source_id="POS/more"))
    known = machine.post(PATH, ticket(shop, source_id="POS/0")).json()["id"]
    until(lambda: is_kept(settings, shop, COUNT + 1), what="the renewal of the checkpoint")
    tamper(superuser_dsn, head)

    assert machine.post(PATH, ticket(shop, source_id="POS/later")).status_code == 503
    assert machine.get(f"{PATH}/{known}/proof").status_code == 503


def test_a_file_that_nobody_of_this_vault_has_signed_is_refused(shop: Shop, settings: Settings) -> None:
    path = kept_file(settings, shop)
    path.write_bytes(path.read_bytes().replace(f"{COUNT}".encode(), b"299", 1))

    posted, _ = another_process(settings, shop)

    assert posted.status_code == 503
