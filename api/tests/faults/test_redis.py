"""A real Redis: shared by two APIs, lost, and found again."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator

import httpx
import pytest

from tests.machinery import free_port, redis_server, running_redis, served, until
from tests.support import Shop, Shops
from tillvault.core.config import Settings

pytestmark = pytest.mark.skipif(redis_server() is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def redis_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def pair(settings: Settings, redis_port: int) -> Generator[tuple[httpx.Client, httpx.Client]]:
    """Two APIs on one database and one Redis, which is not running yet."""
    shared = {"redis_url": f"redis://127.0.0.1:{redis_port}/0", "database_pool_size": 4}
    own = Settings.model_validate({**settings.model_dump(), **shared})
    with (
        served(own) as one,
        served(own) as two,
        httpx.Client(base_url=one, timeout=30) as first,
        httpx.Client(base_url=two, timeout=30) as second,
    ):
        yield first, second


def redis_status(client: httpx.Client) -> tuple[int, str, str]:
    answer = client.get("/health")
    body = answer.json()
    return answer.status_code, body["status"], body["services"]["redis"]["status"]


def login(client: httpx.Client, shop: Shop, pin: str) -> httpx.Response:
    body = {"pin": pin, "codigo_tienda": shop.branches[0].code, "tpv_id": str(shop.registers[0])}
    return client.post("/api/auth/login-pin", json=body)


def test_wrong_pins_counted_by_one_process_are_felt_by_another(
    pair: tuple[httpx.Client, httpx.Client], shops: Shops, redis_port: int
) -> None:
    first, second = pair
    shop = shops.make(registers=1)
    with running_redis(redis_port):
        until(lambda: redis_status(first) == (200, "ok", "ok"))
        until(lambda: redis_status(second) == (200, "ok", "ok"))
        # A try notices that Redis is there again, at the latest after the rest that follows its loss.
        until(lambda: "tillvault_redis_up 1.0" in _tried(first) and "tillvault_redis_up 1.0" in _tried(second))

        wrong = [login(first, shop, "0000").status_code for _ in range(5)]
        felt = login(second, shop, shop.ana.pin)

    assert wrong == [401] * 5
    assert (felt.status_code, felt.json()["detail"]["code"]) == (429, "TOO_MANY_ATTEMPTS")
    assert int(felt.headers["Retry-After"]) >= 1


def _tried(client: httpx.Client) -> str:
    client.post("/api/auth/login", json={"username": "nobody", "password": "x", "organizacion": "nowhere"})
    return client.get("/metrics").text


def test_a_lost_redis_degrades_and_a_found_one_heals(
    pair: tuple[httpx.Client, httpx.Client], shops: Shops, redis_port: int
) -> None:
    client, _ = pair
    shop = shops.make(registers=1)
    with running_redis(redis_port):
        until(lambda: redis_status(client) == (200, "ok", "ok"))

    lost = redis_status(client)
    ready = client.get("/health/ready")
    let_in = login(client, shop, shop.ana.pin)
    wrong = [login(client, shop, "0000").status_code for _ in range(5)]
    throttled = login(client, shop, "0000")

    assert lost == (200, "degraded", "down")
    assert ready.status_code == 200
    assert let_in.status_code == 200
    assert wrong == [401] * 5
    assert throttled.status_code == 429
    with running_redis(redis_port):
        until(lambda: redis_status(client) == (200, "ok", "ok"), what="the recovery")


def test_a_redis_that_hangs_delays_nobody_for_long(
    pair: tuple[httpx.Client, httpx.Client], shops: Shops, redis_port: int
) -> None:
    client, _ = pair
    shop = shops.make(registers=1)
    with running_redis(redis_port) as redis:
        until(lambda: redis_status(client) == (200, "ok", "ok"))
        redis.send_signal(signal.SIGSTOP)
        started = time.perf_counter()
        hung = redis_status(client)
        health_seconds = time.perf_counter() - started
        let_in = login(client, shop, shop.ana.pin)
        login_seconds = time.perf_counter() - started - health_seconds
        redis.send_signal(signal.SIGCONT)
        until(lambda: redis_status(client) == (200, "ok", "ok"), what="the recovery")

    assert hung == (200, "degraded", "down")
    assert let_in.status_code == 200
    assert health_seconds < 2
    assert login_seconds < 3
