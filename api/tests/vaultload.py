"""Tickets sent from many threads while something is killed, and what must be true of the log afterwards."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.support import Shop, fetch
from tillvault.core.config import Settings
from tillvault.vault import evidence, fsck_command, jwk, keys, leaves, merkle
from tillvault.vault.fsck import Finding

PATH = "/api/v1/pos-tickets"
_PROVEN = ("id", "tenant", "sha256_hex", "ledger_hash", "evidence_jws", "created_at")


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def proven(self) -> tuple[Any, ...]:
        """What every answer to the same ticket must say alike."""
        return tuple(self.body[name] for name in _PROVEN)


class Till:
    """One kept connection; a tenth of the work of a full client, so that the server is what is loaded."""

    def __init__(self, url: str, shop: Shop) -> None:
        self.shop = shop
        self._address = str(urlsplit(url).netloc)
        self._wire: http.client.HTTPConnection | None = None
        self._headers = {"Authorization": f"Bearer {shop.api_key}", "Content-Type": "application/json"}

    def post(self, source_id: str, **ticket: Any) -> Answer:
        """Raises OSError or HTTPException when there is no whole answer."""
        body = self._body(source_id, ticket)
        if self._wire is None:
            self._wire = http.client.HTTPConnection(self._address, timeout=60)
        try:
            self._wire.request("POST", PATH, json.dumps(body), self._headers)
            answer = self._wire.getresponse()
            return Answer(answer.status, json.loads(answer.read()), dict(answer.headers))
        except BaseException:
            self.close()
            raise

    def post_batch(self, source_ids: Sequence[str], told: Told) -> None:
        """Many in one request; each answer counts as soon as its line is there. Raises as `post` does."""
        told.unanswered.update(source_ids)
        wire = self._wire = http.client.HTTPConnection(self._address, timeout=60)
        try:
            lines = b"\n".join(json.dumps(self._body(each, told.ticket)).encode() for each in source_ids)
            wire.request("POST", f"{PATH}/batch", lines, self._headers | {"Content-Type": "application/x-ndjson"})
            answer = wire.getresponse()
            for source_id in source_ids:
                line = answer.readline()
                if not line.endswith(b"\n"):
                    raise ConnectionError("the answers end too early")
                body = json.loads(line)
                told.unanswered.discard(source_id)
                told.take(source_id, Answer(body.pop("status"), body, {}))
        finally:
            self.close()

    def _body(self, source_id: str, ticket: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "tenant": self.shop.slug,
            "source_model": "pos.order",
            "source_id": source_id,
            "ticket": {"total": 12.5, **ticket},
        }

    def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def __enter__(self) -> Till:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


@dataclass
class Told:
    """What senders have been told, over all that was killed meanwhile."""

    acknowledged: dict[str, Answer] = field(default_factory=dict[str, Answer])
    unanswered: set[str] = field(default_factory=set[str])
    """Refused, or without an answer: nobody knows whether they were recorded, until they are sent again."""
    ticket: dict[str, Any] = field(default_factory=dict[str, Any])
    """What each ticket holds beside its total."""
    statuses: Counter[int] = field(default_factory=Counter[int])

    def take(self, source_id: str, answer: Answer) -> None:
        self.statuses[answer.status] += 1
        if answer.status in {200, 201}:
            self.acknowledged[source_id] = answer
        else:
            self.unanswered.add(source_id)


class Load:
    """New tickets from several threads for as long as the block lasts."""

    def __init__(
        self, url: str, shop: Shop, told: Told, *, name: str, threads: int = 8, batches_of: int | None = None
    ) -> None:
        self._url, self._shop, self._told, self._name = url, shop, told, name
        self._stop = threading.Event()
        send = self._send if batches_of is None else partial(self._send_batches, size=batches_of)
        self._threads = [threading.Thread(target=send, args=(at,)) for at in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, worker: int) -> None:
        count = 0
        with Till(self._url, self._shop) as till:
            while not self._stop.is_set():
                source_id = f"POS/{self._name}/{worker}/{count}"
                count += 1
                try:
                    answer = till.post(source_id, **self._told.ticket)
                except (OSError, http.client.HTTPException, ValueError):
                    self._told.unanswered.add(source_id)
                else:
                    self._told.take(source_id, answer)
                if source_id in self._told.unanswered:
                    self._stop.wait(0.05)

    def _send_batches(self, worker: int, *, size: int) -> None:
        count = 0
        while not self._stop.is_set():
            source_ids = [f"POS/{self._name}/{worker}/{at}" for at in range(count, count + size)]
            count += size
            with Till(self._url, self._shop) as till:
                try:
                    till.post_batch(source_ids, self._told)
                except (OSError, http.client.HTTPException, ValueError):
                    self._stop.wait(0.2)


def send_all(urls: Iterable[str], shop: Shop, *, count: int, threads_each: int = 2) -> list[Answer]:
    """`count` new tickets POS/0… to each address in turn, all at once."""

    def some(job: tuple[int, str, int]) -> list[Answer]:
        number, url, start = job
        with Till(url, shop) as till:
            return [till.post(f"POS/{number * count + at}") for at in range(start, count, threads_each)]

    jobs = [(number, url, start) for number, url in enumerate(urls) for start in range(threads_each)]
    with ThreadPoolExecutor(len(jobs)) as threads:
        return [answer for answers in threads.map(some, jobs) for answer in answers]


def fsck(settings: Settings, shop: Shop) -> Finding:
    """What `tillvault vault fsck` finds in the shop's log."""
    assert settings.database_url is not None
    dsn = settings.database_url.get_secret_value()
    signers = keys.load(settings)
    [finding] = asyncio.run(fsck_command.check(dsn, settings, tenant=shop.slug, signers=signers, signatures=True))
    return finding


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


