"""The relay: everything is delivered, in order per key, whatever fails; what fails holds up its own key alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.machinery import execute, query
from tests.relays import QUICK, RecordingSink, eventually, relay, told
from tests.support import Shops
from tillvault.core.config import Settings
from tillvault.events.relay.domain import Envelope, SinkUnavailable

KEYS = ("drawer:a", "drawer:b", "drawer:c")


def fail(key: str, number: int) -> object:
    def fails(envelope: Envelope) -> Exception | None:
        is_bad = (envelope.key, envelope.payload["number"]) == (key, number)
        return ValueError("cannot be handled") if is_bad else None

    return fails


def test_everything_is_delivered_once_and_in_order_when_nothing_fails(shops: Shops, settings: Settings) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id)

    told(settings, shop.id, KEYS, 700)
    with relay(settings, sink):
        eventually(lambda: len(sink.received) >= 2100, "the delivery")

    assert [sink.numbers(key) for key in KEYS] == [list(range(700))] * 3
    assert sink.calls < 20


def test_a_poison_event_holds_up_its_own_key_and_becomes_a_dead_letter(
    shops: Shops, settings: Settings, owner_dsn: str
) -> None:
    shop = shops.make()
    sink = RecordingSink(shop.id, fails=fail("drawer:b", 5))  # pyright: ignore[reportArgumentType]  # as declared

    told(settings, shop.id, KEYS, 10)
    with relay(settings, sink):
        eventually(lambda: len(sink.received) >= 29, "the delivery of the rest")
        dead = query(
            owner_dsn,
            "SELECT status, attempts, error FROM event_deliveries WHERE organisation_id = $1 AND target = $2",
            shop.id,
            sink.target,
        )

    assert sink.numbers("drawer:a") == sink.numbers("drawer:c") == list(range(10))
    assert sink.numbers("drawer:b") == [0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert [tuple(row) for row in dead] == [("DEAD", 4, "ValueError: cannot be handled")]
