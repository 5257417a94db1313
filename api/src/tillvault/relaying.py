"""The relay put together: what runs it, in a process of its own or inside the API's, and who subscribes to it."""

from __future__ import annotations

from tillvault.core.db import Database
from tillvault.events.relay.domain import Subscriber
from tillvault.vault.intake import Intake


def subscribers(database: Database, intake: Intake) -> tuple[Subscriber, ...]:
    """Every part of the product that hears of events (see `Subscriber`). A module that wants to adds itself here."""
    _ = (database, intake)
    return ()
