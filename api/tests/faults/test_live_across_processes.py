"""Live updates between processes over a real Redis, its loss, and a stop while somebody is watching."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.listening import Listener, listening
from tests.machinery import Serving, free_port, redis_server, running_redis, until
from tests.nursery import Nursery
from tests.support import Api, Shop, Shops
from tillvault.core.config import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    assert settings.database_url is not None
    return {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "TILLVAULT_KEYS_DIR": str(settings.keys_folder),
    }


@pytest.fixture
def redis_port() -> int:
    if redis_server() is None:
        pytest.skip("redis-server is not installed")
    return free_port()


def at(serving: Serving, api: Api) -> Api:
    """The same login at another process."""
    return Api(httpx.Client(base_url=serving.url, timeout=30), api.token)


def opened(shop: Shop, listener: Listener, till: Api) -> str:
    """Open and close a drawer; gives the name of the first event that came of it."""
    session = till.ok(till.post("/v1/cash/sessions", {}), 201)
    till.ok(till.post(f"/v1/cash/sessions/{session['id']}/close", {"countedCash": {"EUR": 0}}))
    return listener.next()[0]


def test_what_one_process_does_is_seen_at_another_and_again_after_redis_was_lost(
    shops: Shops, environment: dict[str, str], redis_port: int, nursery: Nursery, tmp_path: Path
) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    admin = shop.elena.back_office()
    environment |= {"REDIS_URL": f"redis://127.0.0.1:{redis_port}/0"}
    with running_redis(redis_port) as redis:
        serving = [Serving(tmp_path / name, settings=environment, nursery=nursery) for name in ("one", "two")]
        try:
            one, two = (each.ready() for each in serving)
            with listening(at(two, admin)) as listener:
                across = opened(shop, listener, at(one, till))
                listener.next()
                redis.kill()
                redis.wait()
                until(lambda: (two.health() or {}).get("status") == "degraded", what="noticing the loss")
                within = opened(shop, listener, at(two, till))
                listener.next()
                with running_redis(redis_port):
                    until(lambda: (one.health() or {}).get("status") == "ok", what="noticing that Redis is back")
                    until(lambda: _hears(listener, at(one, till)), what="hearing across processes again")
        finally:
            for each in serving:
                each.end()
                each.clean_up()

    assert across == "cash.session_opened"
    assert within == "cash.session_opened"


def _hears(listener: Listener, till: Api) -> bool:
    session = till.ok(till.post("/v1/cash/sessions", {}), 201)
    till.ok(till.post(f"/v1/cash/sessions/{session['id']}/close", {"countedCash": {"EUR": 0}}))
    return not listener.silent(0.5)


def test_a_watcher_does_not_hold_up_a_stop(shops: Shops, environment: dict[str, str], tmp_path: Path) -> None:
    shop = shops.make()
    serving = Serving(tmp_path / "var", settings=environment).ready()
    try:
        with listening(at(serving, shop.elena.back_office())):
            started = time.monotonic()
            code = serving.end(signal.SIGTERM)
            # Far below the twenty seconds that an open connection is given to end.
            waited = time.monotonic() - started
    finally:
        serving.clean_up()

    assert code == 0
    assert waited < 10
