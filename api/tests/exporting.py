"""What tests of exports share: a shop that takes things in and sells them, and what an export says of it."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import httpx

from tests.support import Api
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.deposits.exports.runner import Ran, exporter_of
from tillvault.events import service as events


def exported(client: Api, since: str, until: str, **query: str) -> httpx.Response:
    return client.get("/v1/deposits/export", params={"from": since, "to": until, **query})


def rows_of(answer: httpx.Response | bytes) -> dict[str, dict[str, str]]:
    """The lines of a CSV by category."""
    content = answer if isinstance(answer, bytes) else answer.content
    return {row["category_code"]: row for row in csv.DictReader(io.StringIO(content.decode()))}


def run_due(settings: Settings, **changes: Any) -> Ran:
    """Send what is due, as `tillvault exports run` does; `changes` are settings."""

    async def run() -> Ran:
        own = settings.model_copy(update=changes)
        assert own.database_url is not None
        database = await Database.connect(own.database_url.get_secret_value(), own, flush=events.flush)
        exporter = exporter_of(own, database)
        try:
            return await exporter.run_due()
        finally:
            await exporter.close()
            await database.close()

    return asyncio.run(run())
