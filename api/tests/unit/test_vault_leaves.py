"""Leaves and envelopes: their exact text, and that no other text passes for one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tillvault.vault import leaves
from tillvault.vault.canonical import jcs_reference
from tillvault.vault.leaves import Leaf, LeafRefused

TICKET = Leaf(
    type="ticket",
    log="tillvault.local/laplatine",
    index=122,
    stream="POS",
    stream_seq=123,
    document_id="6b78d57a-3d3c-4b2e-bae3-3a8ee3fdc8d0",
    content_sha256="ab" * 32,
    envelope_sha256="cd" * 32,
    raw_sha256="ef" * 32,
    received_at="2026-11-20T10:42:01.123456Z",
    prev="01" * 32,
)
EVENT = replace(TICKET, type="event", stream="EVENT", envelope_sha256=None, raw_sha256=None)


@pytest.mark.parametrize("leaf", [TICKET, EVENT], ids=lambda leaf: leaf.type)
def test_a_leaf_is_the_rfc_8785_text_of_its_fields(leaf: Leaf) -> None:
    fields = {name: value for name, value in asdict(leaf).items() if value is not None} | {"v": 1}

    text = leaves.leaf_text(leaf)

    assert text == jcs_reference(fields)
    assert leaves.parse_leaf(text.decode()) == leaf


def test_a_leaf_says_its_position_as_the_contract_shows_it() -> None:
    assert TICKET.ledger_hash == "LEDGER:POS:00000123"
    assert leaves.ledger_hash("POS", 123_456_789) == "LEDGER:POS:123456789"
    assert TICKET.tenant == "laplatine"


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": None},
        {"type": "sale"},
        {"type": "z"},
        {"type": "ticket\n"},
        {"index": -1},
        {"index": 1.5},
        {"index": "1"},
        {"stream_seq": 0},
        {"stream": "pos"},
        {"stream": ""},
        {"log": "tillvault.local"},
        {"log": "till vault/laplatine"},
        {"log": 'x"/laplatine'},
        {"document_id": "6B78D57A-3D3C-4B2E-BAE3-3A8EE3FDC8D0"},
        {"content_sha256": "AB" * 32},
        {"content_sha256": "ab" * 31},
        {"prev": ""},
        {"raw_sha256": None},
        {"envelope_sha256": None},
        {"received_at": "2026-11-20T10:42:01Z"},
        {"received_at": "2026-11-20T10:42:01.123456+00:00"},
        {"received_at": "2026-13-20T10:42:01.123456Z"},
        {"extra": 1},
    ],
)
def test_fields_that_no_leaf_has_are_refused(changes: dict[str, Any]) -> None:
    fields = asdict(TICKET) | {"v": 1} | changes
    text = jcs_reference({name: value for name, value in fields.items() if value is not None}).decode()

    with pytest.raises(LeafRefused):
        leaves.parse_leaf(text)


def test_another_spelling_of_a_leaf_is_refused() -> None:
    text = leaves.leaf_text(TICKET).decode()

    for other in (
        json.dumps(json.loads(text)),
        text + "\n",
        " " + text,
        text.replace("122", "0122"),
        text.replace("122", "9007199254740992"),
        text.replace("122", "1\u0662"),
        text.replace("ticket", "\\u0074icket"),
    ):
        with pytest.raises(LeafRefused):
            leaves.parse_leaf(other)


def test_a_time_is_written_in_utc_with_six_decimals() -> None:
    whole = datetime(2026, 11, 20, 10, 42, 1, tzinfo=UTC)

    assert leaves.moment(whole) == "2026-11-20T10:42:01.000000Z"
    assert leaves.moment(whole.astimezone(timezone(timedelta(hours=4)))) == "2026-11-20T10:42:01.000000Z"


@pytest.mark.parametrize("name", ["till vault", "", "till+vault", 'a"b', "é", "a\n"])
def test_a_log_is_named_as_a_key_of_a_signed_note_may_be(name: str) -> None:
    assert leaves.origin("tillvault.local", "la-platine") == "tillvault.local/la-platine"
    with pytest.raises(ValueError, match="cannot name a log"):
        leaves.origin("tillvault.local", name)


def test_an_envelope_has_the_defaults_the_salt_and_no_null() -> None:
    body = {
        "tenant": "laplatine",
        "source_model": "pos.order",
        "source_id": "POS/1",
        "currency": None,
        "total_incl_tax": 12.0,
        "ticket": {"a": 1},
        "unknown": True,
    }

    assert leaves.envelope(body, salt="00" * 16) == (
        b'{"salt":"00000000000000000000000000000000","source_id":"POS/1","source_model":"pos.order",'
        b'"source_system":"odoo_pos","tenant":"laplatine","total_incl_tax":12}'
    )
