"""Signed notes and checkpoints: the published example, there and back, and no other spelling."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from tillvault.vault import notes
from tillvault.vault.jwk import NoteKey
from tillvault.vault.notes import Checkpoint, NoteRefused

# Of the documentation of golang.org/x/mod/sumdb/note.
PUBLISHED_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

KEY = NoteKey(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER = NoteKey(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
CHECKPOINT = Checkpoint("tillvault.local/laplatine", 20852163, bytes(range(32)))
NOTE = notes.sign_checkpoint(CHECKPOINT, KEY)


def test_the_published_note_holds_under_the_published_key() -> None:
    name, public = notes.parse_vkey(PUBLISHED_VKEY)

    assert notes.verify_note(PUBLISHED_NOTE, name, [public]) == PUBLISHED_NOTE.partition("\n\n")[0] + "\n"
    assert notes.vkey(name, public) == PUBLISHED_VKEY


def test_a_checkpoint_is_three_lines_and_a_signature_under_its_origin() -> None:
    lines = NOTE.split("\n")

    assert lines[:4] == [
        "tillvault.local/laplatine",
        "20852163",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "",
    ]
    assert lines[4].startswith("— tillvault.local/laplatine ")
    assert lines[5:] == [""]
    assert notes.verify_checkpoint(NOTE, [OTHER.public, KEY.public]) == CHECKPOINT


@given(st.integers(0, 2**53 - 1), st.binary(min_size=32, max_size=32))
@settings(max_examples=50, deadline=None)
def test_every_checkpoint_comes_back(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("a/b", size, root)

    assert notes.parse_checkpoint(checkpoint.text()) == checkpoint
    assert notes.verify_checkpoint(notes.sign_checkpoint(checkpoint, KEY), [KEY.public]) == checkpoint


def test_during_a_change_of_keys_both_may_sign() -> None:
    both = NOTE + notes.sign_checkpoint(CHECKPOINT, OTHER).rpartition("\n\n")[2]

    assert notes.verify_checkpoint(both, [KEY.public, OTHER.public]) == CHECKPOINT
    with pytest.raises(NoteRefused, match="not among the given"):
        notes.verify_checkpoint(both, [KEY.public])


def test_a_note_of_another_key_or_name_or_signed_twice_is_refused() -> None:
    signature = NOTE.rpartition("\n\n")[2]

    for note, keys in (
        (NOTE, [OTHER.public]),
        (NOTE, []),
        (NOTE.replace("— tillvault.local/laplatine", "— tillvault.local/laplatinf"), [KEY.public]),
        (notes.sign_note(CHECKPOINT.text(), "somebody", KEY), [KEY.public]),
        (NOTE + signature, [KEY.public]),
        (NOTE.replace("20852163", "20852164"), [KEY.public]),
    ):
        with pytest.raises(NoteRefused):
            notes.verify_checkpoint(note, keys)


def test_no_changed_bit_of_a_checkpoint_goes_unnoticed() -> None:
    raw = NOTE.encode()
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            with pytest.raises((NoteRefused, UnicodeDecodeError)):
                notes.verify_checkpoint(changed.decode(), [KEY.public])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        f"a\n01\n{'A' * 43}=\n",
        f"a\n-1\n{'A' * 43}=\n",
        f"a\n+1\n{'A' * 43}=\n",
        f"a\n٣\n{'A' * 43}=\n",
        f"a\n9007199254740992\n{'A' * 43}=\n",
        f"a\n1\n{'A' * 42}B=\n",
        f"a\n1\n{'A' * 43}\n",
        f"a\n1\n{'A' * 44}\n",
        f"a\n1\n{'A' * 43}=",
        f"a\n1\n{'A' * 43}=\nextension\n",
        f"\n1\n{'A' * 43}=\n",
        f"a\r\n1\r\n{'A' * 43}=\r\n",
    ],
)
def test_no_other_spelling_is_a_checkpoint(text: str) -> None:
    with pytest.raises(NoteRefused):
        notes.parse_checkpoint(text)
    if text.endswith("\n") and "\r" not in text:
        with pytest.raises(NoteRefused):
            notes.verify_checkpoint(notes.sign_note(text, "a", KEY), [KEY.public])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        NOTE.replace("=\n\n", "=\n"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("laplatine\n", "laplatine\t\n"),
        NOTE.rpartition(" ")[0] + " \n",
        NOTE.rpartition(" ")[0] + " AAAA\n",
        NOTE + NOTE.rpartition("\n\n")[2] * 16,
    ],
)
def test_what_is_no_signed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        notes.verify_checkpoint(note, [KEY.public])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+b",
        "a+b+c",
        PUBLISHED_VKEY + "\n",
        PUBLISHED_VKEY.replace("c74f20a3", "C74F20A3"),
        PUBLISHED_VKEY.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_VKEY.replace("Peter", "Petra"),
        PUBLISHED_VKEY.replace("+ARpc", "+AhpC"),
        PUBLISHED_VKEY[:-4],
        PUBLISHED_VKEY[:-1] + "X",
        "a b" + PUBLISHED_VKEY[12:],
    ],
)
def test_no_other_spelling_is_a_verifier_key(text: str) -> None:
    with pytest.raises(NoteRefused):
        notes.parse_vkey(text)


@pytest.mark.parametrize(
    ("text", "name"), [("a", "n"), ("a\x00\n", "n"), ("a\t\n", "n"), ("a\n", "n n"), ("a\n", "n+n"), ("a\n", "")]
)
def test_what_could_not_be_verified_is_not_signed(text: str, name: str) -> None:
    with pytest.raises(ValueError, match="a note is text in lines"):
        notes.sign_note(text, name, KEY)