def assert_nothing_is_lost(url: str, shop: Shop, told: Told, *, superuser_dsn: str, settings: Settings) -> None:
    """What was acknowledged is stored as it was told, and told again alike; the rest can be sent again; fsck holds."""
    public = jwk.parse_jwks(keys.load(settings).jwks())
    for source_id, answer in told.acknowledged.items():
        claims = evidence.verify(answer.body["evidence_jws"], public)
        assert (claims["sub"], claims["ledger"]) == (answer.body["id"], answer.body["ledger_hash"]), source_id
    positions = [answer.body["ledger_hash"] for answer in told.acknowledged.values()]
    assert len(set(positions)) == len(positions)
    stored = _stored(superuser_dsn, shop)
    assert told.acknowledged.keys() - stored.keys() == set()
    for source_id, answer in told.acknowledged.items():
        body = answer.body
        assert stored[source_id] == (body["id"], body["ledger_hash"], body["evidence_jws"])
    known, unknown = _spread(told.acknowledged), _spread(told.unanswered)
    with Till(url, shop) as till:
        for source_id in known:
            again = till.post(source_id, **told.ticket)
            assert (again.status, again.proven) == (200, told.acknowledged[source_id].proven), source_id
        for source_id in unknown:
            answer = till.post(source_id, **told.ticket)
            assert answer.status == (200 if source_id in stored else 201), (source_id, answer)
            assert till.post(source_id, **told.ticket).proven == answer.proven
    assert_sound(superuser_dsn, shop, len(stored.keys() | unknown))
    finding = fsck(settings, shop)
    assert finding.holds, finding


def _spread(source_ids: Collection[str]) -> list[str]:
    """Some hundreds of them, from the first to the last."""
    return list(source_ids)[:: max(1, len(source_ids) // 300)]


def _stored(superuser_dsn: str, shop: Shop) -> dict[str, tuple[str, str, str]]:
    rows = fetch(
        superuser_dsn,
        "SELECT source_id, id, ledger_hash, evidence_jws FROM vault_tickets WHERE organisation_id = $1",
        shop.id,
    )
    return {row["source_id"]: (str(row["id"]), row["ledger_hash"], row["evidence_jws"]) for row in rows}
