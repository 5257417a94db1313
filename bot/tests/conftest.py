"""The API of the other tests, Telegram's stand-in, and a bot between them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from outside import PYTHON, Line, Phone, RunningBot, bot_key, hearing, standing_in
from tests.conftest import base_url, http, made, owner_dsn, server, settings, shops, superuser_dsn
from tests.machinery import served
from tests.nursery import Nursery
from tests.support import Shop, Shops
from tillvault.core.config import Settings

__all__ = ["base_url", "http", "made", "owner_dsn", "server", "settings", "shops", "superuser_dsn"]


@pytest.fixture(scope="session")
def telegram() -> Iterator[httpx.Client]:
    with standing_in() as standin:
        yield standin


@pytest.fixture(scope="session")
def heard() -> Iterator[tuple[str, dict[str, str]]]:
    with hearing() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def api_url(settings: Settings, heard: tuple[str, dict[str, str]]) -> Iterator[str]:
    """An API that can turn voice into text."""
    with served(settings.model_copy(update={"transcription_url": heard[0]})) as url:
        yield url


@pytest.fixture
def line(api_url: str) -> Iterator[Line]:
    made = Line(api_url)
    yield made
    made.cut()


@pytest.fixture
def shop(shops: Shops, request: pytest.FixtureRequest) -> Shop:
    """With one branch, or as many as the test asks for."""
    return shops.make(branches=getattr(request, "param", 1))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with Nursery(PYTHON, "tillvault_bot.__main__", environment=plain) as running:
        yield running


@pytest.fixture
def bot(nursery: Nursery, shop: Shop, line: Line, telegram: httpx.Client, tmp_path: Path) -> Iterator[RunningBot]:
    running = RunningBot(
        nursery,
        tmp_path,
        {"BOT_TELEGRAM_URL": str(telegram.base_url), "BOT_API_URL": line.url, "BOT_API_KEY": bot_key(shop)},
    )
    try:
        yield running.start()
        if running.process is not None:
            assert running.end() == 0, running.log
    finally:
        running.clean_up()


@pytest.fixture
def phone(telegram: httpx.Client) -> Callable[..., Phone]:
    """Makes phones: `phone(language="fr")`."""

    def make(*, language: str = "en") -> Phone:
        return Phone(telegram, language=language)

    return make
