"""What the demo's re-use shop took in: something for the queue, the figures and the report."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from tests.exporting import exported, rows_of
from tests.support import Shop, Shops
from tillvault import demo_deposits
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.demo_history import Place
from tillvault.events import service as events


def furnished(shop: Shop, settings: Settings) -> list[dict[str, Any]]:
    """All deposits of a shop that was given those of the demo, newest first."""
    place = Place(
        organisation_id=shop.id,
        branch_id=shop.branches[0].id,
        register_id=shop.registers[0],
        timezone="Europe/Madrid",
        currency="EUR",
        cashier=(shop.ana.id, "Ana"),
        manager=(shop.marta.id, "Marta"),
    )

    async def load() -> None:
        assert settings.database_url is not None
        database = await Database.connect(settings.database_url.get_secret_value(), settings, flush=events.flush)
        try:
            async with database.transaction(shop.id) as db:
                await demo_deposits.load(db, place, today=utc_now())
        finally:
            await database.close()

    asyncio.run(load())
    manager = shop.marta.back_office()
    every = manager.ok(manager.get("/v1/deposits", params={"limit": 200}))["items"]
    corrected = manager.ok(manager.get("/v1/deposits", params={"limit": 200, "status": "corrected"}))["items"]
    return every + corrected


def test_the_demo_has_deposits_in_every_state_and_a_report(shops: Shops, settings: Settings) -> None:
    shop = shops.make(registers=1)

    found = furnished(shop, settings)

    states = Counter(deposit["status"] for deposit in found)
    assert states.keys() == {"pending_validation", "validated", "rejected", "corrected"}
    assert states["validated"] > states["pending_validation"] > 3
    assert {deposit["channel"] for deposit in found} == {"bot", "web"}
    days = [deposit["businessDate"] for deposit in found]
    report = rows_of(exported(shop.marta.back_office(), min(days), max(days)))
    assert sum(int(row["deposit_count"]) for row in report.values()) == states["validated"]
    assert all(int(row["deposit_count"]) for row in report.values())


def test_the_demo_is_the_same_for_everybody(shops: Shops, settings: Settings) -> None:
    first, second = (furnished(shops.make(registers=1), settings) for _ in range(2))

    assert [(one["description"], one["weightGrams"]) for one in first] == [
        (one["description"], one["weightGrams"]) for one in second
    ]
