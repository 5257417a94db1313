"""What leaves the vault to be checked elsewhere: proofs and exports (vault.md, "Formats"), written here alone.

Both are in RFC 8785 form, an export line by line. What an entry does not have is left out: an entry that is no ticket
has neither `envelope` nor `raw`, and `evidence_jws` only if evidence was issued for it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tillvault.vault.canonical import jcs
from tillvault.vault.notes import Checkpoint

PROOF = "tillvault-proof/1"
EXPORT = "tillvault-export/1"


def proof_text(
    *,
    leaf: bytes,
    content: bytes,
    envelope: bytes | None,
    index: int,
    tree_size: int,
    hashes: Sequence[bytes],
    checkpoint: str,
    evidence_jws: str | None,
) -> bytes:
    """A proof: all that an offline check of one entry needs beside the public keys.

    `leaf`, `content` and `envelope` are the stored bytes, in canonical form already; `checkpoint` is the signed note of
    `tree_size`, `hashes` the RFC 6962 path of `index` in it.
    """
    return _object(
        {
            "checkpoint": jcs(checkpoint),
            "content": content,
            "envelope": envelope,
            "evidence_jws": None if evidence_jws is None else jcs(evidence_jws),
            "format": jcs(PROOF),
            "inclusion": jcs({"index": index, "tree_size": tree_size, "hashes": [value.hex() for value in hashes]}),
            "leaf": jcs(leaf.decode()),
        }
    )


def export_header(checkpoint: Checkpoint, note: str, jwks: Mapping[str, Any]) -> bytes:
    """The first line of an export: the head that the lines below lead to, and the keys that verify it."""
    fields = {
        "format": EXPORT,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
        "checkpoint": note,
        "jwks": dict(jwks),
    }
    return jcs(fields) + b"\n"


def export_line(
    *, index: int, leaf: bytes, content: bytes, envelope: bytes | None, raw: bytes | None, evidence_jws: str | None
) -> bytes:
    """The line of one entry, from the stored bytes."""
    members = {
        "content": content,
        "envelope": envelope,
        "evidence_jws": None if evidence_jws is None else jcs(evidence_jws),
        "index": jcs(index),
        "leaf": jcs(leaf.decode()),
        "raw": None if raw is None else b'"' + base64.b64encode(raw) + b'"',
    }
    return _object(members) + b"\n"


def _object(members: Mapping[str, bytes | None]) -> bytes:
    """An object of values that are JSON text already; names in order, plain."""
    return b"{" + b",".join(b'"%s":%s' % (name.encode(), text) for name, text in members.items() if text) + b"}"
