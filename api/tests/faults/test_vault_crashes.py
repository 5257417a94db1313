"""The vault under kill -9 and with several writers: no acknowledged ticket is lost, no position is given twice."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.machinery import Serving
from tests.support import Shop, Shops, fetch
from tillvault.core.config import Settings
from tillvault.vault import leaves, merkle

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("TILLVAULT_TEST_ROUNDS", "4"))
"""How often the API is killed; TILLVAULT_TEST_ROUNDS asks for more."""


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return {"DATABASE_URL": settings.database_url.get_secret_value(), "TILLVAULT_KEYS_DIR": str(settings.keys_folder)}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def started() -> Generator[list[Serving]]:
    serving: list[Serving] = []
    yield serving
    for each in serving:
        each.clean_up()


def post(url: str, shop: Shop, source_id: str) -> httpx.Response:
    body: dict[str, Any] = {
        "tenant": shop.slug,
        "source_model": "pos.order",
        "source_id": source_id,
        "ticket": {"total": 12.5},
    }
    headers = {"Authorization": f"Bearer {shop.api_key}"}
    return httpx.post(f"{url}/api/v1/pos-tickets", json=body, headers=headers, timeout=30)


def assert_sound(superuser_dsn: str, shop: Shop, expected: int | None = None) -> None:
    """Positions 1…n without gap, a chain without fork, a head that is the root of the leaves."""
    rows = fetch(
        superuser_dsn,
        'SELECT "index", stream_seq, leaf, leaf_hash FROM vault_leaves WHERE organisation_id = $1 ORDER BY "index"',
        shop.id,
    )
    head = fetch(superuser_dsn, "SELECT size, frontier FROM vault_logs WHERE organisation_id = $1", shop.id)[0]
    hashes = [row["leaf_hash"] for row in rows]
    parsed = [leaves.parse_leaf(row["leaf"]) for row in rows]
    assert [row["stream_seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert [merkle.hash_leaf(row["leaf"].encode()) for row in rows] == hashes
    assert [leaf.prev for leaf in parsed[1:]] == [value.hex() for value in hashes[:-1]]
    assert [leaf.received_at for leaf in parsed] == sorted(leaf.received_at for leaf in parsed)
    edge = merkle.Edge.unpack(head["size"], head["frontier"])
    assert (head["size"], merkle.root_of(edge)) == (len(rows), merkle.root_of_leaves(hashes))
    assert expected is None or len(rows) == expected


def test_several_processes_append_to_one_log_without_gap_or_fork(
    shop: Shop, environment: dict[str, str], started: list[Serving], tmp_path: Path, superuser_dsn: str
) -> None:
    started += [Serving(tmp_path / f"p{at}", settings=environment) for at in range(3)]
    urls = [each.ready().url for each in started]

    def one(at: int) -> httpx.Response:
        return post(urls[at % len(urls)], shop, f"POS/{at}")

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(one, range(900)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["ledger_hash"] for answer in answers}) == 900
    assert_sound(superuser_dsn, shop, 900)


def test_no_acknowledged_ticket_is_lost_when_the_api_is_killed(
    shop: Shop, environment: dict[str, str], started: list[Serving], tmp_path: Path, superuser_dsn: str
) -> None:
    acknowledged: dict[str, str] = {}

    for number in range(ROUNDS):
        serving = Serving(tmp_path / f"round-{number}", settings=environment).ready()
        started.append(serving)
        stop = threading.Event()

        def load(worker: int, serving: Serving = serving, stop: threading.Event = stop, number: int = number) -> None:
            count = 0
            while not stop.is_set():
                source_id = f"POS/{number}/{worker}/{count}"
                count += 1
                try:
                    answer = post(serving.url, shop, source_id)
                except httpx.HTTPError:
                    continue
                if answer.status_code == 201:
                    acknowledged[source_id] = answer.json()["ledger_hash"]

        workers = [threading.Thread(target=load, args=(at,)) for at in range(8)]
        for worker in workers:
            worker.start()
        # A moment that differs from round to round: within a batch, between two, in the middle of an answer.
        time.sleep(0.4 + 0.137 * number)
        serving.process.kill()
        stop.set()
        for worker in workers:
            worker.join()
        serving.process.wait()

    survivor = Serving(tmp_path / "survivor", settings=environment).ready()
    started.append(survivor)
    assert len(acknowledged) > 20 * ROUNDS
    for source_id, ledger_hash in list(acknowledged.items())[:: max(1, len(acknowledged) // 200)]:
        retry = post(survivor.url, shop, source_id)
        assert (retry.status_code, retry.json()["ledger_hash"]) == (200, ledger_hash)
    stored = fetch(
        superuser_dsn, "SELECT source_id, ledger_hash FROM vault_tickets WHERE organisation_id = $1", shop.id
    )
    assert acknowledged.items() <= {row["source_id"]: row["ledger_hash"] for row in stored}.items()
    assert_sound(superuser_dsn, shop)
