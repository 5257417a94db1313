"""Sales under kill -9: what was answered is there, once, with its movement, its event and its ticket.

TILLVAULT_TEST_ROUNDS=30 kills thirty times instead of a few.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.books import audited
from tests.machinery import Serving, kill_postgres, own_installation, until
from tests.nursery import Nursery
from tests.selling import product
from tests.support import Api, Shop, Shops, open_drawer
from tests.vaultload import fsck
from tillvault.core.config import Settings
from tillvault.core.embedded import EmbeddedPostgres
from tillvault.identity.domain import Role

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("TILLVAULT_TEST_ROUNDS", "4"))
DESKS = 6

Start = Callable[..., Serving]


@pytest.fixture
def own(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return own_installation(made, tmp_path_factory.mktemp("shop") / "var")


@pytest.fixture
def start(nursery: Nursery) -> Generator[Start]:
    """Starts processes that are gone when the test is."""
    started: list[Serving] = []

    def one(*args: Any, **kwargs: Any) -> Serving:
        started.append(Serving(*args, nursery=nursery, **kwargs))
        return started[-1]

    yield one
    for each in started:
        each.clean_up()


@dataclass
class Desk:
    """A cashier with a drawer, what they sent and what they were told."""

    token: str
    book: str
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Answers, by the id that the client made."""
    unanswered: list[str] = field(default_factory=list[str])
    sent: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict[str, tuple[str, dict[str, Any]]])
    """Path and body of each id."""
    statuses: Counter[int] = field(default_factory=Counter[int])

    def new(self) -> str:
        """The next request: cash with change, card, both; now and then a part of a sale comes back."""
        made, number = str(uuid4()), len(self.sent)
        sales = [key for key, answer in self.acknowledged.items() if answer["kind"] == "SALE"]
        if number % 5 == 4 and sales:
            part = {"number": 1, "quantity": 0.001 * (1 + number % 3)}
            body: dict[str, Any] = {"id": made, "lines": [part], "reason": "under load"}
            self.sent[made] = (f"/v1/sales/{secrets.choice(sales)}/refunds", body)
            return made
        payments = (
            [{"method": "CASH", "amount": 20}],
            [{"method": "CARD", "amount": 13}],
            [{"method": "CASH", "amount": 3}, {"method": "CARD", "amount": 10}],
        )[number % 3]
        self.sent[made] = (
            "/v1/sales",
            {"id": made, "lines": [{"productId": self.book}], "payments": payments, "donation": 0.5},
        )
        return made

    def send(self, http: httpx.Client, sale_id: str) -> httpx.Response | None:
        """None for no whole answer."""
        path, body = self.sent[sale_id]
        try:
            answer = Api(http, self.token).post(path, body)
        except httpx.HTTPError:
            return None
        self.statuses[answer.status_code] += 1
        return answer


class Load:
    """All desks sell for as long as the block lasts."""

    def __init__(self, url: str, desks: list[Desk]) -> None:
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._sell, args=(desk,)) for desk in desks]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _sell(self, desk: Desk) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self._stop.is_set():
                sale_id = desk.new()
                answer = desk.send(http, sale_id)
                if answer is not None and answer.status_code == 201:
                    desk.acknowledged[sale_id] = answer.json()["data"]
                else:
                    desk.unanswered.append(sale_id)
                    self._stop.wait(0.05)


def furnish(url: str, own: Settings, dsn: str) -> tuple[Shop, list[Desk]]:
    with httpx.Client(base_url=url, timeout=30) as http:
        shop = Shops(http, own).make(registers=DESKS, people=[(f"c{n}", Role.CASHIER) for n in range(DESKS)])
        book = product(dsn, shop, price=1250, unit="KILOGRAM")
        tills = [shop.people[f"c{n}"].login(shop.registers[n]) for n in range(DESKS)]
        for till in tills:
            open_drawer(till, {"EUR": 500})
    desks: list[Desk] = []
    for till in tills:
        assert till.token is not None
        desks.append(Desk(token=till.token, book=book))
    return shop, desks


def some_moment() -> float:
    """Within a sale, between sale and ticket, in the middle of an answer: nobody knows."""
    return 0.3 + secrets.randbelow(900) / 1000


