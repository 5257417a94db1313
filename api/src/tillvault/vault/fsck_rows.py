"""Checks of what is stored of single leaves: the judge, which says what is wrong, and a quick way, which only ever says
that nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from asyncpg import Record as Row

from tillvault.vault import canonical, evidence, key_leaves, leaves, merkle
from tillvault.vault.entries import Broken, Chain, check_content, check_envelope, check_evidence
from tillvault.vault.fsck_scan import scan
from tillvault.vault.jwk import PublicKeys
from tillvault.vault.leaves import KEY, TICKET, Leaf

_SALT = re.compile(rb'"salt":"([0-9a-f]{32})"')
"""No string of a canonical text holds these quotes without a backslash before them."""
_MEMBERS = frozenset({*leaves.ENVELOPE_FIELDS, "ticket"})

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
    """Makes anew all that is stored of tickets and compares it, text by text, with what is stored.

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

    def proves(self, rows: Sequence[Row]) -> bool:
        """Whether all rows are tickets', follow and hold: then the chain has moved on. False says nothing yet."""
        chain, number = self.chain, len(rows)
        first = chain.streams.get(leaves.POS, 0) + 1
        indices, streams, seqs, texts, hashes, _, ids, schemes, *tickets = zip(*rows, strict=True)
        identities, sources, sessions, envelopes, raws, ledger_hashes, tokens, times = tickets
        if (
            None in ids
            or {*streams} != {leaves.POS}
            or {*schemes} != {canonical.SCHEME}
            or indices != (*range(chain.size, chain.size + number),)
            or seqs != (*range(first, first + number),)
            or [*ledger_hashes] != [f"LEDGER:{leaves.POS}:{seq:08d}" for seq in seqs]
        ):
            return False
        described = [envelope.encode() for envelope in envelopes]
        contents = contents_of(raws, described, sources, sessions, self.tenant)
        if contents is None:
            return False
        identified = [sha256(content).hexdigest() for content in contents]
        if identified != [identity.hex() for identity in identities]:
            return False
        return self._follow(zip(seqs, texts, hashes, ids, identified, described, raws, tokens, times, strict=True))

    def _follow(self, tickets: Iterable[tuple[Any, ...]]) -> bool:
        """Whether the leaves are those of the tickets, one after the other."""
        chain = self.chain
        origin, index, prev, received_at, seq = chain.origin, chain.size, chain.prev, chain.received_at, 0
        for seq, stored, stored_hash, identifier, identity, envelope, raw, token, received in tickets:
            if received != self.received:
                self.received, self.received_at = received, leaves.moment(received)
                self.received_second = int(received.timestamp())
            text = (
                f'{{"content_sha256":"{identity}","document_id":"{identifier}"'
                f',"envelope_sha256":"{sha256(envelope).hexdigest()}","index":{index},"log":"{origin}"'
                f',"prev":"{prev}","raw_sha256":"{sha256(raw).hexdigest()}","received_at":"{self.received_at}"'
                f',"stream":"{leaves.POS}","stream_seq":{seq},"type":"{TICKET}","v":{leaves.VERSION}}}'
            )
            if text != stored or self.received_at < received_at or merkle.hash_leaf(text.encode()) != stored_hash:
                return False
            digest = stored_hash.hex()
            if self.keys is not None:
                claims = self._claims(identifier, index, seq, identity, prev, digest)
                if not self._is_evidence(token, claims, self.keys):
                    return False
            index, prev, received_at = index + 1, digest, self.received_at
        chain.size, chain.prev, chain.received_at, chain.streams[leaves.POS] = index, prev, received_at, seq
        return True

    def _claims(self, identifier: str, index: int, seq: int, identity: str, prev: str, digest: str) -> str:
        return (
            f'{{"content_sha256":"{identity}","iat":{self.received_second},"index":{index}'
            f',"iss":"{self.issuer}","leaf_hash":"{digest}","ledger":"{leaves.ledger_hash(leaves.POS, seq)}"'
            f',"prev":"{prev}","sub":"{identifier}","tenant":"{self.tenant}"}}'
        )

    def _is_evidence(self, token: str, claims: str, keys: PublicKeys) -> bool:
        kid = evidence.signer_of_exactly(token, claims.encode(), keys, issued_at=self.received_second)
        return kid is not None and self.chain.signers.setdefault(key_leaves.EVIDENCE, kid) == kid


def contents_of(
    raws: Sequence[bytes],
    envelopes: Sequence[bytes],
    sources: Sequence[str],
    sessions: Sequence[str | None],
    tenant: str,
) -> list[bytes] | None:
    """What identifies the tickets, from their raw bodies, if those are the envelopes' and the columns' as well."""
    salts: list[bytes] = _SALT.findall(b"\n".join(envelopes))
    if len(salts) != len(envelopes):
        return None
    contents: list[bytes] = []
    colons = _Colons()
    tickets = zip(raws, *scan(raws), envelopes, salts, sources, sessions, strict=True)
    try:
        for raw, is_exact, is_settled, envelope, salt, source, session in tickets:
            body: dict[str, Any]
            if is_exact:
                body, settled = orjson.loads(raw), is_settled
                colons.sent.append(raw)
            else:
                body, _, settled = canonical.read(raw)
            if (
                type(body) is not dict
                or type(body.get("ticket")) is not dict
                or body.get("source_id") != source
                or body.get("pos_session") != session
                or body.get("tenant") != tenant
            ):
                return None
            if is_exact and is_settled and _MEMBERS.issuperset(body):
                made, content = _taken_apart(body, salt.decode(), source, session, colons)
            else:
                if is_exact:
                    colons.written.append(orjson.dumps(body))
                made = leaves.envelope(body, salt=salt.decode(), settled=settled)
                content = canonical.identity(session, source, body["ticket"], settled=settled)[0]
            if made != envelope:
                return None
            contents.append(content)
    except ValueError:
        return None
    return contents if colons.agree() else None


@dataclass(slots=True)
class _Colons:
    """Show that no key stands twice in any of many bodies: of equal keys the parser keeps the last, so that fewer
    colons are written than were sent, and never more."""

    sent: list[bytes] = field(default_factory=list[bytes])
    written: list[bytes] = field(default_factory=list[bytes])
    twice: list[str] = field(default_factory=list[str])
    """Values of members that are written in two places."""
    added: int = 0
    """Members that were not sent."""

    def agree(self) -> bool:
        written = b"".join(self.written).count(b":") - "".join(self.twice).count(":") - len(self.twice) - self.added
        return b"".join(self.sent).count(b":") == written


def _taken_apart(
    body: dict[str, Any], salt: str, source: str, session: str | None, colons: _Colons
) -> tuple[bytes, bytes]:
    """Envelope and content of a ticket that `scan` has found settled and that has no other members than those."""
    preimage: dict[str, Any] = {"source_id": source, "ticket": body.pop("ticket")}
    colons.twice.append(source)
    if session is not None:
        preimage["pos_session"] = session
        colons.twice.append(session)
    content = canonical.canonicalise_settled(preimage)
    if "source_system" not in body:
        body["source_system"] = leaves.SOURCE_SYSTEM_DEFAULT
        colons.added += 1
    body["salt"] = salt
    colons.added += 1
    made = canonical.canonicalise_settled(body)
    colons.written += (content, made)
    return made, content
