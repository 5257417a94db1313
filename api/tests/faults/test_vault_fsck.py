"""fsck sees what was done to a log behind the vault's back, and names the first index that is wrong."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable

import httpx
import pytest
from typer.testing import CliRunner

from tests.api.test_vault_intake import PATH, ticket
from tests.faults.test_vault_guard import backup_head, is_kept, post_many, tamper
from tests.machinery import query, until
from tests.support import Api, Shop, Shops
from tillvault.cli import app
from tillvault.core.config import Settings
from tillvault.vault import fsck_command, keys, leaves
from tillvault.vault.fsck import Finding

COUNT = 600
"""Two complete tiles and a part of a third."""

Harm = Callable[[Shop, str], list[str]]
"""The statements that harm a shop's log; the second argument is the database's address."""


def check(settings: Settings, shop: Shop, *, signatures: bool = True) -> Finding:
    assert settings.database_url is not None
    dsn = settings.database_url.get_secret_value()
    signers = keys.load(settings)
    [finding] = asyncio.run(fsck_command.check(dsn, settings, tenant=shop.slug, signers=signers, signatures=signatures))
    return finding


@pytest.fixture
def shop(shops: Shops, settings: Settings) -> Shop:
    shop = shops.make()
    post_many(shop, count=COUNT)
    until(lambda: is_kept(settings, shop, COUNT), what="the renewal of the checkpoint")
    return shop


def test_a_whole_log_holds(shop: Shop, settings: Settings, superuser_dsn: str) -> None:
    root = query(
        superuser_dsn, "SELECT root FROM vault_checkpoints WHERE organisation_id = $1 AND size = $2", shop.id, COUNT
    )[0]["root"]

    finding = check(settings, shop)

    assert (finding.reason, finding.size, finding.root) == (None, COUNT, root.hex())


def _at(table: str, change: str, index: int) -> Harm:
    return lambda shop, _: [f"UPDATE {table} SET {change} WHERE organisation_id = '{shop.id}' AND index = {index}"]


def _swapped(shop: Shop, _: str) -> list[str]:
    """The bodies of two tickets, each whole."""
    return [
        f"""
        UPDATE vault_tickets t SET raw = o.raw, envelope = o.envelope FROM vault_tickets o
        WHERE t.organisation_id = '{shop.id}' AND o.organisation_id = t.organisation_id
          AND t.index IN (70, 90) AND o.index = 160 - t.index
        """
    ]


def _swapped_positions(shop: Shop, _: str) -> list[str]:
    """Two leaves with their tickets; by way of positions that are free."""
    return [
        f"UPDATE {table} SET index = {new} WHERE organisation_id = '{shop.id}' AND index = {old}"
        for table in ("vault_leaves", "vault_tickets")
        for old, new in ((70, 10_000), (90, 70), (10_000, 90))
    ]


def _delete(condition: str, *more: str) -> Harm:
    def harm(shop: Shop, _: str) -> list[str]:
        own = f"WHERE organisation_id = '{shop.id}' AND"
        gone = [f"DELETE FROM {table} {own} {condition}" for table in ("vault_tickets", "vault_leaves")]
        return gone + [f"{statement} {own} size > 590" for statement in more]

    return harm


def _deleted_ticket(shop: Shop, _: str) -> list[str]:
    return [f"DELETE FROM vault_tickets WHERE organisation_id = '{shop.id}' AND index = 301"]


def _inserted(shop: Shop, dsn: str) -> list[str]:
    """A back-dated leaf among the others, with every later one moved up, its own hash right."""
    row = query(dsn, "SELECT leaf FROM vault_leaves WHERE organisation_id = $1 AND index = 100", shop.id)[0]
    text = re.sub(r'"received_at":"[^"]*"', '"received_at":"2026-01-01T00:00:00.000000Z"', row["leaf"])
    digest = leaves.leaf_hash(text.encode()).hex()
    own = f"WHERE organisation_id = '{shop.id}'"
    moved = [
        f"UPDATE {table} SET index = {change} {own} AND index {which}"
        for table in ("vault_leaves", "vault_tickets")
        for change, which in (("-index", ">= 100"), ("1 - index", "<= -100"))
    ]
    insert = "INSERT INTO vault_leaves (organisation_id, index, stream, stream_seq, leaf, leaf_hash) "
    return [
        *moved,
        insert + f"VALUES ('{shop.id}', 100, 'POS', 100000, '{text}', '\\x{digest}')",
    ]


def _rewritten_leaf(shop: Shop, dsn: str) -> list[str]:
    """A leaf and the hash beside it."""
    row = query(dsn, "SELECT leaf FROM vault_leaves WHERE organisation_id = $1 AND index = 333", shop.id)[0]
    text = re.sub(r'"raw_sha256":"[0-9a-f]{4}', '"raw_sha256":"beef', row["leaf"])
    digest = leaves.leaf_hash(text.encode()).hex()
    return _at("vault_leaves", f"leaf = '{text}', leaf_hash = '\\x{digest}'", 333)(shop, dsn)


def _tile(change: str) -> Harm:
    return lambda shop, _: [
        f"UPDATE vault_tiles SET {change} WHERE organisation_id = '{shop.id}' AND level = 0 AND index = 1"
    ]


HARMS: list[tuple[str, Harm, int | None, str]] = [
    ("raw", _at("vault_tickets", "raw = overlay(raw placing ' ' from 20)", 123), 123, "the raw body is not the one"),
    ("envelope", _at("vault_tickets", "envelope = replace(envelope, 'Verena', 'Marie')", 44), 44, "the envelope is"),
    ("leaf", _at("vault_leaves", "leaf = replace(leaf, 'POS', 'ZZZ')", 599), 599, "the leaf is not the one whose hash"),
    ("rewritten leaf", _rewritten_leaf, 333, "the raw body is not the one"),
    ("evidence", _at("vault_tickets", "evidence_jws = replace(evidence_jws, '.', '.A')", 7), 7, "the evidence does"),
    ("source id", _at("vault_tickets", "source_id = 'POS/else'", 9), 9, "`source_id` of the ticket"),
    ("time", _at("vault_tickets", "received_at = '2026-01-01Z'", 9), 9, "`received_at` of the ticket"),
    ("tile", _tile("hashes = overlay(hashes placing '\\x0000' from 33)"), 257, "tile 1 of level 0 is not made"),
    ("tile root", _tile("root = sha256('x')"), 256, "the root of tile 1 of level 0"),
    ("swapped bodies", _swapped, 70, "the raw body is not the one"),
    ("swapped positions", _swapped_positions, 70, "the leaf says index 90"),
    ("deleted middle", _delete("index = 301"), 301, "the leaf is missing: index 302 comes next"),
    ("deleted ticket", _deleted_ticket, 301, "the ticket is missing"),
    ("deleted tail", _delete("index >= 590"), 590, "the leaf is missing: the head is of 600"),
    (
        "deleted tail and checkpoints",
        _delete("index >= 590", "DELETE FROM vault_checkpoints"),
        590,
        "the leaf is missing: the head is of 600",
    ),
    ("inserted, back-dated", _inserted, 100, "the leaf was received before the leaf before it"),
    (
        "checkpoint",
        lambda shop, _: [f"UPDATE vault_checkpoints SET root = sha256('x') WHERE organisation_id = '{shop.id}'"],
        None,
        "is not of the leaves before it",
    ),
    (
        "position",
        lambda shop, _: [f"UPDATE vault_logs SET streams = '{{\"POS\": 7}}' WHERE organisation_id = '{shop.id}'"],
        None,
        "the head names other positions",
    ),
]


@pytest.mark.parametrize(("harm", "index", "reason"), [row[1:] for row in HARMS], ids=[row[0] for row in HARMS])
def test_what_was_done_to_a_log_is_named(
    shop: Shop, settings: Settings, superuser_dsn: str, harm: Harm, index: int | None, reason: str
) -> None:
    tamper(superuser_dsn, *harm(shop, superuser_dsn))

    finding = check(settings, shop)

    assert finding.reason is not None
    assert reason in finding.reason
    if index is not None:
        assert finding.index == index


def test_a_tail_deleted_with_head_and_checkpoints_is_seen_by_the_file(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    post_many(shop, count=COUNT - 10)
    head = backup_head(superuser_dsn, shop)
    machine = Api(shop.http, shop.api_key)
    for at in range(10):
        machine.post(PATH, ticket(shop, source_id=f"POS/more/{at}"))
    until(lambda: is_kept(settings, shop, COUNT), what="the renewal of the checkpoint")
    tamper(superuser_dsn, *_delete("index >= 590", "DELETE FROM vault_checkpoints")(shop, superuser_dsn), head)

    finding = check(settings, shop)

    assert finding.index == 590
    assert "the checkpoint in the keys folder is of 600 leaves" in (finding.reason or "")


def test_a_log_that_was_deleted_with_its_head_is_seen_by_the_file(
    shops: Shops, settings: Settings, superuser_dsn: str
) -> None:
    shop = shops.make()
    post_many(shop, count=10)
    until(lambda: is_kept(settings, shop, 10), what="the renewal of the checkpoint")
    tables = ("vault_checkpoints", "vault_tickets", "vault_leaves", "vault_logs")
    tamper(superuser_dsn, *(f"DELETE FROM {table} WHERE organisation_id = '{shop.id}'" for table in tables))

    finding = check(settings, shop)

    told = Api(shop.http, shop.api_key).get(f"/api/v1/ledger/{shop.slug}/checkpoint")
    assert (finding.index, finding.holds) == (0, False)
    assert "the log was deleted" in (finding.reason or "")
    # Not 404, which a log that is empty gets: nobody would hear of it before the next ticket.
    assert told.status_code == 503


def test_a_restored_head_leaves_leaves_beyond_it(shop: Shop, settings: Settings, superuser_dsn: str) -> None:
    head = backup_head(superuser_dsn, shop)
    answer: httpx.Response = Api(shop.http, shop.api_key).post(PATH, ticket(shop, source_id="POS/more"))
    assert answer.status_code == 201
    tamper(superuser_dsn, head, f"DELETE FROM vault_checkpoints WHERE organisation_id = '{shop.id}' AND size > 600")

    finding = check(settings, shop)

    assert (finding.index, finding.reason) == (600, "the leaf is beyond the head, which is of 600 leaves")


def test_a_clock_set_back_does_not_set_the_log_back(shop: Shop, settings: Settings, superuser_dsn: str) -> None:
    """A head whose last ticket came tomorrow is what a clock that was set back today looks like."""
    later = "last_received_at + interval '1 day'"
    tamper(superuser_dsn, f"UPDATE vault_logs SET last_received_at = {later} WHERE organisation_id = '{shop.id}'")
    tomorrow = query(superuser_dsn, "SELECT last_received_at FROM vault_logs WHERE organisation_id = $1", shop.id)[0][0]

    answer = Api(shop.http, shop.api_key).post(PATH, ticket(shop, source_id="POS/more"))

    assert answer.json()["created_at"] == leaves.moment(tomorrow)
    assert check(settings, shop).reason is None


def test_without_signatures_evidence_is_passed_over_and_the_rest_is_not(
    shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    tamper(superuser_dsn, f"UPDATE vault_tickets SET evidence_jws = '' WHERE organisation_id = '{shop.id}'")

    assert check(settings, shop, signatures=False).holds
    assert check(settings, shop).index == 0


def test_the_command_says_what_it_found_and_by_its_exit_code(
    shop: Shop, settings: Settings, superuser_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.database_url is not None
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("TILLVAULT_DATA_DIR", str(settings.data_dir))
    arguments = ["vault", "fsck", "--tenant", shop.slug]

    holds = CliRunner().invoke(app, [*arguments, "--json"])
    unknown = CliRunner().invoke(app, ["vault", "fsck", "--tenant", "nobody"])
    monkeypatch.setenv("TILLVAULT_DATA_DIR", str(settings.data_dir / "elsewhere"))
    keyless = CliRunner().invoke(app, arguments)
    unsigned = CliRunner().invoke(app, [*arguments, "--no-signatures"])
    tamper(superuser_dsn, f"UPDATE vault_tickets SET raw = '' WHERE organisation_id = '{shop.id}' AND index = 5")
    broken = CliRunner().invoke(app, [*arguments, "--no-signatures"])

    assert (holds.exit_code, json.loads(holds.stdout)["logs"][0]["size"]) == (0, COUNT), holds.output
    assert (unknown.exit_code, keyless.exit_code, unsigned.exit_code) == (2, 2, 0)
    assert broken.exit_code == 1
    assert "index 5: the raw body is not the one" in broken.stdout