def repeat(url: str, desk: Desk) -> None:
    """Send again what got no answer, all but a few: those the relay has to heal alone. And some of what got one."""
    with httpx.Client(base_url=url, timeout=30) as http:
        for sale_id in desk.unanswered[1::2]:
            answer = desk.send(http, sale_id)
            assert answer is not None
            assert answer.status_code in {200, 201}, answer.text
            desk.acknowledged[sale_id] = answer.json()["data"]
        desk.unanswered = desk.unanswered[::2]
        known = list(desk.acknowledged)
        for sale_id in known[:: max(1, len(known) // 20)]:
            answer = desk.send(http, sale_id)
            assert answer is not None
            # Told again as it was; only a ticket that had not been there may have come.
            before = {key: value for key, value in desk.acknowledged[sale_id].items() if value is not None}
            assert answer.status_code == 200, answer.text
            assert answer.json()["data"] | before == answer.json()["data"]


def assert_books_hold(shop: Shop, desks: list[Desk], dsn: str, own: Settings) -> None:
    """Every acknowledged sale is there with all that belongs to it, its ticket once the relay has brought it in."""
    until(
        lambda: len((books := audited(dsn, shop, are_tickets_in=False)).ticketed) == len(books.sales),
        seconds=40,
        what="the healing of tickets",
    )
    books = audited(dsn, shop)
    acknowledged = {UUID(sale_id) for desk in desks for sale_id in desk.acknowledged}
    sent = {UUID(sale_id) for desk in desks for sale_id in desk.sent}
    assert acknowledged <= books.sales.keys() <= sent
    for desk in desks:
        for sale_id, answer in desk.acknowledged.items():
            row = books.sales[UUID(sale_id)]
            assert (answer["receiptNumber"], answer["id"]) == (row["receipt_number"], sale_id)
    finding = fsck(own, shop)
    assert finding.holds, finding


def test_no_sale_is_lost_or_doubled_when_the_api_is_killed(own: Settings, start: Start) -> None:
    """Sometimes with PostgreSQL, as when the power fails; then the product is started again as its user would."""
    server = EmbeddedPostgres(own.data_dir)
    serving = start(own.data_dir).ready()
    shop, desks = furnish(serving.url, own, server.dsn())

    for number in range(ROUNDS):
        with Load(serving.url, desks):
            time.sleep(some_moment())
            serving.process.kill()
            if number % 3 == 2:
                kill_postgres(server.pgdata)
        serving.process.wait()
        serving = start(own.data_dir).ready()
        for desk in desks:
            repeat(serving.url, desk)

    assert sum(len(desk.acknowledged) for desk in desks) > 10 * ROUNDS
    assert set().union(*(desk.statuses for desk in desks)) <= {200, 201, 503}
    assert_books_hold(shop, desks, server.dsn(), own)
    assert serving.end() == 0


def test_no_sale_is_lost_or_doubled_when_postgresql_is_killed_under_a_running_api(own: Settings, start: Start) -> None:
    """While it is gone the answer is 503, and once it is back the same process goes on."""
    assert own.database_url is not None
    with EmbeddedPostgres(own.data_dir) as server:
        elsewhere = own.data_dir.with_name("api")
        api = {
            "DATABASE_URL": own.database_url.get_secret_value(),
            "TILLVAULT_KEYS_DIR": str(own.keys_folder),
            "RELAY_IN_SERVER": "true",
        }
        serving = start(elsewhere, settings=api).ready()
        shop, desks = furnish(serving.url, own, server.dsn())

        for _ in range(max(1, ROUNDS // 3)):
            with Load(serving.url, desks):
                time.sleep(some_moment())
                kill_postgres(server.pgdata)
                refused = sum(desk.statuses[503] for desk in desks)
                until(
                    lambda before=refused: sum(desk.statuses[503] for desk in desks) > before + 10, what="the refusals"
                )
                server.start()
                told = sum(desk.statuses[201] for desk in desks)
                until(lambda before=told: sum(desk.statuses[201] for desk in desks) > before + 20, what="the recovery")
            for desk in desks:
                repeat(serving.url, desk)

        assert set().union(*(desk.statuses for desk in desks)) == {200, 201, 503}
        assert_books_hold(shop, desks, server.dsn(), own)
        assert serving.end() == 0
