"""A vault of its own for each test: what is done to its keys must not be done to the common one."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.machinery import served
from tests.support import Shop, Shops
from tests.vaults import Vault, own_database
from tillvault.core.config import Settings
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres


@pytest.fixture
def vault(server: EmbeddedPostgres, settings: Settings, tmp_path: Path) -> Generator[Vault]:
    del settings  # It has made the logins of the server.
    with own_database(server) as name:
        own = {"database_url": server.dsn(APP_LOGIN, name), "data_dir": tmp_path / "var", "database_pool_size": 8}
        yield Vault(Settings.model_validate(own), server.dsn(database=name))


@pytest.fixture
def url(vault: Vault) -> Generator[str]:
    with served(vault.settings) as address:
        yield address


@pytest.fixture
def shop(vault: Vault, url: str) -> Generator[Shop]:
    with httpx.Client(base_url=url, timeout=30) as http:
        yield Shops(http, vault.settings).make()
