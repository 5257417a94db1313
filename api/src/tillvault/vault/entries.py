"""Checks of single entries and of the chain they form: what the verification of files and of the database share.

Each check raises Broken with a reason that names what does not hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from tillvault.vault import canonical, evidence, key_leaves, merkle
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.leaves import ENVELOPE_FIELDS, NO_PREV, Leaf, LeafRefused, envelope, leaf_hash, parse_leaf
from tillvault.vault.merkle import Edge

_SALT = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PENDING_MAX = 1024


class Broken(ValueError):
    """Something that does not hold. `index`, where known, is the position in the log."""

    def __init__(self, reason: str, index: int | None = None) -> None:
        self.reason = reason
        self.index = index
        super().__init__(reason)


@dataclass(slots=True)
class Chain:
    """The leaves of a log, one after the other from a known point on (from the beginning by default); constant in
    memory. Raises Broken at the first leaf that does not follow from those before it."""

    origin: str
    edge: Edge = field(default_factory=Edge)
    prev: str = NO_PREV
    received_at: str = ""
    streams: dict[str, int] = field(default_factory=dict[str, int])
    """The last position in each stream."""
    signers: dict[str, str] = field(default_factory=dict[str, str])
    """By use, the `kid` of the key that signs at this point, as far as the log has said."""
    size: int = 0
    _pending: list[bytes] = field(default_factory=list[bytes])
    """Leaf hashes that the edge does not hold yet: many at once cost a fraction of one by one."""

    def add(self, text: str) -> tuple[Leaf, str]:
        """The next leaf from its text, and its hash in hex."""
        try:
            leaf = parse_leaf(text)
        except LeafRefused as error:
            raise Broken(str(error), self.size) from error
        self._check(leaf)
        digest = leaf_hash(text.encode())
        self._pending.append(digest)
        if len(self._pending) >= _PENDING_MAX:
            self._settle()
        self.prev, self.received_at, self.streams[leaf.stream] = digest.hex(), leaf.received_at, leaf.stream_seq
        self.size += 1
        return leaf, self.prev

    def _check(self, leaf: Leaf) -> None:
        if leaf.index != self.size:
            raise Broken(f"the leaf says index {leaf.index}", self.size)
        if leaf.log != self.origin:
            raise Broken(f"the leaf is of another log, {leaf.log}", self.size)
        if leaf.prev != self.prev:
            raise Broken("`prev` of the leaf is not the hash of the leaf before: one of the two was changed", self.size)
        expected = self.streams.get(leaf.stream, 0) + 1
        if leaf.stream_seq != expected:
            raise Broken(f"the leaf is number {leaf.stream_seq} of {leaf.stream}, where {expected} follows", self.size)
        if leaf.received_at < self.received_at:
            raise Broken("the leaf was received before the leaf before it", self.size)

    def change_key(self, leaf: Leaf, content: bytes) -> None:
        """Follow the change of keys in the body of a leaf of type `key`, which was just added."""
        try:
            use, kid = key_leaves.changed(content, self.signers)
        except key_leaves.KeyLeafRefused as error:
            raise Broken(str(error), leaf.index) from error
        self.signers[use] = kid

    def check_signer(self, leaf: Leaf, token: str) -> None:
        """Verified evidence is by the key that signs at this point: its window alone would let a key that was stolen
        and retired sign what an older clock could have seen."""
        kid = evidence.signer_of(token)
        if self.signers.setdefault(key_leaves.EVIDENCE, kid) != kid:
            raise Broken("the evidence is by another key than the one that signs at this point of the log", leaf.index)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        self._settle()
        return merkle.root_of(self.edge)

    def _settle(self) -> None:
        self.edge, _ = merkle.append(self.edge, self._pending)
        self._pending = []


def same(shown: Any, true: Any) -> bool:
    """Equal and of the same type: to Python `true` and 1 are equal, to a reader of the document they are not."""
    return type(shown) is type(true) and shown == true


def check_content(leaf: Leaf, content: bytes) -> None:
    if sha256(content).hexdigest() != leaf.content_sha256:
        raise Broken("the content is not the one whose hash the leaf holds", leaf.index)


def check_envelope(leaf: Leaf, text: bytes, fields: Mapping[str, Any], content: Mapping[str, Any]) -> None:
    """An envelope, as bytes and as parsed, of a ticket whose parsed content is given."""
    if sha256(text).hexdigest() != leaf.envelope_sha256:
        raise Broken("the envelope is not the one whose hash the leaf holds", leaf.index)
    salt = fields.get("salt")
    if fields.keys() - {*ENVELOPE_FIELDS, "salt"} or not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise Broken("the envelope has other members than an envelope", leaf.index)
    if fields.get("tenant") != leaf.tenant:
        raise Broken("the envelope is of another tenant than the log", leaf.index)
    if any(fields.get(name) != content.get(name) for name in ("source_id", "pos_session")):
        raise Broken("the envelope and the content name another source or session", leaf.index)


def check_raw(leaf: Leaf, raw: bytes, *, content: bytes, envelope_text: bytes, salt: str) -> None:
    """A raw body against its hash, and content and envelope anew from it."""
    if sha256(raw).hexdigest() != leaf.raw_sha256:
        raise Broken("the raw body is not the one whose hash the leaf holds", leaf.index)
    try:
        reading = canonical.read(raw)
        body = reading.body
        session, source, ticket = body.get("pos_session"), body["source_id"], body["ticket"]
        made, _ = canonical.identity(session, source, ticket, settled=reading.settled)
        described = envelope(body, salt=salt)
    except (ValueError, KeyError) as error:
        raise Broken("the raw body is not a ticket", leaf.index) from error
    if made != content:
        raise Broken("the content is not that of the raw body", leaf.index)
    if described != envelope_text:
        raise Broken("the envelope is not that of the raw body", leaf.index)


def check_evidence(leaf: Leaf, digest: str, token: str, keys: PublicKeys) -> None:
    """The evidence of a leaf whose hash in hex is given."""
    try:
        claims = evidence.verify(token, keys)
    except evidence.EvidenceRefused as error:
        raise Broken(f"the evidence does not hold: {error}", leaf.index) from error
    if claims.keys() != evidence.EVIDENCE_CLAIMS:
        raise Broken("the evidence has other claims than evidence", leaf.index)
    for name, value in evidence.bound_claims(leaf, digest).items():
        if not same(claims[name], value):
            raise Broken(f"the evidence is of another leaf: `{name}` differs", leaf.index)
    if not same(claims["iat"], received_second(leaf)):
        # Its key's window is asked for this time: it must be the leaf's own.
        raise Broken("the evidence was issued at another time than the leaf was received", leaf.index)


def received_second(leaf: Leaf) -> int:
    """When the leaf was received, in whole seconds since 1970."""
    return int(datetime.fromisoformat(leaf.received_at).timestamp())
