"""Canonical bodies that are no tickets to leaves of the ledger: pure, with time and ids as parameters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tillvault.vault import leaves
from tillvault.vault.domain import Head
from tillvault.vault.leaves import Leaf
from tillvault.vault.merkle import Nodes, append


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyRow:
    """A body with its leaf."""

    index: int
    stream_seq: int
    leaf: str
    leaf_hash: bytes
    content: str


def record(
    head: Head, bodies: Sequence[bytes], *, kind: str, stream: str, now: datetime, new_id: Callable[[], UUID]
) -> tuple[Head, list[BodyRow], list[Nodes]]:
    """The head after the bodies, which are at least one, their rows, and the nodes that became complete.

    `received_at` never decreases within a log.
    """
    received_at = now if head.last_received_at is None else max(now, head.last_received_at)
    prev, seq = head.last_leaf_hash, head.streams.get(stream, 0)
    rows: list[BodyRow] = []
    for index, body in enumerate(bodies, head.edge.size):
        seq += 1
        text = leaves.leaf_text(
            Leaf(
                type=kind,
                log=head.origin,
                index=index,
                stream=stream,
                stream_seq=seq,
                document_id=str(new_id()),
                content_sha256=hashlib.sha256(body).hexdigest(),
                received_at=leaves.moment(received_at),
                prev=prev.hex(),
            )
        )
        prev = leaves.leaf_hash(text)
        rows.append(BodyRow(index=index, stream_seq=seq, leaf=text.decode(), leaf_hash=prev, content=body.decode()))
    edge, grown = append(head.edge, [row.leaf_hash for row in rows])
    after = Head(
        origin=head.origin,
        edge=edge,
        last_leaf_hash=prev,
        streams={**head.streams, stream: seq},
        last_received_at=received_at,
        evidence_kid=head.evidence_kid,
    )
    return after, rows, grown
