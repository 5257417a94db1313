"""core.http.body: strict JSON agrees with the lenient parser wherever that one changes nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.core.errors import MalformedBody
from tillvault.core.http.body import MAX_DEPTH, parse

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def as_decimal(value: Any) -> Any:
    """`json.loads` with fractions kept exact, as `parse` keeps them."""
    return json.loads(value, parse_float=Decimal)


@given(JSON, st.booleans())
def test_valid_json_reads_as_it_does_elsewhere(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert parse(text.encode()) == as_decimal(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = parse(raw)
    except MalformedBody:
        return
    assert value == as_decimal(raw.decode("utf-8"))


@given(st.text(st.sampled_from('{}[]",:0123456789.eE+-\\u dDNaItrfnlsy \n'), max_size=60))
def test_what_looks_like_json_is_read_or_refused(text: str) -> None:
    try:
        value = parse(text.encode())
    except MalformedBody:
        return
    assert value == as_decimal(text)


def test_no_digit_of_a_fraction_is_lost() -> None:
    assert parse(b'{"EUR": 0.10000000000000000001}') == {"EUR": Decimal("0.10000000000000000001")}


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b'{"a": 1, "a": 1}', "a key stands twice in one object"),
        (b'[{"a": {"b": 1, "b": 2}}]', "a key stands twice in one object"),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"[-Infinity]", "-Infinity is not a JSON number"),
        (b"[" + b"1" * 500 + b"]", "a number is too long"),
        (b"[0." + b"1" * 500 + b"]", "a number is too long"),
        (b'["\\ud800"]', "lone surrogate"),
        (b'{"\\udc00": 1}', "lone surrogate"),
        (b'["\\u0000"]', "U\\+0000"),
        (b"[" * 100_000, "nested too deeply|not valid JSON"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested too deeply"),
        (b"\xff", "not valid UTF-8"),
        (b"\xef\xbb\xbf{}", "not valid JSON"),
        (b"", "not valid JSON"),
        (b"{} {}", "not valid JSON"),
        (b"[1e9999999999999999999]", "not valid JSON|too long"),
    ],
)
def test_what_a_lenient_parser_would_change_is_refused(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedBody, match=why):
        parse(raw)


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(b'["\\ud83d\\ude00"]') == ["\N{GRINNING FACE}"]
