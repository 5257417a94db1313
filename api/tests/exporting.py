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

LAST_MONTH = ("2026-10-01", "2026-10-31")


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


def scheduled(admin: Api, destination: dict[str, Any], **body: Any) -> dict[str, Any]:
    """An export of last month, which is over."""
    sent = {"name": "ADEME", "destination": destination, "since": LAST_MONTH[0], "period": "month"} | body
    return admin.ok(admin.post("/v1/deposits/exports", sent), 201)


def attempts(admin: Api, export: dict[str, Any]) -> list[dict[str, Any]]:
    target = f"deposits-export:{export['id']}"
    return admin.ok(admin.get("/v1/sync-logs", params={"target": target}))["items"]


def seen(admin: Api, export: dict[str, Any]) -> dict[str, Any]:
    every = admin.ok(admin.get("/v1/deposits/exports"))["items"]
    return next(each for each in every if each["id"] == export["id"])
