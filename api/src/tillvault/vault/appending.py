"""A batch of tickets to the rows of the ledger: pure, so that it can be tested without a database.

Time, ids, salts and the signature are parameters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tillvault.vault import leaves
from tillvault.vault.domain import Document, Head, Submission
from tillvault.vault.leaves import Leaf
from tillvault.vault.merkle import Edge, Nodes, append
from tillvault.vault.tiles import HEIGHT, WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """A ticket with its leaf."""

    document: Document
    submission: Submission
    index: int
    stream_seq: int
    leaf: str
    leaf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TileRow:
    level: int
    index: int
    hashes: bytes
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """All that one batch writes."""

    head: Head
    tickets: list[TicketRow]
    grown: list[Nodes]


def record(
    head: Head,
    submissions: Sequence[Submission],
    *,
    now: datetime,
    new_id: Callable[[], UUID],
    new_salt: Callable[[], str],
    sign: Callable[[Leaf, str], str],
) -> Appended:
    """Give each ticket its position, leaf and evidence. `received_at` never decreases within a log."""
    received_at = now if head.last_received_at is None else max(now, head.last_received_at)
    moment = leaves.moment(received_at)
    prev = head.last_leaf_hash.hex()
    index, seq = head.edge.size, head.streams.get(leaves.POS, 0)
    rows: list[TicketRow] = []
    for submission in submissions:
        seq += 1
        envelope = leaves.envelope(submission.body, salt=new_salt(), settled=submission.settled)
        document_id = new_id()
        leaf = Leaf(
            type=leaves.TICKET,
            log=head.origin,
            index=index,
            stream=leaves.POS,
            stream_seq=seq,
            document_id=str(document_id),
            content_sha256=submission.sha256.hex(),
            envelope_sha256=hashlib.sha256(envelope).hexdigest(),
            raw_sha256=hashlib.sha256(submission.raw).hexdigest(),
            received_at=moment,
            prev=prev,
        )
        text = leaves.leaf_text(leaf)
        leaf_hash = leaves.leaf_hash(text)
        prev = leaf_hash.hex()
        document = Document(
            id=document_id,
            sha256=submission.sha256,
            ledger_hash=leaf.ledger_hash,
            evidence_jws=sign(leaf, prev),
            envelope=envelope.decode(),
            received_at=received_at,
            is_new=True,
        )
        rows.append(
            TicketRow(
                document=document,
                submission=submission,
                index=index,
                stream_seq=seq,
                leaf=text.decode(),
                leaf_hash=leaf_hash,
            )
        )
        index += 1
    edge, grown = append(head.edge, [row.leaf_hash for row in rows])
    return Appended(
        head=Head(
            origin=head.origin,
            edge=edge,
            last_leaf_hash=rows[-1].leaf_hash,
            streams={**head.streams, leaves.POS: seq},
            last_received_at=received_at,
            evidence_kid=head.evidence_kid,
        ),
        tickets=rows,
        grown=grown,
    )


def started_tiles(before: int, after: int) -> list[tuple[int, int]]:
    """Tiles, as `(level, index)`, that growth from one size to another completes and that have hashes from before."""
    found: list[tuple[int, int]] = []
    level = 0
    while after >> HEIGHT * (level + 1):
        old = before >> HEIGHT * level
        new = after >> HEIGHT * level
        if old % WIDTH and new // WIDTH > old // WIDTH:
            found.append((level, old // WIDTH))
        level += 1
    return found


def grown_by(parts: Sequence[Appended]) -> list[Nodes]:
    """The nodes that became complete with neighbouring batches, as if they were one."""
    joined: dict[int, Nodes] = {}
    for part in parts:
        for nodes in part.grown:
            known = joined.get(nodes.level)
            if known is None:
                joined[nodes.level] = Nodes(nodes.level, nodes.first, [*nodes.hashes])
            else:
                known.hashes.extend(nodes.hashes)
    return list(joined.values())


def complete_tiles(
    before: Edge, after: Edge, grown: Sequence[Nodes], kept: Mapping[tuple[int, int], Sequence[bytes]]
) -> list[TileRow]:
    """The tiles that became complete; `kept` has the earlier hashes of `started_tiles`."""
    nodes = {item.level: item for item in grown}
    tiles: list[TileRow] = []
    level = 0
    while after.size >> HEIGHT * (level + 1):
        old = before.size >> HEIGHT * level
        new = after.size >> HEIGHT * level
        fresh = nodes.get(HEIGHT * level)
        roots = nodes.get(HEIGHT * (level + 1))
        for index in range(old // WIDTH, new // WIDTH):
            assert fresh is not None  # noqa: S101  (a tile becomes complete only by new nodes of its level)
            assert roots is not None  # noqa: S101  (and is then a new node of the level above)
            start = max(index * WIDTH, old)
            hashes = [
                *kept.get((level, index), ()),
                *fresh.hashes[start - fresh.first : (index + 1) * WIDTH - fresh.first],
            ]
            tiles.append(
                TileRow(level=level, index=index, hashes=b"".join(hashes), root=roots.hashes[index - roots.first])
            )
        level += 1
    return tiles


def metadata_mismatch(envelope: Mapping[str, object], submission: Submission) -> tuple[str, ...]:
    """Names of metadata that differ from the stored ones (vault.md, "Intake", step 7)."""
    given: Mapping[str, object] = {"source_system": leaves.SOURCE_SYSTEM_DEFAULT} | {
        name: value for name, value in submission.body.items() if value is not None
    }
    return tuple(name for name in leaves.ENVELOPE_FIELDS if given.get(name) != envelope.get(name))
