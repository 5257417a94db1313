"""Signed notes and checkpoints as C2SP specifies them (signed-note, tlog-checkpoint), with Ed25519 keys.

Stricter than C2SP where that lets bytes through that nothing vouches for: a checkpoint has no extension lines, and
every signature line must be by a trusted key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from tillvault.vault.canonical import INTEGER_MAX
from tillvault.vault.jwk import NoteKey
from tillvault.vault.merkle import HASH_BYTES

_ED25519 = b"\x01"
"""Signature type (C2SP signed-note, "Signature types")."""
_KEY_ID_BYTES = 4
_PUBLIC_KEY_BYTES = 32
_SIGNATURES_MAX = 16
_NAME = r"[^\s+\x00-\x1f]+"
_SIGNATURE_LINE = re.compile(rf"— ({_NAME}) ([A-Za-z0-9+/]+={{0,2}})")
_CHECKPOINT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n", re.ASCII)
_VKEY = re.compile(rf"({_NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/]+={{0,2}})")


class NoteRefused(ValueError):
    """A note that is none, or that no trusted key has signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: RFC 6962 root over `size` leaves (C2SP tlog-checkpoint, "Note text")."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The counterpart of `Checkpoint.text`. Raises NoteRefused for any other spelling."""
    found = _CHECKPOINT.fullmatch(text)
    if found is None:
        raise NoteRefused("the note is not a checkpoint of origin, size and root")
    checkpoint = Checkpoint(found[1], int(found[2]), _from_base64(found[3]))
    if checkpoint.size > INTEGER_MAX or len(checkpoint.root) != HASH_BYTES:
        raise NoteRefused("the checkpoint names a size or a root that cannot be")
    return checkpoint


def sign_checkpoint(checkpoint: Checkpoint, key: NoteKey) -> str:
    """The checkpoint as a note signed under its origin as the key's name."""
    return sign_note(checkpoint.text(), checkpoint.origin, key)


def verify_checkpoint(note: str, keys: Iterable[ed25519.Ed25519PublicKey]) -> Checkpoint:
    """The checkpoint in a note that trusted keys have signed under its origin. Raises NoteRefused."""
    checkpoint = parse_checkpoint(_split(note)[0])
    verify_note(note, checkpoint.origin, keys)
    return checkpoint


# Notes --------------------------------------------------------------------------------------------------------------


def key_id(name: str, public: ed25519.Ed25519PublicKey) -> bytes:
    """The first four bytes of SHA-256(name || 0x0A || 0x01 || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public.public_bytes_raw()).digest()[:_KEY_ID_BYTES]


def vkey(name: str, public: ed25519.Ed25519PublicKey) -> str:
    """A verifier key as the tools of the field take it: name, key id in hex, type and key in base64."""
    return f"{name}+{key_id(name, public).hex()}+{_base64(_ED25519 + public.public_bytes_raw())}"


def parse_vkey(text: str) -> tuple[str, ed25519.Ed25519PublicKey]:
    """The counterpart of `vkey`. Raises NoteRefused for any other spelling, a wrong key id included."""
    found = _VKEY.fullmatch(text)
    data = _from_base64(found[3]) if found else b""
    if found is None or data[:1] != _ED25519 or len(data) != 1 + _PUBLIC_KEY_BYTES:
        raise NoteRefused("not a verifier key of type Ed25519")
    public = ed25519.Ed25519PublicKey.from_public_bytes(data[1:])
    if vkey(found[1], public) != text:
        raise NoteRefused("the verifier key's id is not that of its key")
    return found[1], public


def sign_note(text: str, name: str, key: NoteKey) -> str:
    """A text that ends in a line feed, the blank line, and the signature line."""
    if not text.endswith("\n") or not re.fullmatch(_NAME, name) or any(char < " " and char != "\n" for char in text):
        raise ValueError("a note is text in lines, signed under a name without spaces and plus signs")
    signature = key_id(name, key.public) + key.private.sign(text.encode())
    return f"{text}\n— {name} {_base64(signature)}\n"


def verify_note(note: str, name: str, keys: Iterable[ed25519.Ed25519PublicKey]) -> str:
    """The text of a note of which every signature is by a trusted key under that name. Raises NoteRefused."""
    text, signatures = _split(note)
    trusted = {(name, key_id(name, key)): key for key in keys}
    for signer, signature in signatures:
        # Each key signs once: what is left of the dictionary has not.
        key = trusted.pop((signer, signature[:_KEY_ID_BYTES]), None)
        if key is None:
            raise NoteRefused("the note is signed under a name or a key that is not among the given ones, or twice")
        try:
            key.verify(signature[_KEY_ID_BYTES:], text.encode())
        except InvalidSignature as error:
            raise NoteRefused("the note's signature is not that of the key it names") from error
    return text


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Text, and name and bytes of each signature. The text ends at the last blank line (C2SP signed-note, "Format")."""
    text, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not text or not blank or lines.pop() or not 1 <= len(lines) <= _SIGNATURES_MAX:
        raise NoteRefused("not a signed note: text, a blank line, signature lines")
    found = [_SIGNATURE_LINE.fullmatch(line) for line in lines]
    signatures = [(match[1], _from_base64(match[2])) for match in found if match]
    if len(signatures) != len(lines) or any(char < " " and char != "\n" for char in text):
        raise NoteRefused("not a signed note: a line has another form")
    return text + "\n", signatures


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    """RFC 4648, section 4, canonical: padded, no unused bits set."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise NoteRefused("not base64") from error
    if _base64(data) != text:
        raise NoteRefused("not the canonical base64 of its bytes")
    return data
