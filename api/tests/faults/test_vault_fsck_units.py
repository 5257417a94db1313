"""The bulk of fsck is done in units that know nothing of each other, in other processes too: it finds the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.api.test_vault_intake import PATH, ticket
from tests.faults.test_vault_fsck import COUNT, HARMS, Harm, check
from tests.faults.test_vault_guard import is_kept, post_many, tamper
from tests.machinery import query, until
from tests.support import Api, Shop, Shops
from tillvault.core.config import Settings
from tillvault.core.db import Connection, Database
from tillvault.events import service as events
from tillvault.vault import fsck, fsck_queries, fsck_rows, fsck_units, keys, queries
from tillvault.vault.entries import Chain
from tillvault.vault.fsck import Finding
from tillvault.vault.fsck_units import Processes
from tillvault.vault.tiles import WIDTH


def in_log(settings: Settings, shop: Shop, asked: Callable[[Connection], Awaitable[Any]]) -> Any:
    async def answered() -> Any:
        assert settings.database_url is not None
        database = await Database.connect(settings.database_url.get_secret_value(), settings, flush=events.flush)
        try:
            async with database.transaction(shop.id) as db:
                return await asked(db)
        finally:
            await database.close()

    return asyncio.run(answered())


def in_units(settings: Settings, shop: Shop, *, jobs: int) -> Finding:
    """As `check`, with a unit for each tile."""
    assert settings.database_url is not None
    units = Processes(dsn=settings.database_url.get_secret_value(), settings=settings, jobs=jobs, step=WIDTH)
    known = keys.load(settings).public_keys
    return in_log(settings, shop, lambda db: fsck.check_log(db, tenant=shop.slug, keys=known, kept=None, units=units))


def found(finding: Finding) -> tuple[int, int | None, str | None, str | None]:
    return finding.size, finding.index, finding.reason, finding.root


@pytest.fixture
def shop(shops: Shops, settings: Settings) -> Shop:
    shop = shops.make()
    post_many(shop, count=COUNT)
    until(lambda: is_kept(settings, shop, COUNT), what="the renewal of the checkpoint")
    return shop


@pytest.mark.parametrize("harm", [row[1] for row in HARMS], ids=[row[0] for row in HARMS])
def test_small_units_find_what_large_ones_find(shop: Shop, settings: Settings, superuser_dsn: str, harm: Harm) -> None:
    tamper(superuser_dsn, *harm(shop, superuser_dsn))

    finding = in_units(settings, shop, jobs=1)

    assert not finding.holds
    assert found(finding)[1:] == found(check(settings, shop))[1:]


def test_processes_agree_that_a_log_holds_and_where_it_does_not(
    shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    whole = in_units(settings, shop, jobs=3)
    tamper(
        superuser_dsn,
        f"UPDATE vault_tickets SET evidence_jws = '' WHERE organisation_id = '{shop.id}' AND index IN (300, 590)",
    )

    broken = in_units(settings, shop, jobs=3)

    assert (whole.holds, whole.size) == (True, COUNT), whole
    assert broken.index == 300
    assert "the evidence does not hold" in (broken.reason or "")


@pytest.mark.parametrize(
    ("leaf", "stream_seq"),
    [
        pytest.param("overlay(leaf placing '0000' from strpos(leaf, '\"prev\"') + 8)", WIDTH + 1, id="prev"),
        pytest.param("replace(leaf, '\"stream_seq\":257', '\"stream_seq\":900')", 900, id="position"),
    ],
)
def test_a_border_between_units_hides_nothing(
    shop: Shop, settings: Settings, superuser_dsn: str, leaf: str, stream_seq: int
) -> None:
    """The first leaf of the second unit, rewritten with the right hash beside it: on its own, nothing is wrong."""
    own = f"organisation_id = '{shop.id}' AND index = {WIDTH}"
    tamper(
        superuser_dsn,
        f"UPDATE vault_leaves SET leaf = {leaf}, stream_seq = {stream_seq} WHERE {own}",
        f"UPDATE vault_leaves SET leaf_hash = sha256('\\x00'::bytea || convert_to(leaf, 'UTF8')) WHERE {own}",
    )

    finding = in_units(settings, shop, jobs=1)

    assert finding.index == WIDTH
    assert found(finding)[1:] == found(check(settings, shop))[1:]


def test_the_quick_way_proves_tickets_of_every_shape(shops: Shops, settings: Settings, superuser_dsn: str) -> None:
    """What it does not prove is judged all the same, only slowly: nobody would notice."""
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)
    shapes: list[dict[str, Any]] = [
        {"ticket": {"a": 10.0, "b": None, "c": [None, -0.0, 1e-7]}},
        {"ticket": {"😀": "x", "\u20ac": 'a "quote" and \\ and \n'}},
        {"ticket": {"deep": [[[{"a": [1, 2.5, "Crêpe"]}]]]}, "pos_session": "S/1", "cashier": "Zoë", "currency": "EUR"},
        {"ticket": {"n": 3}, "pos_session": None, "total_incl_tax": 12.50, "total_excl_tax": 10},
    ]
    for number, shape in enumerate(shapes):
        body = json.dumps(ticket(shop, source_id=f"POS/{number}") | shape, ensure_ascii=bool(number % 2)).encode()
        assert machine.request("POST", PATH, content=body).status_code == 201
    known = keys.load(settings).public_keys

    async def proven(db: Connection) -> list[bool]:
        head = await queries.head(db)
        assert head is not None
        prover = fsck_rows.Prover(Chain(head.origin), known)
        return [prover.proves([row]) for row in await fsck_queries.entries(db, 0)]

    async def held(db: Connection) -> list[bool]:
        head = await queries.head(db)
        assert head is not None
        return [unit.holds async for unit in fsck_units.here(db, head, known)]

    assert in_log(settings, shop, proven) == [True] * len(shapes)
    assert in_log(settings, shop, held) == [True]
    stored = query(superuser_dsn, "SELECT count(*) FROM vault_leaves WHERE organisation_id = $1", shop.id)
    assert stored[0][0] == len(shapes)
