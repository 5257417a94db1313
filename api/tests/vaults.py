"""A vault of its own: a database that no other test shares, and what its command line and its log say."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from typer.testing import CliRunner

from tests.api.test_vault_intake import PATH, ticket
from tests.machinery import execute, new_database, query
from tests.support import Api, Shop
from tillvault.cli import app
from tillvault.core.config import Settings
from tillvault.core.embedded import EmbeddedPostgres

USES = ("evidence", "checkpoint")


@contextmanager
def own_database(server: EmbeddedPostgres) -> Generator[str]:
    """The name of a migrated database beside the common one, which goes with the block. All logs of a database are
    signed with the same keys, so what is done to keys must not be done to the common one."""
    name = new_database(server, f"own_{uuid4().hex[:8]}")
    try:
        yield name
    finally:
        execute(server.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Vault:
    """A vault of its own, and its command line."""

    settings: Settings
    superuser_dsn: str

    @property
    def folder(self) -> Path:
        return self.settings.keys_folder

    @property
    def variables(self) -> dict[str, str]:
        assert self.settings.database_url is not None
        return {
            "DATABASE_URL": self.settings.database_url.get_secret_value(),
            "TILLVAULT_DATA_DIR": str(self.settings.data_dir),
        }

    def run(self, *words: str, expecting: int = 0, **more: str) -> str:
        """What a command says, errors included."""
        env = {name: "" for name in os.environ if name.startswith("TILLVAULT_")} | self.variables | more
        result = CliRunner().invoke(app, list(words), env=env)
        assert result.exit_code == expecting, result.output
        return result.output

    def listed(self) -> list[dict[str, Any]]:
        return json.loads(self.run("keys", "list", "--json"))["keys"]

    def current(self, use: str) -> str:
        [kid] = [key["kid"] for key in self.listed() if key["use"] == use and key["current"]]
        return kid

    def with_(self, **changes: Any) -> Settings:
        return Settings.model_validate(
            {name: getattr(self.settings, name) for name in ("database_url", "data_dir", "database_pool_size")}
            | changes
        )


def post(shop: Shop, source_id: str, http: httpx.Client | None = None) -> httpx.Response:
    return Api(http or shop.http, shop.api_key).post(PATH, ticket(shop, source_id=source_id))


def jwks(http: httpx.Client) -> dict[str, Any]:
    return http.get("/jwks.json").json()


def key_leaves(vault: Vault, shop: Shop) -> list[dict[str, Any]]:
    rows = query(
        vault.superuser_dsn,
        "SELECT index, stream_seq, content FROM vault_leaves WHERE organisation_id = $1 AND stream = 'KEY'"
        " ORDER BY index",
        shop.id,
    )
    return [{"index": row["index"], "seq": row["stream_seq"], **json.loads(row["content"])} for row in rows]


def fsck(vault: Vault, expecting: int = 0) -> str:
    return vault.run("vault", "fsck", expecting=expecting)
