"""docs/reference/canonical-form.md says what the code does: every example of the page is run."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from tillvault.core.config import Settings
from tillvault.core.errors import AppError
from tillvault.core.http.dialects import Dialect, body_of, sentence_of, status_of
from tillvault.vault import canonical, leaves
from tillvault.vault.canonical import GuardRefused
from tillvault.vault.leaves import Leaf
from tillvault.vault.service import Sender, submission

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "canonical-form.md").read_text()
SENDER = Sender(organisation_id=UUID(int=1), tenant="laplatine", api_key_id=None)

_BYTES = re.compile(r"⟨([0-9a-f ]+)⟩")
_EXAMPLE = re.compile(r"```json\n(?P<body>.*?)\n```\n\n```text\n(?P<made>content .*?)\n```", re.DOTALL)


def table(first_column: str, second_column: str) -> list[list[str]]:
    """The rows of the one table that begins with these columns, without the signs around code."""
    found = re.findall(rf"^\| {first_column} \| {second_column} .*\n\|[ -|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [[cell.strip() for cell in row.strip("| ").split(" | ")] for part in found for row in part.splitlines()]
    return [[cell.removeprefix("`").removesuffix("`") for cell in row] for row in rows]


def in_bytes(cell: str) -> bytes:
    """A cell as it is sent: `⟨ff⟩` stands for the byte."""
    text = _BYTES.sub(lambda found: bytes.fromhex(found[1]).decode("latin-1"), cell)
    return text.encode("latin-1") if text != cell else cell.encode()


def ticket(text: str) -> bytes:
    return b'{"tenant":"laplatine","source_model":"pos.order","source_id":"POS/1","ticket":%s}' % text.encode()


def answer(raw: bytes) -> tuple[int, str]:
    """The status, and what the answer says beside it."""
    try:
        return 201, submission(SENDER, raw).sha256.hex()
    except AppError as refusal:
        body = body_of(refusal.code, sentence_of(refusal, Dialect.PLAIN), refusal.extra, Dialect.PLAIN)
        return status_of(refusal, Dialect.PLAIN), body.get("details") or body.get("message") or body["error"]


def hashed(text: str) -> str:
    """The canonical form of a ticket that passes the guard."""
    value = canonical.read_reference(f'{{"ticket":{text}}}'.encode()).body["ticket"]
    canonical.guard(value)
    assert canonical.canonicalise(value) == canonical.canonicalise_reference(value)
    return canonical.canonicalise(value).decode()


ORDER = table("Body", "Answer")
STRICT = table("Body", "Why it is refused with 400")
GUARD = table("Ticket", "Why it is refused with 422")
NUMBERS = table("Sent", "Hashed")
PAIRS = table("One ticket", "Another")
EXAMPLES = [found.groupdict() for found in _EXAMPLE.finditer(PAGE)]


def test_the_page_has_its_examples() -> None:
    found = [len(rows) for rows in (ORDER, STRICT, GUARD, NUMBERS, PAIRS, EXAMPLES)]

    assert found == [8, 14, 9, 10, 13, 3]


@pytest.mark.parametrize("row", ORDER, ids=lambda row: row[0])
def test_the_first_check_that_fails_answers(row: list[str]) -> None:
    status, _, told = row[1].partition(" `")

    assert answer(in_bytes(row[0])) == (int(status), told)


@pytest.mark.parametrize("row", STRICT, ids=lambda row: row[0])
def test_what_is_read_strictly_is_refused_with_the_words_of_the_page(row: list[str]) -> None:
    assert answer(in_bytes(row[0])) == (400, row[1])


@pytest.mark.parametrize("row", GUARD, ids=lambda row: row[0])
def test_what_cannot_be_kept_is_refused_with_the_words_of_the_page(row: list[str]) -> None:
    assert answer(ticket(row[0])) == (422, row[1])


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    def nested(depth: int) -> str:
        return '{"a":[' * (depth // 2) + ("{}" if depth % 2 else "") + "]}" * (depth // 2)

    assert f"Deeper than {canonical.DEPTH_MAX}**" in PAGE
    assert answer(ticket(nested(64)))[0] == 201
    assert answer(ticket(nested(65))) == (422, "The ticket is nested deeper than 64.")
    assert answer(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}") == (400, "Missing required field: tenant")
    assert answer(b'{"a":' + b"[" * 201 + b"]" * 201 + b"}")[0] == 422
    for number in (b"1", b"1e0"):
        # The second is read by the reference instead of the fast path: the limit is the same for any member.
        deep = [b"[" * depth + number + b"]" * depth for depth in (64, 65)]
        assert [answer(ticket("{}")[:-1] + b',"mine":%s}' % value)[0] for value in deep] == [201, 422]
    assert f"`POS_TICKET_MAX_SIZE_BYTES`, {Settings().pos_ticket_max_size_bytes:,} |" in PAGE
    assert answer(ticket("{}")[:-1] + b',"cashier":"%s"}' % (b"a" * 513))[0] == 422
    assert f"form `{canonical.SCHEME}`" in PAGE


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row[0])
def test_a_number_is_written_as_the_page_shows(row: list[str]) -> None:
    assert hashed(f"[{row[0]}]") == f"[{row[1]}]"


@pytest.mark.parametrize("row", PAIRS, ids=lambda row: f"{row[0]} and {row[1]}")
def test_two_texts_are_the_same_ticket_exactly_where_the_page_says_so(row: list[str]) -> None:
    one, other, said = row

    if said.startswith(("{", "[")):
        assert hashed(one) == hashed(other) == said
        assert answer(ticket(one)) == answer(ticket(other))
    else:
        assert hashed(one) != hashed(other)
        assert answer(ticket(one))[1] != answer(ticket(other))[1]


def test_numbers_of_fifteen_digits_never_share_a_form() -> None:
    """The two nearest neighbours of 15 digits, at every place of the point that the guard lets through."""
    for exponent in range(-300, 1):
        forms = {hashed(f"[{digits}e{exponent}]") for digits in (999999999999998, 999999999999999, 100000000000001)}
        assert len(forms) == 3


def test_a_number_of_eighteen_digits_is_refused_and_zeros_do_not_count() -> None:
    assert hashed("[1.0000000000000000000]") == "[1]"
    with pytest.raises(GuardRefused):
        hashed("[1.00000000000000001]")


@pytest.mark.parametrize("example", EXAMPLES, ids=["contract", "without-session", "leaf"])
def test_a_worked_example_is_what_the_code_makes_of_it(example: dict[str, str]) -> None:
    raw = example["body"].encode()
    shown = dict(line.split(" ", 1) for line in example["made"].splitlines())

    body = canonical.parse_strict(raw)
    content, digest = canonical.identity(body.get("pos_session"), body["source_id"], body["ticket"])
    assert (content.decode(), digest) == (shown["content"], shown["sha256_hex"])
    assert answer(raw) == (201, digest)
    if "leaf" not in shown:
        return
    envelope = leaves.envelope(body, salt=json.loads(shown["envelope"])["salt"])
    leaf = Leaf(
        type=leaves.TICKET,
        log="tillvault.local/laplatine",
        index=0,
        stream=leaves.POS,
        stream_seq=1,
        document_id="6b78d57a-3d3c-4b2e-bae3-3a8ee3fdc8d0",
        content_sha256=digest,
        envelope_sha256=sha256(envelope).hexdigest(),
        raw_sha256=sha256(raw).hexdigest(),
        received_at="2026-11-20T10:42:01.123456Z",
        prev=leaves.NO_PREV,
    )
    text = leaves.leaf_text(leaf)
    assert (envelope.decode(), text.decode()) == (shown["envelope"], shown["leaf"])
    assert (leaf.envelope_sha256, leaf.raw_sha256) == (shown["envelope_sha256"], shown["raw_sha256"])
    assert leaves.leaf_hash(text).hex() == shown["leaf_hash"]


def test_the_page_names_every_member_of_the_envelope() -> None:
    said = PAGE[PAGE.index("**The envelope**") : PAGE.index("**The raw body**")]

    assert re.findall(r"`([a-z_]+)`", said) == [
        name
        for field in leaves.ENVELOPE_FIELDS
        for name in (field, *([leaves.SOURCE_SYSTEM_DEFAULT] * (field == "source_system")))
    ] + ["salt"]


def test_an_unknown_member_belongs_to_the_raw_body_alone() -> None:
    plain = ticket("{}")

    assert answer(plain) == answer(plain[:-1] + b',"loyalty_card":"123"}')
    assert answer(plain) == answer(plain[:-1] + b',"pos_session":null}')
    assert answer(plain) != answer(plain[:-1] + b',"pos_session":""}')
