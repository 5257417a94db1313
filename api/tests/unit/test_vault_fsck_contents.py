"""What the quick way of fsck makes of raw bodies, against the reference."""

from __future__ import annotations

import orjson
import pytest

from tests.unit.test_vault_canonical_fuzz import text_of
from tillvault.vault import canonical, leaves
from tillvault.vault.fsck_rows import contents_of

SALT = "0123456789abcdef" * 2
SENT = b'{"tenant":"lea","source_model":"pos.order","source_id":"POS:1","cashier":"Zo\\u00eb","ticket":%s}'


def by_the_letter(raw: bytes) -> tuple[bytes, bytes] | None:
    """Envelope and content; None where there are none to be made."""
    try:
        body = canonical.read_reference(raw).body
        content, _ = canonical.identity(body.get("pos_session"), body["source_id"], body["ticket"])
        envelope = leaves.envelope(body, salt=SALT)
    except ValueError:
        return None
    return (envelope, content) if isinstance(body["ticket"], dict) else None


def quickly(raw: bytes, envelope: bytes, *, times: int = 1, session: str | None = None) -> list[bytes] | None:
    return contents_of([raw] * times, [envelope] * times, ["POS:1"] * times, [session] * times, "lea")


def test_contents_are_those_that_the_reference_makes() -> None:
    made, refused = 0, 0
    plain = SENT % b"{}"
    envelope = leaves.envelope(canonical.read(plain).body, salt=SALT)
    for number in range(6000):
        raw = SENT % text_of(number)

        expected = by_the_letter(raw)

        if expected is None:
            assert quickly(raw, envelope) is None, (number, raw)
            refused += 1
        else:
            assert quickly(raw, expected[0], times=2) == [expected[1]] * 2, (number, raw)
            made += 1
    assert min(made, refused) > 1000


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(SENT % b'{"a":1,"a":1}', id="key of the ticket"),
        pytest.param(SENT % b'{"a":1.0,"a":1.0}', id="key of an unsettled ticket"),
        pytest.param(SENT % b'{"a":1,"\\u0061":1,"b":"\\u003a"}', id="escaped key beside an escaped colon"),
        pytest.param(SENT % b'{"a":":","b":{"c":":","c":""}}', id="key of an object in it"),
        pytest.param((SENT % b"{}").replace(b'"ticket"', b'"ticket":{},"ticket"'), id="ticket"),
        pytest.param((SENT % b"{}").replace(b'"source_id"', b'"source_id":"POS:1","source_id"'), id="source"),
        pytest.param((SENT % b"{}").replace(b'"cashier"', b'"source_system":"odoo_pos","source_system"'), id="system"),
    ],
)
def test_a_key_that_stands_twice_is_never_proven_and_hides_behind_no_other_body(raw: bytes) -> None:
    """The columns of the tampered row are as right as they can be made."""
    once = orjson.loads(raw)
    envelope = leaves.envelope(once, salt=SALT)
    plain = SENT % b'{"a":":"}'
    described = leaves.envelope(canonical.read(plain).body, salt=SALT)

    assert by_the_letter(raw) is None
    assert quickly(raw, envelope) is None
    assert contents_of([plain, raw, plain], [described, envelope, described], ["POS:1"] * 3, [None] * 3, "lea") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"tenant":"lea"', '"tenant":"leo"', id="tenant"),
        pytest.param('"source_id":"POS:1"', '"source_id":"POS:2"', id="source"),
        pytest.param('"cashier":"Zoë"', '"cashier":"Zoe"', id="cashier"),
        pytest.param('"salt":"0', '"salt":"A', id="salt"),
        pytest.param('"salt":"0', '"salt":"00', id="long salt"),
        pytest.param('"cashier"', '"added":1,"cashier"', id="added member"),
        pytest.param('"cashier"', '"cashier":null,"cashier"', id="member twice"),
    ],
)
def test_an_envelope_that_is_not_of_the_body_is_never_proven(old: str, new: str) -> None:
    raw = SENT % b'{"a":1}'
    expected = by_the_letter(raw)
    assert expected is not None
    envelope = expected[0].decode()
    assert old in envelope

    assert quickly(raw, envelope.encode()) == [expected[1]]
    assert quickly(raw, envelope.replace(old, new).encode()) is None


def test_a_member_that_no_envelope_has_is_left_out_of_it() -> None:
    raw = (SENT % b'{"a":1}').replace(b'"cashier"', b'"added":1,"cashier"')
    expected = by_the_letter(raw)
    assert expected is not None

    assert quickly(raw, expected[0]) == [expected[1]]
    assert quickly(raw, expected[0].replace(b'"cashier"', b'"added":1,"cashier"')) is None


def test_another_session_than_the_bodys_is_never_proven() -> None:
    raw = (SENT % b'{"a":1}').replace(b'"cashier"', b'"pos_session":"S:1","cashier"')
    expected = by_the_letter(raw)
    assert expected is not None

    assert quickly(raw, expected[0], session="S:1") == [expected[1]]
    assert quickly(raw, expected[0], session="S:2") is None
    assert quickly(raw, expected[0]) is None
