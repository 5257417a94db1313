"""Verification of what the vault has handed out, offline: a proof, an export, a token, or the answer of the POST
(vault.md, "Formats"). The keys come from the caller alone.

Every byte of a proof and of an export counts. They are refused in any other spelling than RFC 8785, with any unknown
member, and where they show something that no hash and no signature vouches for.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, BinaryIO, cast

from tillvault.vault import canonical, evidence, merkle, notes
from tillvault.vault.entries import (
    Broken,
    Chain,
    check_content,
    check_envelope,
    check_evidence,
    check_raw,
    received_second,
    same,
)
from tillvault.vault.formats import EXPORT, PROOF
from tillvault.vault.jwk import KeyRefused, PublicKeys, parse_jwks
from tillvault.vault.leaves import KEY, TICKET, Leaf, LeafRefused, leaf_hash, parse_leaf
from tillvault.vault.notes import Checkpoint

_LINE_BYTES_MAX = 16 * 2**20
"""No line of an export and no other document is longer; far above a ticket of the largest size."""
_PROGRESS_EVERY = 1000
_TOKEN = re.compile(rb"([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)\n?")
_HEADER = re.compile(rb'\{"checkpoint":"[^"\\]*(?:\\.[^"\\]*)*","format":"%s"' % EXPORT.encode())
"""How the first line of an export begins; a proof goes on with its content."""
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)

_PROOF_MEMBERS = {"format", "leaf", "content", "inclusion", "checkpoint"}
_HEADER_MEMBERS = {"format", "origin", "size", "root", "checkpoint", "jwks"}
_LINE_MEMBERS = {"index", "leaf", "content"}
_ANSWER_MEMBERS = {"id", "tenant", "sha256_hex", "ledger_hash", "evidence_jws", "created_at"}
"""pos-tickets-api.md, "Réponse"; a 200 may add `metadata_mismatch`."""

Progress = Callable[[int, int], None]
"""Called with the entries done and all entries of an export."""


class Kind(StrEnum):
    PROOF = "proof"
    EXPORT = "export"
    EVIDENCE = "evidence"
    CHECKPOINT = "checkpoint"
    ANSWER = "answer"


class Outcome(StrEnum):
    HOLDS = "holds"
    BROKEN = "broken"
    UNCHECKED = "unchecked"
    """There was nothing to check it with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came out. `reason` and, where one is to be named, the first wrong `index` when it does not hold."""

    outcome: Outcome
    kind: Kind | None = None
    """Of a document that holds; of what is broken it can only be guessed."""
    reason: str | None = None
    index: int | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    """What is proven, in words of the contract: document, ledger position, tenant, times, sizes."""
    unproven: tuple[str, ...] = ()
    """Members of an answer that no signature covers."""

    @property
    def holds(self) -> bool:
        return self.outcome is Outcome.HOLDS


def verify_document(
    document: bytes | BinaryIO, jwks: bytes | Mapping[str, Any], progress: Progress | None = None
) -> Verdict:
    """The verdict on a document of any kind. An export is read as a stream, in constant memory.

    `jwks` is the trusted JWK set, as text or parsed; without a usable one the outcome is UNCHECKED.
    """
    try:
        keys = parse_jwks(canonical.parse_strict(jwks) if isinstance(jwks, bytes) else dict(jwks))
    except (KeyRefused, canonical.ParseRefused, canonical.GuardRefused) as error:
        return Verdict(outcome=Outcome.UNCHECKED, reason=f"The keys cannot be used: {error}")
    if not keys.evidence and not keys.notes:
        return Verdict(outcome=Outcome.UNCHECKED, reason="There is no key to verify with.")
    stream = io.BytesIO(document) if isinstance(document, bytes) else document
    try:
        return _verify(stream, keys, progress)
    except Broken as error:
        return Verdict(outcome=Outcome.BROKEN, reason=error.reason, index=error.index)


def _verify(stream: BinaryIO, keys: PublicKeys, progress: Progress | None) -> Verdict:
    """Know the document, then check it. Only an export has to be known by its first line; all else fits into memory."""
    first = stream.readline(_LINE_BYTES_MAX)
    if _HEADER.match(first):
        return _verify_export(first, stream, keys, progress)
    data = first + stream.read(_LINE_BYTES_MAX)
    if token := _TOKEN.fullmatch(data):
        return _verify_token(token[1].decode(), keys)
    value = _parsed(data)
    if value.get("format") == PROOF:
        return _verify_proof(data, value, keys)
    if "format" not in value and "evidence_jws" in value:
        return _verify_answer(value, keys)
    raise Broken("neither a proof nor an export, a token or the answer to a ticket")


# Proofs -------------------------------------------------------------------------------------------------------------


def _verify_proof(data: bytes, value: dict[str, Any], keys: PublicKeys) -> Verdict:
    _refuse_other_spelling(data, value)
    leaf = _leaf(_text(value, "leaf"))
    digest = leaf_hash(value["leaf"].encode())
    _check_entry(leaf, digest.hex(), value, keys, _PROOF_MEMBERS, shows_raw=False)
    checkpoint = _checkpoint(_text(value, "checkpoint"), keys, received_second(leaf))
    if checkpoint.origin != leaf.log:
        raise Broken("the checkpoint is of another log than the leaf", leaf.index)
    inclusion = _object(value, "inclusion")
    _refuse_members(inclusion, {"index", "tree_size", "hashes"})
    if not same(inclusion["index"], leaf.index) or not same(inclusion["tree_size"], checkpoint.size):
        raise Broken("the inclusion proof is of another leaf or tree than the leaf and the checkpoint", leaf.index)
    try:
        merkle.verify_inclusion(
            index=leaf.index,
            size=checkpoint.size,
            leaf_hash=digest,
            proof=_hashes(inclusion["hashes"]),
            root=checkpoint.root,
        )
    except merkle.ProofRefused as error:
        raise Broken(str(error), leaf.index) from error
    facts = _facts(leaf) | {"tree_size": checkpoint.size, "root": checkpoint.root.hex()}
    return Verdict(outcome=Outcome.HOLDS, kind=Kind.PROOF, facts=facts)


def _check_entry(
    leaf: Leaf, digest: str, value: dict[str, Any], keys: PublicKeys, members: set[str], *, shows_raw: bool
) -> None:
    """Content, envelope, raw body and evidence of an entry, as far as its kind has them."""
    is_ticket = leaf.type == TICKET
    own = {"envelope", "evidence_jws", *({"raw"} if shows_raw else ())} if is_ticket else set[str]()
    _refuse_members(value, members | own, optional=set() if is_ticket else {"evidence_jws"})
    content, content_text = _object(value, "content"), canonical.jcs(value["content"])
    check_content(leaf, content_text)
    if is_ticket:
        envelope, envelope_text = _object(value, "envelope"), canonical.jcs(value["envelope"])
        check_envelope(leaf, envelope_text, envelope, content)
        if shows_raw:
            raw = _raw(_text(value, "raw"))
            check_raw(leaf, raw, content=content_text, envelope_text=envelope_text, salt=envelope["salt"])
    if "evidence_jws" in value:
        check_evidence(leaf, digest, _text(value, "evidence_jws"), keys)


# Exports ------------------------------------------------------------------------------------------------------------


def _verify_export(first: bytes, stream: BinaryIO, keys: PublicKeys, progress: Progress | None) -> Verdict:
    header = _line(first)
    _refuse_members(header, _HEADER_MEMBERS)
    checkpoint = _checkpoint(_text(header, "checkpoint"), keys)
    shown = {"format": EXPORT, "origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    if not all(same(header[name], value) for name, value in shown.items()):
        raise Broken("the header says something else than its checkpoint")
    _compare_keys(header["jwks"], keys)
    chain, last = Chain(checkpoint.origin), 0
    for index in range(checkpoint.size):
        line = stream.readline(_LINE_BYTES_MAX)
        if not line:
            raise Broken(f"the export ends after {index} of {checkpoint.size} entries", index)
        try:
            last = _verify_line(_line(line), chain, keys)
        except Broken as error:
            # What a line cannot say for itself is its place.
            raise Broken(error.reason, index) from error
        if progress and (index + 1) % _PROGRESS_EVERY == 0:
            progress(index + 1, checkpoint.size)
    if stream.read(1):
        raise Broken(f"the export goes on after its {checkpoint.size} entries", checkpoint.size)
    if chain.root() != checkpoint.root:
        raise Broken("the leaves do not lead to the root of the checkpoint")
    _checkpoint(header["checkpoint"], keys, last)
    if progress:
        progress(checkpoint.size, checkpoint.size)
    facts = {**shown, "streams": dict(sorted(chain.streams.items()))}
    return Verdict(outcome=Outcome.HOLDS, kind=Kind.EXPORT, facts=facts)


def _verify_line(value: dict[str, Any], chain: Chain, keys: PublicKeys) -> int:
    """Gives the second in which the entry was received."""
    leaf, digest = chain.add(_text(value, "leaf"))
    if not same(value.get("index"), leaf.index):
        raise Broken("the line says another index than its leaf")
    _check_entry(leaf, digest, value, keys, _LINE_MEMBERS, shows_raw=True)
    if leaf.type == KEY:
        chain.change_key(leaf, canonical.jcs(value["content"]))
    elif "evidence_jws" in value:
        chain.check_signer(leaf, value["evidence_jws"])
    return received_second(leaf)


def _compare_keys(value: Any, keys: PublicKeys) -> None:
    """The keys that an export shows are trusted ones, and show nothing that those do not."""
    if not isinstance(value, dict) or cast("dict[str, Any]", value).keys() != {"keys"}:
        raise Broken("the export's keys are not a JWK set")
    try:
        parse_jwks(value)
    except KeyRefused as error:
        raise Broken(f"the export's keys cannot be used: {error}") from error
    for jwk in cast("list[dict[str, Any]]", value["keys"]):
        trusted = keys.shown.get(str(jwk.get("kid")))
        if trusted is None or not all(name in trusted and same(trusted[name], item) for name, item in jwk.items()):
            raise Broken("the export shows a key that is not among the given ones, or shows it otherwise")


# Tokens and answers -------------------------------------------------------------------------------------------------


def _verify_token(token: str, keys: PublicKeys) -> Verdict:
    claims = _claims(token, keys)
    match claims.keys():
        case evidence.EVIDENCE_CLAIMS:
            kind = Kind.EVIDENCE
        case evidence.CHECKPOINT_CLAIMS:
            kind = Kind.CHECKPOINT
        case _:
            raise Broken("the token has neither the claims of evidence nor those of a checkpoint")
    return Verdict(outcome=Outcome.HOLDS, kind=kind, facts=claims)


def _verify_answer(value: dict[str, Any], keys: PublicKeys) -> Verdict:
    _refuse_members(value, _ANSWER_MEMBERS, optional={"metadata_mismatch"})
    claims = _claims(_text(value, "evidence_jws"), keys)
    if claims.keys() != evidence.EVIDENCE_CLAIMS:
        raise Broken("the token has other claims than evidence")
    for name, claim in (
        ("id", "sub"),
        ("tenant", "tenant"),
        ("sha256_hex", "content_sha256"),
        ("ledger_hash", "ledger"),
    ):
        if not same(value[name], claims[claim]):
            raise Broken(f"`{name}` is not what the evidence says")
    unproven = {"metadata_mismatch"} & value.keys()
    try:
        created_at = datetime.fromisoformat(_text(value, "created_at"))
    except ValueError as error:
        raise Broken("`created_at` is not a time") from error
    if created_at.tzinfo is None or int(created_at.timestamp()) != claims["iat"]:
        raise Broken("`created_at` is not what the evidence says")
    if created_at.microsecond:
        unproven.add("created_at")
    return Verdict(outcome=Outcome.HOLDS, kind=Kind.ANSWER, facts=claims, unproven=tuple(sorted(unproven)))


def _claims(token: str, keys: PublicKeys) -> dict[str, Any]:
    try:
        return evidence.verify(token, keys)
    except evidence.EvidenceRefused as error:
        raise Broken(str(error)) from error


# Parts --------------------------------------------------------------------------------------------------------------


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        return canonical.parse_strict(data)
    except (canonical.ParseRefused, canonical.GuardRefused) as error:
        raise Broken(f"not strict JSON: {error}") from error


def _refuse_other_spelling(data: bytes, value: dict[str, Any]) -> None:
    try:
        written = canonical.jcs(value)
    except ValueError as error:
        raise Broken("not in RFC 8785 form") from error
    if written != data:
        raise Broken("not in RFC 8785 form")


def _line(line: bytes) -> dict[str, Any]:
    if not line.endswith(b"\n"):
        raise Broken("the line does not end")
    value = _parsed(line[:-1])
    _refuse_other_spelling(line[:-1], value)
    return value


def _refuse_members(value: dict[str, Any], required: set[str], *, optional: set[str] | None = None) -> None:
    if missing := required - value.keys():
        raise Broken(f"`{min(missing)}` is missing")
    if unknown := value.keys() - required - (optional or set()):
        raise Broken(f"there is a member that does not belong here: {min(unknown)[:40]!a}")


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise Broken(f"`{name}` is missing or not a text")
    return text


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Broken(f"`{name}` is missing or not an object")
    return cast("dict[str, Any]", found)


def _hashes(value: Any) -> list[bytes]:
    texts = cast("list[Any]", value) if isinstance(value, list) else [value]
    if not all(isinstance(text, str) and _HASH.fullmatch(text) for text in texts):
        raise Broken("the inclusion proof does not consist of hashes in lower-case hex")
    return [bytes.fromhex(text) for text in texts]


def _raw(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Broken("the raw body is not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise Broken("the raw body is not in canonical base64")
    return raw


def _leaf(text: str) -> Leaf:
    try:
        return parse_leaf(text)
    except LeafRefused as error:
        raise Broken(str(error)) from error


def _checkpoint(note: str, keys: PublicKeys, received: int | None = None) -> Checkpoint:
    """A note says no time, but it was signed after the leaves of its tree were received: a key that was retired before
    the second of `received` has not signed it."""
    try:
        found = notes.verify_checkpoint(note, keys.notes.values())
    except notes.NoteRefused as error:
        raise Broken(f"the checkpoint does not hold: {error}") from error
    if received is not None:
        try:
            notes.verify_checkpoint(note, keys.notes_after(received))
        except notes.NoteRefused as error:
            raise Broken("the checkpoint is by a key that was retired before its leaves were received") from error
    return found


def _facts(leaf: Leaf) -> dict[str, Any]:
    return {
        "id": leaf.document_id,
        "type": leaf.type,
        "tenant": leaf.tenant,
        "ledger_hash": leaf.ledger_hash,
        "index": leaf.index,
        "received_at": leaf.received_at,
        "sha256_hex": leaf.content_sha256,
    }
