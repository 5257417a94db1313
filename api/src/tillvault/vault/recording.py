"""Bodies that are no tickets, written into the log whose head the transaction holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.vault import appending, bodies, key_queries, queries
from tillvault.vault.domain import Head


async def append(
    db: Connection, head: Head, texts: Sequence[bytes], *, kind: str, stream: str, signs_next: str | None = None
) -> None:
    """Append canonical bodies to a stream of the log. `signs_next` is the key that signs its evidence from then on."""
    after, rows, grown = bodies.record(head, texts, kind=kind, stream=stream, now=utc_now(), new_id=new_id)
    started = appending.started_tiles(head.edge.size, after.edge.size)
    kept = {tile: await queries.earlier_hashes(db, tile) for tile in started}
    tiles = appending.complete_tiles(head.edge, after.edge, grown, kept)
    after = replace(after, evidence_kid=signs_next or head.evidence_kid)
    await key_queries.append(db, after, stream, rows, tiles)
