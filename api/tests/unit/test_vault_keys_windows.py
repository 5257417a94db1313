"""Windows of keys and changes of keys in a log, as whoever verifies sees them (vault.md, "Evidence")."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tests.vaultlog import KEY, NOTE_KEY, Entry, Log
from tillvault.vault import evidence, jwk, key_leaves, key_register, leaves
from tillvault.vault.entries import Broken, Chain
from tillvault.vault.jwk import EvidenceKey, NoteKey
from tillvault.vault.key_register import Key, Register
from tillvault.vault.verify import Outcome, Verdict, verify_document

NEW = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
NEW_NOTES = NoteKey(ed25519.Ed25519PrivateKey.generate())
RECEIVED = int(datetime.fromisoformat("2026-11-20T10:42:00Z").timestamp())
"""The second of the first leaf of `tests.vaultlog`; each next leaf comes a second later."""


def window(since: int | None, until: int | None) -> dict[str, int]:
    ends = {"nbf": since, "exp": until}
    return {name: RECEIVED + end for name, end in ends.items() if end is not None}


def keys(evidence_window: dict[str, int], note_window: dict[str, int] | None = None) -> dict[str, Any]:
    return {"keys": [KEY.public_jwk | evidence_window, NOTE_KEY.public_jwk | (note_window or {})]}


def verdict(document: bytes, jwks: dict[str, Any]) -> Verdict:
    return verify_document(document, jwks)


def change(log: Log, **changes: Any) -> bytes:
    """A change of the evidence key that follows from the log, or does not."""
    at = leaves.moment(datetime.fromisoformat("2026-11-20T10:42:01Z"))
    text = key_leaves.body(use="evidence", old_kid=KEY.kid, new=NEW.public_jwk, at=at, reason=None)
    content = json.dumps(json.loads(text) | changes, sort_keys=True, separators=(",", ":")).encode()
    leaf = log.add(leaves.KEY, key_leaves.STREAM, content)
    log.entries.append(Entry(leaves.leaf_text(leaf), content, None, None, None))
    return content


def ticket_by(log: Log, key: EvidenceKey) -> None:
    log.ticket()
    entry = log.entries[-1]
    leaf = leaves.parse_leaf(entry.leaf.decode())
    entry.token = evidence.sign(key, evidence.evidence_claims(leaf, leaves.leaf_hash(entry.leaf).hex()))


# Windows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "holds"),
    [
        ((None, None), True),
        ((0, None), True),
        ((None, 0), True),
        ((0, 0), True),
        ((1, None), False),
        ((None, -1), False),
        ((-10, 10), True),
    ],
)
def test_evidence_holds_within_the_window_of_its_key_both_ends_included(
    ends: tuple[int | None, int | None], holds: bool
) -> None:
    log = Log().ticket()
    token = log.entries[0].token
    assert token is not None
    jwks = keys(window(*ends))

    found = [verdict(document, jwks).outcome for document in (token.encode(), log.proof(0), log.export(jwks=jwks))]

    assert set(found) == {Outcome.HOLDS if holds else Outcome.BROKEN}


def test_a_checkpoint_by_a_key_that_was_retired_before_its_leaves_came_is_refused() -> None:
    log = Log().ticket().ticket().ticket()

    within, before = keys({}, window(0, 2)), keys({}, window(-60, 1))

    assert verdict(log.proof(2), within).holds
    assert verdict(log.proof(1), before).holds
    assert "retired before its leaves" in (verdict(log.proof(2), before).reason or "")
    assert verdict(log.export(jwks=within), within).holds
    assert "retired before its leaves" in (verdict(log.export(jwks=before), before).reason or "")


def test_a_checkpoint_token_holds_within_the_window_alone() -> None:
    claims = evidence.checkpoint_claims(Log().ticket().checkpoint(), issuer="tillvault.local", issued_at=RECEIVED)
    token = evidence.sign(KEY, claims).encode()

    assert verdict(token, keys(window(0, 0))).holds
    assert not verdict(token, keys(window(1, 9))).holds


@pytest.mark.parametrize("iat", [None, "1", 1.5, True])
def test_a_token_without_a_second_lies_in_no_window_that_has_an_end(iat: object) -> None:
    token = evidence.sign(KEY, {"iat": iat})

    with pytest.raises(evidence.EvidenceRefused, match="outside the window"):
        evidence.verify(token, jwk.parse_jwks(keys(window(0, None))))


def test_evidence_that_says_another_second_than_its_leaf_is_refused() -> None:
    log = Log().ticket()
    token = log.entries[0].token
    assert token is not None
    claims = evidence.verify(token, jwk.parse_jwks(keys({})))
    log.entries[0].token = evidence.sign(KEY, claims | {"iat": claims["iat"] - 1})

    assert "issued at another time" in (verdict(log.proof(0), keys({})).reason or "")


@pytest.mark.parametrize("ends", [{"nbf": "0"}, {"nbf": 1.5}, {"exp": True}, {"exp": -1}, {"nbf": 2, "exp": 1}])
def test_a_window_that_is_none_makes_the_set_unusable(ends: dict[str, Any]) -> None:
    with pytest.raises(jwk.KeyRefused, match="window"):
        jwk.parse_jwks({"keys": [KEY.public_jwk | ends]})


# Changes of keys in a log -------------------------------------------------------------------------------------------


def test_from_a_change_of_keys_on_the_new_key_signs() -> None:
    log = Log().ticket()
    change(log)
    ticket_by(log, NEW)
    jwks = jwk.jwks([KEY.public_jwk, NEW.public_jwk, NOTE_KEY.public_jwk])

    assert verdict(log.export(jwks=jwks), jwks).holds
    assert verdict(log.proof(1), jwks).holds
    assert verdict(log.proof(2), jwks).holds


@pytest.mark.parametrize("signer", [KEY, NEW], ids=["old", "new"])
def test_evidence_by_another_key_than_the_log_says_is_refused_whatever_the_windows(signer: EvidenceKey) -> None:
    log = Log().ticket()
    if signer is KEY:
        change(log)
    ticket_by(log, signer)
    jwks = jwk.jwks([KEY.public_jwk, NEW.public_jwk, NOTE_KEY.public_jwk])

    found = verdict(log.export(jwks=jwks), jwks)

    assert (found.outcome, found.index) == (Outcome.BROKEN, len(log.entries) - 1)
    assert "another key than the one that signs at this point" in (found.reason or "")


@pytest.mark.parametrize(
    "changes",
    [
        {"old_kid": NEW_NOTES.kid},
        {"new_kid": KEY.kid},
        {"use": "checkpoint"},
        {"use": "tokens"},
        {"key": "none"},
        {"key": {**NEW.public_jwk, "d": "AAAA"}},
        {"key": {**NEW.public_jwk, "nbf": 1}},
        {"key": {**NOTE_KEY.public_jwk}, "new_kid": NOTE_KEY.kid},
        {"key": {**KEY.public_jwk}, "new_kid": KEY.kid},
        {"more": 1},
    ],
    ids="-".join,
)
def test_a_change_of_keys_that_cannot_follow_is_refused(changes: dict[str, Any]) -> None:
    log = Log().ticket()
    change(log, **changes)
    jwks = jwk.jwks([KEY.public_jwk, NEW.public_jwk, NOTE_KEY.public_jwk])

    found = verdict(log.export(jwks=jwks), jwks)

    assert (found.outcome, found.index) == (Outcome.BROKEN, 1)


def test_every_byte_of_a_change_of_keys_counts() -> None:
    log = Log().ticket()
    content = change(log)
    chain = Chain("tillvault.local/laplatine")
    leaf = leaves.parse_leaf(log.entries[1].leaf.decode())

    for at in range(len(content)):
        changed = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        assert sha256(changed).hexdigest() != leaf.content_sha256
    with pytest.raises(Broken, match="not canonical JSON"):
        chain.change_key(leaf, content[:-1])
    with pytest.raises(Broken, match="another spelling"):
        chain.change_key(leaf, content.replace(b":", b": ", 1))


# The register -------------------------------------------------------------------------------------------------------


def key(public: dict[str, str], since: int, until: int | None = None, use: str = "evidence") -> Key:
    return Key(use=use, jwk=public, since=since, until=until)


def test_two_registers_are_joined_and_no_retired_key_comes_back() -> None:
    database = Register.of([key(KEY.public_jwk, 5)])
    file = Register.of([key(KEY.public_jwk, 3, 9), key(NEW.public_jwk, 9)])

    for joined in (database.joined(file), file.joined(database)):
        assert joined.keys == {KEY.kid: key(KEY.public_jwk, 3, 9), NEW.kid: key(NEW.public_jwk, 9)}
        current = joined.current("evidence")
        assert current is not None
        assert current.kid == NEW.kid
        assert joined.current("checkpoint") is None


def test_the_file_is_a_jwk_set_that_only_grows(tmp_path: Path) -> None:
    key_register.keep(tmp_path, Register.of([key(KEY.public_jwk, 3)]))
    key_register.keep(tmp_path, Register.of([key(NEW.public_jwk, 9), key(NOTE_KEY.public_jwk, 1, use="checkpoint")]))
    key_register.keep(tmp_path, Register.of([key(KEY.public_jwk, 3, 9)]))

    found = json.loads((tmp_path / "jwks.json").read_text())

    assert [(each["kid"], each["nbf"], each.get("exp")) for each in found["keys"]] == [
        (NEW.kid, 9, None),
        (NOTE_KEY.kid, 1, None),
        (KEY.kid, 3, 9),
    ]
    assert jwk.parse_jwks(found).windows[KEY.kid] == jwk.Window(3, 9)
    assert key_register.read(tmp_path).jwks() == found
    assert [path.name for path in tmp_path.iterdir()] == ["jwks.json"]


def test_a_file_that_is_no_register_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text("{")

    with pytest.raises(ValueError, match="column"):
        key_register.keep(tmp_path, Register.of([key(KEY.public_jwk, 3)]))

    assert (tmp_path / "jwks.json").read_text() == "{"
