"""Offline verification: what the vault hands out holds, and nothing else does."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vaultlog import JWKS, KEY, NOTE_KEY, Log
from tillvault.vault import canonical, evidence, jwk, leaves, notes
from tillvault.vault.jwk import EvidenceKey, NoteKey
from tillvault.vault.notes import Checkpoint
from tillvault.vault.verify import Kind, Outcome, Verdict, verify_document

OTHER = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
LOG = Log().ticket().ticket(pos_session=None, cashier=None).event().ticket().ticket(source_system="till")
PROOF = LOG.proof(1)
EXPORT = Log().ticket().event().ticket().export()
ANSWER = {
    "id": "00000000-0000-7000-8000-000000000000",
    "tenant": "laplatine",
    "sha256_hex": leaves.parse_leaf(LOG.entries[0].leaf.decode()).content_sha256,
    "ledger_hash": "LEDGER:POS:00000001",
    "evidence_jws": LOG.entries[0].token,
    "created_at": "2026-11-20T10:42:00Z",
}


def check(document: bytes) -> Verdict:
    return verify_document(document, JWKS)


def with_members(document: bytes, **members: Any) -> bytes:
    """A proof, or a line, with other members; spelled as it must be."""
    return canonical.jcs(json.loads(document) | members)


def lines_of(export: bytes) -> list[bytes]:
    return export.splitlines(keepends=True)


# What holds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", range(5))
def test_the_proof_of_every_entry_holds(index: int) -> None:
    verdict = check(LOG.proof(index))

    assert verdict.reason is None
    assert verdict.outcome is Outcome.HOLDS
    assert verdict.kind is Kind.PROOF
    assert verdict.facts["index"] == index
    assert verdict.facts["tree_size"] == 5


def test_a_proof_is_in_the_form_that_it_is_checked_for() -> None:
    value = json.loads(PROOF)

    assert canonical.jcs_reference(value) == PROOF
    assert value.keys() == {"format", "leaf", "content", "envelope", "inclusion", "checkpoint", "evidence_jws"}
    assert value["inclusion"].keys() == {"index", "tree_size", "hashes"}


def test_an_export_holds_and_tells_of_its_progress() -> None:
    told: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        told.append((done, total))

    verdict = verify_document(io.BytesIO(LOG.export()), json.dumps(JWKS).encode(), tell)

    assert verdict.reason is None
    assert verdict.kind is Kind.EXPORT
    assert verdict.facts["streams"] == {"EVENT": 1, "POS": 4}
    assert told == [(5, 5)]


def test_an_export_of_an_empty_log_holds() -> None:
    assert check(Log().export()).holds


def test_every_line_of_an_export_is_in_canonical_form() -> None:
    for line in lines_of(LOG.export()):
        assert canonical.jcs_reference(json.loads(line)) + b"\n" == line


def test_a_token_alone_holds() -> None:
    claims = evidence.checkpoint_claims(LOG.checkpoint(), issuer="tillvault.local", issued_at=1)
    token = LOG.entries[0].token
    assert token

    assert check(token.encode()).kind is Kind.EVIDENCE
    assert check(token.encode() + b"\n").facts["ledger"] == "LEDGER:POS:00000001"
    assert check(evidence.sign(KEY, claims).encode()).kind is Kind.CHECKPOINT
    assert not check(evidence.sign(KEY, {"sub": "x"}).encode()).holds
    assert not check(token.encode() + b"\n\n").holds


def test_the_answer_of_the_post_holds_in_any_spelling() -> None:
    for document in (json.dumps(ANSWER).encode(), json.dumps(ANSWER, indent=2).encode() + b"\n"):
        verdict = check(document)
        assert verdict.holds
        assert verdict.kind is Kind.ANSWER
        assert verdict.unproven == ()


def test_what_no_signature_covers_of_an_answer_is_named() -> None:
    known = ANSWER | {"created_at": "2026-11-20T10:42:00.123456Z", "metadata_mismatch": ["cashier"]}

    assert check(json.dumps(known).encode()).unproven == ("created_at", "metadata_mismatch")


# What does not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "00000000-0000-7000-8000-000000000001"},
        {"tenant": "riverside"},
        {"sha256_hex": "00" * 32},
        {"ledger_hash": "LEDGER:POS:00000002"},
        {"created_at": "2026-11-20T10:42:01Z"},
        {"created_at": "2026-11-20T10:42:00"},
        {"created_at": "yesterday"},
        {"created_at": None},
        {"evidence_jws": LOG.entries[1].token},
        {"evidence_jws": None},
        {"status": 201},
        {"format": "other"},
    ],
)
def test_an_answer_that_says_something_else_than_its_evidence_is_broken(changes: dict[str, Any]) -> None:
    assert check(json.dumps(ANSWER | changes).encode()).outcome is Outcome.BROKEN


def test_a_file_of_another_kind_is_broken() -> None:
    for document in (b"", b"\n", b"{}", b"[]", b"hello", b"a.b.c", b"\xff", b'{"format":"tillvault-proof/2"}'):
        verdict = check(document)
        assert verdict.outcome is Outcome.BROKEN
        assert verdict.reason


def test_without_keys_nothing_is_checked() -> None:
    unusable: list[bytes | dict[str, Any]] = [{"keys": []}, {}, b"", b"[]", {"keys": [{"kty": "RSA"}]}]
    for keys in unusable:
        assert verify_document(PROOF, keys).outcome is Outcome.UNCHECKED


def test_the_keys_of_another_vault_prove_nothing() -> None:
    others = jwk.jwks([OTHER.public_jwk, NoteKey(ed25519.Ed25519PrivateKey.generate()).public_jwk])
    token = (LOG.entries[0].token or "").encode()

    for document in (PROOF, LOG.export(), token, json.dumps(ANSWER).encode()):
        assert verify_document(document, others).outcome is Outcome.BROKEN


def test_every_flipped_bit_of_a_proof_is_noticed() -> None:
    document = bytearray(PROOF)

    for place in range(len(document)):
        for bit in range(8):
            document[place] ^= 1 << bit
            assert not check(bytes(document)).holds, (place, bit)
            document[place] ^= 1 << bit
    assert check(bytes(document)).holds


@pytest.mark.parametrize("index", [0, 2])
def test_a_flipped_bit_in_any_byte_of_other_proofs_is_noticed(index: int) -> None:
    document = bytearray(LOG.proof(index))

    for place in range(len(document)):
        document[place] ^= 1 << place % 8
        assert not check(bytes(document)).holds, place
        document[place] ^= 1 << place % 8


def test_a_flipped_bit_in_any_byte_of_an_export_is_noticed() -> None:
    document = bytearray(EXPORT)

    assert check(EXPORT).holds
    for place in range(len(document)):
        document[place] ^= 1 << place % 8
        assert not check(bytes(document)).holds, place
        document[place] ^= 1 << place % 8


@given(st.sampled_from([PROOF, EXPORT]), st.integers(0), st.integers(0, 255), st.sampled_from("rid"))
@settings(max_examples=1500, deadline=None)
def test_any_replaced_inserted_or_deleted_byte_is_noticed(document: bytes, place: int, byte: int, act: str) -> None:
    place %= len(document)
    tail = document[place:] if act == "i" else document[place + 1 :]
    other = document[:place] + (b"" if act == "d" else bytes([byte])) + tail

    assert check(other).holds is (other == document)


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda value: value.update(extra=1),
    lambda value: value.update(jwks=JWKS),
    lambda value: value.update(raw=base64.b64encode(LOG.entries[1].raw or b"").decode()),
    lambda value: value.update(evidence_jws=None),
    lambda value: value.update(evidence_jws=LOG.entries[0].token),
    lambda value: value.update(evidence_jws=value["evidence_jws"] + "\n"),
    lambda value: value.update(leaf=LOG.entries[0].leaf.decode()),
    lambda value: value.update(leaf=json.loads(value["leaf"])),
    lambda value: value.update(content=json.loads(LOG.entries[0].content)),
    lambda value: value.update(content=None),
    lambda value: value["content"].update(pos_session=None),
    lambda value: value["content"]["ticket"].update(n=True),
    lambda value: value.update(envelope=json.loads(LOG.entries[0].envelope or b"")),
    lambda value: value["envelope"].update(salt="0" * 31 + "5"),
    lambda value: value["envelope"].update(cashier=None),
    lambda value: value["inclusion"].update(index=0),
    lambda value: value["inclusion"].update(index=True),
    lambda value: value["inclusion"].update(tree_size=4),
    lambda value: value["inclusion"].update(extra=1),
    lambda value: value["inclusion"].update(hashes=None),
    lambda value: value["inclusion"].update(hashes="ab" * 32),
    lambda value: value["inclusion"]["hashes"].pop(),
    lambda value: value["inclusion"]["hashes"].append("00" * 32),
    lambda value: value["inclusion"]["hashes"].insert(0, value["inclusion"]["hashes"][0]),
    lambda value: value["inclusion"]["hashes"].reverse(),
    lambda value: value["inclusion"]["hashes"].__setitem__(0, value["inclusion"]["hashes"][0].upper()),
    lambda value: value["inclusion"]["hashes"].__setitem__(0, 1),
    lambda value: value.update(checkpoint=notes.sign_checkpoint(LOG.checkpoint(4), NOTE_KEY)),
    lambda value: value.update(
        checkpoint=notes.sign_checkpoint(Checkpoint("tillvault.local/x", 5, LOG.checkpoint().root), NOTE_KEY)
    ),
    lambda value: value.update(checkpoint=value["checkpoint"] + value["checkpoint"].rpartition("\n\n")[2]),
    lambda value: value.update(format="tillvault-proof/2"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_proof_that_was_put_together_otherwise_is_broken(change: Callable[[dict[str, Any]], object]) -> None:
    value: dict[str, Any] = json.loads(PROOF)
    change(value)

    verdict = check(canonical.jcs(value))

    assert verdict.outcome is Outcome.BROKEN
    assert verdict.reason


@pytest.mark.parametrize("name", json.loads(PROOF))
def test_a_proof_that_lacks_a_member_is_broken(name: str) -> None:
    value = json.loads(PROOF)
    del value[name]

    assert check(canonical.jcs(value)).outcome is Outcome.BROKEN


def test_a_proof_in_another_spelling_is_broken() -> None:
    value = json.loads(PROOF)

    for other in (json.dumps(value).encode(), json.dumps(value, indent=1).encode(), PROOF + b"\n", b" " + PROOF):
        assert check(other).reason == "not in RFC 8785 form"


def test_the_proof_of_an_entry_without_evidence_cannot_be_dressed_up_as_a_tickets() -> None:
    event = LOG.proof(2)

    assert not check(with_members(event, envelope={})).holds
    assert not check(with_members(event, evidence_jws=LOG.entries[0].token)).holds


def test_a_ticket_that_holds_an_exports_header_is_still_a_ticket() -> None:
    log = Log().ticket(ticket={"checkpoint": "x", "format": "tillvault-export/1"})

    assert check(log.proof(0)).holds
    assert check(log.export()).holds


def test_the_keys_that_an_export_shows_must_be_the_given_ones() -> None:
    newer = jwk.jwks([KEY.public_jwk | {"until": "2026-12-01"}, OTHER.public_jwk, NOTE_KEY.public_jwk])

    assert verify_document(LOG.export(), newer).holds
    wrong: list[dict[str, Any]] = [
        newer,
        jwk.jwks([KEY.public_jwk | {"until": "2026-12-01"}]),
        jwk.jwks([OTHER.public_jwk]),
        jwk.jwks([KEY.public_jwk | {"kid": OTHER.kid}]),
        JWKS | {"more": 1},
        {"keys": "none"},
        {"keys": [{"kty": "oct"}]},
        {},
    ]
    for shown in wrong:
        assert check(LOG.export(jwks=shown)).outcome is Outcome.BROKEN


@pytest.mark.parametrize("index", range(5))
def test_a_changed_content_envelope_raw_body_or_evidence_is_named_by_its_index(index: int) -> None:
    lines = lines_of(LOG.export())
    other = json.loads(lines[1 + (index + 1) % 5])
    names = {"content", "envelope", "raw", "evidence_jws"} & json.loads(lines[1 + index]).keys() & other.keys()
    assert names

    for name in names:
        line = with_members(lines[1 + index], **{name: other[name]}) + b"\n"
        verdict = check(b"".join([*lines[: 1 + index], line, *lines[2 + index :]]))
        assert verdict.outcome is Outcome.BROKEN
        assert verdict.index == index


def test_deleted_swapped_repeated_and_inserted_lines_are_named_by_their_index() -> None:
    header, *entries = lines_of(LOG.export())

    for wrong, index in (
        ([*entries[:1], *entries[2:]], 1),
        ([*entries[:2], entries[3], entries[2], entries[4]], 2),
        ([*entries[:3], entries[2], *entries[3:]], 3),
        (entries[:4], 4),
        ([*entries, entries[4]], 5),
        ([], 0),
    ):
        verdict = check(b"".join([header, *wrong]))
        assert verdict.outcome is Outcome.BROKEN
        assert verdict.index == index


def test_an_export_whose_tail_was_cut_with_its_header_does_not_pass_for_the_head_that_was_signed() -> None:
    header, *entries = lines_of(LOG.export())
    shorter = with_members(header, size=4, root=LOG.checkpoint(4).root.hex()) + b"\n"

    assert not check(b"".join([shorter, *entries[:4]])).holds


def rewritten(log: Log, place: int, changes: dict[str, Any]) -> bytes:
    """An export in which somebody has changed a leaf."""
    lines = lines_of(log.export())
    text = canonical.jcs(json.loads(log.entries[place].leaf) | changes).decode()
    return b"".join([*lines[: 1 + place], with_members(lines[1 + place], leaf=text) + b"\n", *lines[2 + place :]])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"index": 2}, "index 2"),
        ({"log": "tillvault.local/x"}, "another log"),
        ({"prev": "00" * 32}, "`prev`"),
        ({"stream_seq": 4}, "number 4 of POS, where 3 follows"),
        ({"received_at": "2026-11-20T10:42:01.123456Z"}, "received before"),
        ({"received_at": "2026-11-20T10:42:03.123457Z"}, "`leaf_hash` differs"),
        ({"v": 2}, "not the RFC 8785 text"),
    ],
)
def test_a_changed_leaf_is_named_with_what_is_wrong_with_it(changes: dict[str, Any], reason: str) -> None:
    verdict = check(rewritten(LOG, 3, changes))

    assert verdict.index == 3
    assert reason in str(verdict.reason)


def test_a_changed_leaf_without_evidence_is_noticed_at_the_next_one_or_at_the_root() -> None:
    in_the_middle = check(rewritten(LOG, 2, {"received_at": "2026-11-20T10:42:02.123457Z"}))
    at_the_end = check(rewritten(Log().ticket().event(), 1, {"received_at": "2026-11-20T10:42:01.123457Z"}))

    assert in_the_middle.index == 3
    assert "one of the two was changed" in str(in_the_middle.reason)
    assert at_the_end.reason == "the leaves do not lead to the root of the checkpoint"


def test_a_ticket_recorded_in_the_log_of_another_tenant_is_refused_though_its_hashes_hold() -> None:
    log = Log().ticket().ticket(tenant="riverside")

    for verdict in (check(log.export()), check(log.proof(1))):
        assert verdict.index == 1
        assert verdict.reason == "the envelope is of another tenant than the log"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (LOG.entries[1].raw, "the content is not that of the raw body"),
        ((LOG.entries[0].raw or b"").replace(b"Verena", b"Marie"), "the envelope is not that of the raw body"),
        ((LOG.entries[0].raw or b"").replace(b"{", b"{{", 1), "the raw body is not a ticket"),
        (b"{}", "the raw body is not a ticket"),
    ],
)
def test_a_raw_body_that_is_at_odds_with_its_entry_is_refused_though_its_hash_holds(raw: bytes, reason: str) -> None:
    log = Log().ticket(raw_kept=raw)

    verdict = check(log.export())

    assert verdict.index == 0
    assert verdict.reason == reason
