"""Checks of what is stored of single leaves: the judge, which says what is wrong, and a quick way, which only ever says
that nothing is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from tillvault.core.db import Row
from tillvault.vault import canonical, evidence, key_leaves, leaves
from tillvault.vault.entries import Broken, Chain, check_content, check_envelope, check_evidence
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.leaves import KEY, TICKET, Leaf

_SALT = re.compile(rb'"salt":"([0-9a-f]{32})"')
"""No string of a canonical text holds these quotes without a backslash before them."""

# The judge ----------------------------------------------------------------------------------------------------------


def check_page(chain: Chain, page: Sequence[Row], keys: PublicKeys | None) -> tuple[list[bytes], Broken | None]:
    """The leaf hashes up to the first entry that does not hold, and why that one does not."""
    hashes: list[bytes] = []
    for row in page:
        expected = chain.size
        try:
            check_row(chain, row, keys)
        except Broken as broken:
            return hashes, Broken(broken.reason, expected)
        hashes.append(row["leaf_hash"])
    return hashes, None


def check_row(chain: Chain, row: Row, keys: PublicKeys | None) -> None:
    if row["index"] != chain.size:
        raise Broken(f"the leaf is missing: index {row['index']} comes next")
    if leaves.leaf_hash(row["leaf"].encode()) != row["leaf_hash"]:
        raise Broken("the leaf is not the one whose hash is stored beside it")
    leaf, digest = chain.add(row["leaf"])
    if (row["stream"], row["stream_seq"]) != (leaf.stream, leaf.stream_seq):
        raise Broken("the leaf stands at another position of its stream than it says")
    if leaf.type == TICKET:
        _check_ticket(leaf, row)
        if keys is not None:
            check_evidence(leaf, digest, row["evidence_jws"], keys)
            chain.check_signer(leaf, row["evidence_jws"])
    elif row["content"] is None or row["id"] is not None:
        raise Broken("the leaf is not a ticket's, but has no content or a ticket beside it")
    else:
        content = row["content"].encode()
        check_content(leaf, content)
        if leaf.type == KEY:
            chain.change_key(leaf, content)


def _check_ticket(leaf: Leaf, row: Row) -> None:
    """A ticket anew from its raw body, read once."""
    if row["id"] is None:
        raise Broken("the ticket is missing")
    raw: bytes = row["raw"]
    if sha256(raw).hexdigest() != leaf.raw_sha256:
        raise Broken("the raw body is not the one whose hash the leaf holds")
    if sha256(row["envelope"].encode()).hexdigest() != leaf.envelope_sha256:
        raise Broken("the envelope is not the one whose hash the leaf holds")
    try:
        reading = canonical.read(raw)
        body = reading.body
        content, identity = canonical.identity(
            body.get("pos_session"), body["source_id"], body["ticket"], settled=reading.settled
        )
        envelope: dict[str, Any] = orjson.loads(row["envelope"])
        described = leaves.envelope(body, salt=str(envelope.get("salt")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Broken("the raw body is not a ticket, or the envelope none of a ticket") from error
    if identity != leaf.content_sha256:
        check_content(leaf, content)
    check_envelope(leaf, described, envelope, body)
    columns = {
        "id": leaf.document_id,
        "scheme": canonical.SCHEME,
        "sha256": bytes.fromhex(identity),
        "source_id": body["source_id"],
        "pos_session": body.get("pos_session"),
        "ledger_hash": leaf.ledger_hash,
    }
    for name, true in columns.items():
        if row[name] != true:
            raise Broken(f"`{name}` of the ticket is not what its leaf and its raw body say")
    if leaves.moment(row["received_at"]) != leaf.received_at:
        raise Broken("`received_at` of the ticket is not what its leaf says")


# The quick way ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Prover:
    """Makes anew all that is stored of a ticket and compares it, text by text, with what is stored.

    It goes on from where the chain stands, which the judge must have led to its first leaf: that the log has a name,
    and which, is not asked again.
    """

    chain: Chain
    keys: PublicKeys | None
    issuer: str = field(init=False)
    tenant: str = field(init=False)
    received: datetime | None = None
    """Of the leaf before; the tickets of a batch share it."""
    received_at: str = ""
    received_second: int = 0

    def __post_init__(self) -> None:
        self.issuer, _, self.tenant = self.chain.origin.rpartition("/")

    def proves(self, row: Row) -> bool:
        """Whether the row is a ticket's, follows and holds: then the chain has moved on. False says nothing yet."""
        chain = self.chain
        index, stream, seq, leaf, leaf_hash, _, identifier, scheme, *ticket = row
        identity, source, session, envelope, raw, position, token, received = ticket
        ledger_hash = leaves.ledger_hash(stream, seq)
        if (
            (index, stream, seq) != (chain.size, leaves.POS, chain.streams.get(stream, 0) + 1)
            or (scheme, position) != (canonical.SCHEME, ledger_hash)
            or identifier is None
        ):
            return False
        envelope_text = envelope.encode()
        content_sha256 = _content(raw, envelope_text, source, session, self.tenant)
        if content_sha256 is None or content_sha256 != identity.hex():
            return False
        if received != self.received:
            self.received, self.received_at = received, leaves.moment(received)
            self.received_second = int(received.timestamp())
        text = (
            f'{{"content_sha256":"{content_sha256}","document_id":"{identifier}"'
            f',"envelope_sha256":"{sha256(envelope_text).hexdigest()}","index":{index},"log":"{chain.origin}"'
            f',"prev":"{chain.prev}","raw_sha256":"{sha256(raw).hexdigest()}","received_at":"{self.received_at}"'
            f',"stream":"{stream}","stream_seq":{seq},"type":"{TICKET}","v":{leaves.VERSION}}}'
        )
        if text != leaf or self.received_at < chain.received_at or leaves.leaf_hash(text.encode()) != leaf_hash:
            return False
        digest = leaf_hash.hex()
        if self.keys is not None and not self._is_evidence(token, identifier, ledger_hash, content_sha256, digest):
            return False
        chain.prev, chain.received_at = digest, self.received_at
        chain.streams[stream] = seq
        chain.size += 1
        return True

    def _is_evidence(self, token: str, identifier: str, ledger_hash: str, content_sha256: str, digest: str) -> bool:
        chain = self.chain
        claims = (
            f'{{"content_sha256":"{content_sha256}","iat":{self.received_second},"index":{chain.size}'
            f',"iss":"{self.issuer}","leaf_hash":"{digest}","ledger":"{ledger_hash}","prev":"{chain.prev}"'
            f',"sub":"{identifier}","tenant":"{self.tenant}"}}'
        )
        assert self.keys is not None  # noqa: S101  (asked by the caller)
        kid = evidence.signer_of_exactly(token, claims.encode(), self.keys, issued_at=self.received_second)
        return kid is not None and chain.signers.setdefault(key_leaves.EVIDENCE, kid) == kid


def _content(raw: bytes, envelope: bytes, source: str, session: str | None, tenant: str) -> str | None:
    """The identity in hex, from the raw body, if that is the envelope's and the columns' as well."""
    salt = _SALT.search(envelope)
    try:
        reading = canonical.read(raw)
        body = reading.body
        ticket = body.get("ticket")
        if type(ticket) is not dict or body.get("source_id") != source or body.get("pos_session") != session:
            return None
        if salt is None or body.get("tenant") != tenant:
            return None
        if leaves.envelope(body, salt=salt[1].decode(), settled=reading.settled) != envelope:
            return None
        return canonical.identity(session, source, ticket, settled=reading.settled)[1]
    except ValueError:
        return None
