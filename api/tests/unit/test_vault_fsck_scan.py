"""The scan of many raw bodies at once, against the reading of each."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.unit.test_vault_canonical_fuzz import text_of
from tillvault.vault import canonical
from tillvault.vault.canonical import DEPTH_MAX
from tillvault.vault.fsck_scan import scan

MANY = 64


def body(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def says_too_much(raw: bytes, *, exact: bool, settled: bool) -> bool:
    """Whether the scan has promised what the reading does not find."""
    parsed = body(raw)
    if not exact or not isinstance(parsed, dict):
        return False
    if raw.count(b":") != orjson.dumps(parsed).count(b":"):
        # Of equal keys the parser keeps the last: the reference must see what the colons tell.
        return canonical.read_fast(raw) is not None
    true = canonical.canonicalise_reference(canonical.read_reference(raw).body)
    if not settled:
        return canonical.canonicalise(parsed) != true
    return not canonical.read(raw).settled or orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS) != true


def test_the_scan_promises_nothing_that_the_reading_does_not_find() -> None:
    promised = {"exact": 0, "settled": 0, "neither": 0}
    for first in range(0, 12_800, MANY):
        raws = [text_of(number) for number in range(first, first + MANY)]
        for number, (raw, exact, settled) in enumerate(zip(raws, *scan(raws), strict=True), first):
            assert not says_too_much(raw, exact=exact, settled=settled), (number, raw)
            promised["neither" if not exact else "settled" if settled else "exact"] += body(raw) is not None

    assert min(promised.values()) > 200, promised


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        pytest.param(b'{"a":"12.50","b":12.50,"c":[-3,0]}', (True, True), id="plain"),
        pytest.param(rb'{"a":"Cr\u00eape \u00e9 \u1e00 \"quoted\" \\"}', (True, True), id="escapes"),
        pytest.param(b'{"a":10.0}', (True, False), id="integral"),
        pytest.param(b'{"a":[null]}', (True, False), id="null"),
        pytest.param(b'{"a":1e-7}', (True, False), id="small exponent"),
        pytest.param('{"😀":1}'.encode(), (True, False), id="astral"),
        pytest.param(rb'{"\ud83d\ude02":1}', (True, False), id="astral escape"),
        pytest.param(b'{"a":1e2}', (False, False), id="exponent"),
        pytest.param(b'{"a":1e-400}', (False, False), id="underflow"),
        pytest.param(rb'{"\n":1e5}', (False, False), id="exponent after an escape"),
        pytest.param(b'{"a":9007199254740993}', (False, True), id="many digits"),
        pytest.param(rb'{"a":"\u0000"}', (False, True), id="NUL"),
        pytest.param(rb'{"a":"\u003a","b":1,"b":2}', (False, True), id="escaped colon"),
        pytest.param(rb'{"a":"\u003A"}', (False, True), id="escaped colon in capitals"),
        pytest.param(b'{"a":' + b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1) + b"}", (False, True), id="deep"),
    ],
)
def test_what_is_found_in_a_body_is_said_of_that_body_alone(raw: bytes, found: tuple[bool, bool]) -> None:
    plain = b'{"a":1}'

    exact, settled = scan([plain, raw, b"", plain, raw])

    expected = [(True, True), found, (True, True), (True, True), found]
    assert [*zip(exact, settled, strict=True)] == expected
