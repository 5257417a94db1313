"""A ledger in memory, made as the vault makes it, for tests of what leaves the vault."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tillvault.vault import canonical, evidence, formats, jwk, leaves, merkle, notes
from tillvault.vault.jwk import EvidenceKey, NoteKey
from tillvault.vault.leaves import Leaf
from tillvault.vault.notes import Checkpoint

ORIGIN = "tillvault.local/laplatine"
KEY = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
NOTE_KEY = NoteKey(ed25519.Ed25519PrivateKey.generate())
JWKS = jwk.jwks([KEY.public_jwk, NOTE_KEY.public_jwk])


@dataclass
class Entry:
    leaf: bytes
    content: bytes
    envelope: bytes | None
    raw: bytes | None
    token: str | None


@dataclass
class Log:
    """Grown entry by entry: `Log().ticket().event()`."""

    entries: list[Entry] = field(default_factory=list[Entry])
    counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def hashes(self) -> list[bytes]:
        return [leaves.leaf_hash(entry.leaf) for entry in self.entries]

    def add(self, kind: str, stream: str, content: bytes, *, log: str = ORIGIN, **hashes: str) -> Leaf:
        self.counts[stream] = self.counts.get(stream, 0) + 1
        index = len(self.entries)
        return Leaf(
            type=kind,
            log=log,
            index=index,
            stream=stream,
            stream_seq=self.counts[stream],
            document_id=f"00000000-0000-7000-8000-{index:012d}",
            content_sha256=sha256(content).hexdigest(),
            received_at=f"2026-11-20T10:42:{index:02d}.123456Z",
            prev=self.hashes[-1].hex() if index else leaves.NO_PREV,
            **hashes,
        )

    def ticket(self, raw_kept: bytes | None = None, **changes: Any) -> Log:
        number = len(self.entries) + 1
        body: dict[str, Any] = {
            "tenant": "laplatine",
            "source_model": "pos.order",
            "source_id": f"POS/{number}",
            "pos_session": "SESSION/1",
            "total_incl_tax": 12.5,
            "cashier": "Verena",
            "ticket": {"lines": [{"product": "Crêpe 😀", "price": 3.5, "note": None}], "n": number * 1.0},
        } | changes
        raw = raw_kept or json.dumps(body, indent=1).encode()
        salt = f"{number:032x}"
        content, _ = canonical.identity(body["pos_session"], body["source_id"], body["ticket"])
        envelope = leaves.envelope(body, salt=salt)
        sums = [sha256(data).hexdigest() for data in (envelope, raw)]
        leaf = self.add(leaves.TICKET, leaves.POS, content, envelope_sha256=sums[0], raw_sha256=sums[1])
        text = leaves.leaf_text(leaf)
        token = evidence.sign(KEY, evidence.evidence_claims(leaf, leaves.leaf_hash(text).hex()))
        self.entries.append(Entry(text, content, envelope, raw, token))
        return self

    def event(self) -> Log:
        content = canonical.canonicalise({"event": "key_rotated", "kid": KEY.kid})
        leaf = self.add(leaves.EVENT, "EVENT", content)
        self.entries.append(Entry(leaves.leaf_text(leaf), content, None, None, None))
        return self

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, merkle.root_of_leaves(self.hashes[:size]))

    def proof(self, index: int) -> bytes:
        hashes = self.hashes
        size = len(hashes)

        def hash_at(level: int, node: int) -> bytes:
            return merkle.root_of_leaves(hashes[node << level : (node + 1) << level])

        entry = self.entries[index]
        return formats.proof_text(
            leaf=entry.leaf,
            content=entry.content,
            envelope=entry.envelope,
            index=index,
            tree_size=size,
            hashes=merkle.inclusion_proof(index, size, hash_at),
            checkpoint=notes.sign_checkpoint(self.checkpoint(), NOTE_KEY),
            evidence_jws=entry.token,
        )

    def export(self, *, size: int | None = None, jwks: dict[str, Any] = JWKS) -> bytes:
        checkpoint = self.checkpoint(size)
        lines = [formats.export_header(checkpoint, notes.sign_checkpoint(checkpoint, NOTE_KEY), jwks)]
        for index, entry in enumerate(self.entries):
            lines.append(
                formats.export_line(
                    index=index,
                    leaf=entry.leaf,
                    content=entry.content,
                    envelope=entry.envelope,
                    raw=entry.raw,
                    evidence_jws=entry.token,
                )
            )
        return b"".join(lines)
