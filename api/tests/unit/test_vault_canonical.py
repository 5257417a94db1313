"""Strict reading, the guard and the canonical form, against the vectors and the fast path against the reference."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.tapes import bodies, broken_bodies, floats, values
from tillvault.vault import canonical
from tillvault.vault.canonical import GuardRefused, ParseRefused

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
CANONICAL: dict[str, list[dict[str, Any]]] = json.loads((VECTORS / "canonical.json").read_text())
EXAMPLES = int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "6000"))
"""Per differential test; millions under the variable."""

accepted = pytest.mark.parametrize("vector", CANONICAL["accepted"], ids=lambda vector: vector["name"])
refused = pytest.mark.parametrize("vector", CANONICAL["refused"], ids=lambda vector: vector["name"])
published = pytest.mark.parametrize("name", sorted(path.name for path in (VECTORS / "jcs" / "input").iterdir()))
fuzzed = settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def body_with(ticket_json: str) -> bytes:
    return f'{{"source_id":"POS/1","ticket":{ticket_json}}}'.encode("utf-8", "surrogatepass")


def status_of(raw: bytes) -> int:
    """What the intake would answer, as far as reading and the guard go."""
    try:
        reading = canonical.read(raw)
    except ParseRefused:
        return 400
    except GuardRefused:
        return 422
    ticket = reading.body["ticket"]
    if not isinstance(ticket, dict):
        return 422
    try:
        canonical.guard(ticket)
    except GuardRefused:
        return 422
    return 201


# The vectors --------------------------------------------------------------------------------------------------------


@accepted
def test_every_accepted_vector_has_exactly_its_bytes(vector: dict[str, Any]) -> None:
    raw = body_with(vector["ticket_json"])

    for reading in (canonical.read(raw), canonical.read_reference(raw)):
        ticket = reading.body["ticket"]
        canonical.guard(ticket)
        for write in (canonical.canonicalise, canonical.canonicalise_reference):
            assert write(ticket) == vector["canonical"].encode()
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["sha256"]


@refused
def test_every_refused_vector_gets_its_status(vector: dict[str, Any]) -> None:
    assert status_of(body_with(vector["ticket_json"])) == vector["status"]


@published
def test_the_published_data_of_rfc_8785_comes_out_byte_for_byte(name: str) -> None:
    value = json.loads((VECTORS / "jcs" / "input" / name).read_bytes())
    expected = (VECTORS / "jcs" / "output" / name).read_bytes()

    assert canonical.jcs(value) == expected
    assert canonical.jcs_reference(value) == expected


def test_the_contracts_own_examples_have_the_published_identity() -> None:
    ticket = {
        "lines": [
            {
                "product": "Crêpe Manioc Sucre",
                "quantity": 2,
                "unit_price": 3.50,
                "taxes": [{"name": "TVA 8.5%", "amount": 0.55}],
            }
        ],
        "payments": [{"method": "CB", "amount": 12.50}],
        "timestamp": "2025-01-14T10:42:00Z",
    }

    example = canonical.identity("SESSION/2025/01/14-01", "POS/2025/0001", ticket)[1]
    second = canonical.identity("SESSION/001", "POS/001", {"b": 2.0, "a": 1, "c": None})
    without_session = canonical.identity(None, "POS/001", {"a": 1, "b": 2})[1]

    assert example == "2031c8fcf962b1945f2e4065a7633b092bb163bc543fa951e6074f7a74e76bd9"
    assert second[0] == b'{"pos_session":"SESSION/001","source_id":"POS/001","ticket":{"a":1,"b":2}}'
    assert second[1] == "32d1abe432473b7957c538399a35bbc01de435dd59f2582dc09adb3261b8e860"
    assert without_session == "39fbe31cbd3b743335b1181ddb47d10e1bf265ddd877aae06fbe9ce5a50cf153"


# Reading ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "details"),
    [
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"a":{"b":1,"b":1}}', "twice"),
        (b'{"a":1,"\\u0061":1}', "twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":[Infinity]}', "Infinity"),
        (b'{"a":"\\udc00"}', "surrogate"),
        (b'{"\\ud800x":1}', "surrogate"),
        (b'{"a":"\x01"}', "control"),
        (b'{"a":1} x', "Extra data"),
        (b'{"a":1}{"b":2}', "Extra data"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"", "Expecting value"),
        (b"nope", "Expecting value"),
    ],
)
def test_what_a_lenient_parser_would_change_is_refused_with_its_reason(raw: bytes, details: str) -> None:
    with pytest.raises(ParseRefused) as refusal:
        canonical.parse_strict(raw)

    assert details in refusal.value.details


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740991",
        "-9007199254740991.0",
        "9007199254740.991e3",
        "0.00000000000000000000012345678901234567",
        "1234567890123456.7000000000000000000000",
        "0e999999",
        "-0.000",
        "5e-324",
    ],
)
def test_a_number_that_a_double_keeps_passes_the_guard(text: str) -> None:
    assert status_of(body_with(f'{{"n":{text}}}')) == 201


@pytest.mark.parametrize(
    "text",
    [
        "9007199254740992",
        "-9007199254740992",
        "9007199254740992.0",
        "9007199254740993.5",
        "9007199254.740992e6",
        "1e21",
        "1e308",
        "1e309",
        "-1e999999999999999999999999",
        "1e-324",
        "1e-999999999999999999999999",
        "123456789012345678",
        "0.123456789012345678",
        "1" * 5000,
        "0." + "1" * 5000,
    ],
)
def test_a_number_that_no_double_keeps_is_refused_by_the_guard(text: str) -> None:
    assert status_of(body_with(f'{{"n":{text}}}')) == 422


def test_a_scalar_member_of_the_body_is_guarded_by_the_same_call() -> None:
    body = canonical.parse_strict(b'{"total_incl_tax":1e400,"cashier":"a\\u0000b"}')

    for value, message in ((body["total_incl_tax"], "1e400"), (body["cashier"], "U+0000")):
        with pytest.raises(GuardRefused) as refusal:
            canonical.guard(value)
        assert message in refusal.value.message


@pytest.mark.parametrize(("depth", "status"), [(64, 201), (65, 422), (150, 422), (300, 422), (20_000, 422)])
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_a_ticket_may_nest_sixty_four_deep_and_no_deeper(depth: int, status: int, brackets: tuple[str, str]) -> None:
    opening, closing = brackets
    inner = f"{opening * (depth - 1)}1{closing * (depth - 1)}"

    assert status_of(body_with(f'{{"t":{inner}}}')) == status


def test_brackets_and_quotes_inside_strings_are_text() -> None:
    text = '[{"' * 100 + "\\" * 3 + '":1,'

    ticket = {"t": text, text: 1, ":": ":", "": '":'}

    assert canonical.parse_strict(body_with(json.dumps(ticket)))["ticket"] == ticket
    assert status_of(b'{"ticket":{"":":","":1}}') == 400
    assert status_of(b'{"ticket":{":":1,"a":":","a":2}}') == 400


@pytest.mark.parametrize(
    "raw", [b'{"a":"' + b'\\"' * 32_000, b'{"a":"' + b'\\"' * 32_000 + b"\\", b'{"a":' + b'"' * 65_000]
)
def test_a_string_that_does_not_end_costs_no_more_than_one_that_does(raw: bytes) -> None:
    started = time.perf_counter()

    with pytest.raises(ParseRefused):
        canonical.read(raw)

    assert time.perf_counter() - started < 1  # quadratic time would take seven seconds


def test_a_half_of_a_surrogate_pair_has_no_canonical_form() -> None:
    for write in (canonical.canonicalise, canonical.canonicalise_reference):
        with pytest.raises(ValueError, match="no canonical form"):
            write({"a": "\ud800"})


@pytest.mark.parametrize("value", [{"a": 2**53}, {"a": float("nan")}, {"a": float("inf")}, {"a": {1: 2}}, {"a": b"x"}])
def test_what_is_no_json_has_no_canonical_form(value: Any) -> None:
    for write in (canonical.canonicalise, canonical.jcs, canonical.canonicalise_reference):
        with pytest.raises(ValueError, match="canonical form"):
            write(value)


# The fast path against the reference --------------------------------------------------------------------------------


@fuzzed
@given(values)
def test_the_fast_form_is_the_reference_byte_for_byte(value: Any) -> None:
    assert canonical.canonicalise(value) == canonical.canonicalise_reference(value)
    assert canonical.jcs(value) == canonical.jcs_reference(value)


@fuzzed
@given(floats)
def test_every_double_is_written_as_the_reference_writes_it(number: float) -> None:
    assert canonical.jcs(number) == canonical.jcs_reference(number)


def read_both_ways(raw: bytes) -> None:
    """The fast reading either abstains or agrees with the reference in all that follows from it."""
    fast = canonical.read_fast(raw)
    if fast is None:
        return
    slow = canonical.read_reference(raw)
    assert fast.body == slow.body
    for member in slow.body.values():
        canonical.guard(member)
    expected = canonical.canonicalise_reference({"source_id": "é", "ticket": slow.body})
    assert canonical.identity(None, "é", fast.body, settled=fast.settled)[0] == expected


@fuzzed
@given(bodies)
def test_the_fast_reading_agrees_with_the_reference(raw: bytes) -> None:
    read_both_ways(raw)


@fuzzed
@given(broken_bodies)
def test_the_fast_reading_accepts_nothing_broken_that_the_reference_refuses(raw: bytes) -> None:
    read_both_ways(raw)


@pytest.mark.parametrize("ticket", [{"total": 12.5, "n": 3, "text": "Crêpe"}, {"lines": [{"price": 10.42}] * 30}])
def test_an_ordinary_ticket_takes_the_fast_path(ticket: dict[str, Any]) -> None:
    reading = canonical.read(json.dumps({"source_id": "1", "ticket": ticket}).encode())

    assert reading.harmless
    assert reading.settled
