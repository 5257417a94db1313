"""What the ledger chains: the text of a leaf, and the envelope of a ticket (vault.md, "Ledger").

A leaf is the RFC 8785 text of its fields. Its members have one order and one spelling, so that it is written and read
with one pattern, and what that pattern does not match is no leaf.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tillvault.vault.canonical import INTEGER_MAX, canonicalise, canonicalise_settled
from tillvault.vault.merkle import HASH_BYTES, hash_leaf

VERSION = 1
NO_PREV = "0" * (2 * HASH_BYTES)
"""`prev` of the first leaf of a log."""

TICKET, KEY, EVENT, Z = "ticket", "key", "event", "z"
POS = "POS"
"""The stream of tickets that are posted."""

SOURCE_SYSTEM_DEFAULT = "odoo_pos"
"""pos-tickets-api.md, "Champs"."""

ENVELOPE_FIELDS = (
    "tenant",
    "source_system",
    "source_model",
    "source_id",
    "pos_session",
    "currency",
    "total_incl_tax",
    "total_excl_tax",
    "cashier",
    "location",
)
"""Beside them the envelope has its `salt`."""


class LeafRefused(ValueError):
    """A text that is no leaf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One entry of a log. Hashes in lower-case hex; `received_at` as text, which orders as time does."""

    type: str
    log: str
    """The origin of the log, `{VAULT_ORIGIN}/{tenant}`."""
    index: int
    """Position in the tree, from 0."""
    stream: str
    stream_seq: int
    """Position in the stream, from 1, without gaps."""
    document_id: str
    content_sha256: str
    envelope_sha256: str | None = None
    """Tickets only, as `raw_sha256`."""
    raw_sha256: str | None = None
    received_at: str
    prev: str
    """The leaf hash of the leaf before."""

    @property
    def ledger_hash(self) -> str:
        return ledger_hash(self.stream, self.stream_seq)

    @property
    def tenant(self) -> str:
        return self.log.rpartition("/")[2]


def ledger_hash(stream: str, stream_seq: int) -> str:
    """The position in a stream as the contract shows it: `LEDGER:POS:00000123`."""
    return f"LEDGER:{stream}:{stream_seq:08d}"


def moment(received_at: datetime) -> str:
    """An aware time as leaves carry it: UTC, always six decimals, `2026-11-20T10:42:01.123456Z`."""
    return received_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def origin(vault_origin: str, tenant: str) -> str:
    """The name of a tenant's log. Raises ValueError for one that could not be a key name of a signed note (C2SP
    signed-note, "Format") or would need escapes in JSON."""
    name = f"{vault_origin}/{tenant}"
    if not _ORIGIN.fullmatch(name):
        raise ValueError(f"{name!r} cannot name a log: letters, digits and . _ ~ : / - only, with a tenant at the end")
    return name


_ORIGIN = re.compile(r"[A-Za-z0-9._~:/-]+/[A-Za-z0-9._~-]+", re.ASCII)
_HASH = "[0-9a-f]{64}"
_COUNT = "(?:0|[1-9][0-9]{0,15})"
_LEAF = re.compile(
    rf'\{{"content_sha256":"(?P<content_sha256>{_HASH})"'
    r',"document_id":"(?P<document_id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"'
    rf'(?:,"envelope_sha256":"(?P<envelope_sha256>{_HASH})")?'
    rf',"index":(?P<index>{_COUNT})'
    rf',"log":"(?P<log>{_ORIGIN.pattern})"'
    rf',"prev":"(?P<prev>{_HASH})"'
    rf'(?:,"raw_sha256":"(?P<raw_sha256>{_HASH})")?'
    r',"received_at":"(?P<received_at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)"'
    r',"stream":"(?P<stream>[A-Z][A-Z0-9_]{0,31})"'
    rf',"stream_seq":(?P<stream_seq>{_COUNT})'
    rf',"type":"(?P<type>{TICKET}|{KEY}|{EVENT}|{Z})"'
    rf',"v":{VERSION}\}}',
    re.ASCII,
)


def leaf_text(leaf: Leaf) -> bytes:
    """The RFC 8785 text of a leaf: what is hashed, stored and shown."""
    envelope = f',"envelope_sha256":"{leaf.envelope_sha256}"' if leaf.envelope_sha256 is not None else ""
    raw = f',"raw_sha256":"{leaf.raw_sha256}"' if leaf.raw_sha256 is not None else ""
    return (
        f'{{"content_sha256":"{leaf.content_sha256}","document_id":"{leaf.document_id}"{envelope}'
        f',"index":{leaf.index},"log":"{leaf.log}","prev":"{leaf.prev}"{raw},"received_at":"{leaf.received_at}"'
        f',"stream":"{leaf.stream}","stream_seq":{leaf.stream_seq},"type":"{leaf.type}","v":{VERSION}}}'
    ).encode()


def parse_leaf(text: str) -> Leaf:
    """The counterpart of `leaf_text`. Raises LeafRefused for any other spelling and for fields that cannot be."""
    found = _LEAF.fullmatch(text)
    if found is None:
        raise LeafRefused("the leaf is not the RFC 8785 text of the fields of a leaf")
    fields: dict[str, Any] = found.groupdict()
    fields["index"], fields["stream_seq"] = int(found["index"]), int(found["stream_seq"])
    leaf = Leaf(**fields)
    if leaf.index > INTEGER_MAX or not 1 <= leaf.stream_seq <= INTEGER_MAX:
        raise LeafRefused("the leaf names a position that cannot be")
    if any((value is None) is (leaf.type == TICKET) for value in (leaf.envelope_sha256, leaf.raw_sha256)):
        raise LeafRefused("a leaf has the hashes of an envelope and of a raw body exactly if it is a ticket's")
    try:
        datetime.fromisoformat(leaf.received_at)
    except ValueError as error:
        raise LeafRefused("the leaf names a time that cannot be") from error
    return leaf


def leaf_hash(text: bytes) -> bytes:
    """The RFC 6962 leaf hash of a leaf's text; in hex it is `prev` of the next leaf."""
    return hash_leaf(text)


def envelope(body: Mapping[str, Any], *, salt: str, settled: bool = False) -> bytes:
    """The canonical form of a ticket's metadata, with defaults filled in, from the body as it was parsed.

    `salt` is 128 random bits in hex: without it a forgotten envelope could be guessed from its hash. `settled` as found
    by `canonical.read` of the body.
    """
    fields = {name: value for name in ENVELOPE_FIELDS if (value := body.get(name)) is not None}
    fields.setdefault("source_system", SOURCE_SYSTEM_DEFAULT)
    fields["salt"] = salt
    return canonicalise_settled(fields) if settled else canonicalise(fields)
