"""Evidence: what the vault says of a leaf, signed (vault.md, "Evidence"), and checkpoints as tokens.

Compact JWS (RFC 7515) by hand over cryptography: one algorithm, one header, nothing to negotiate. The verifier pins
ES256 whatever the header says, takes the key from the caller's set alone and ignores `jku`, `jwk` and `x5u`.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from tillvault.vault.canonical import GuardRefused, ParseRefused, jcs, parse_strict
from tillvault.vault.jwk import EvidenceKey, PublicKeys, base64url, from_base64url
from tillvault.vault.leaves import Leaf
from tillvault.vault.notes import Checkpoint

_ALGORITHM = "ES256"
_NUMBER_BYTES = 32
_TOKEN_LENGTH_MAX = 8192
# RFC 6979: the same leaf gets the same evidence, and no weak random number can give the key away.
_SIGNS = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_VERIFIES = ec.ECDSA(hashes.SHA256())

EVIDENCE_CLAIMS = frozenset({"iss", "sub", "iat", "tenant", "ledger", "index", "leaf_hash", "content_sha256", "prev"})
CHECKPOINT_CLAIMS = frozenset({"iss", "iat", "origin", "size", "root"})


class EvidenceRefused(ValueError):
    """A token that is not evidence of a trusted key."""


def bound_claims(leaf: Leaf, leaf_hash: str) -> dict[str, Any]:
    """The claims that follow from a leaf and its hash in hex: all but `iss` and `iat`."""
    return {
        "sub": leaf.document_id,
        "tenant": leaf.tenant,
        "ledger": leaf.ledger_hash,
        "index": leaf.index,
        "leaf_hash": leaf_hash,
        "content_sha256": leaf.content_sha256,
        "prev": leaf.prev,
    }


def evidence_claims(leaf: Leaf, leaf_hash: str) -> dict[str, Any]:
    """The claims of a leaf's evidence: issued by the vault that the log's origin names, at the second of receipt."""
    issued_at = int(datetime.fromisoformat(leaf.received_at).timestamp())
    return bound_claims(leaf, leaf_hash) | {"iss": leaf.log.rpartition("/")[0], "iat": issued_at}


def checkpoint_claims(checkpoint: Checkpoint, *, issuer: str, issued_at: int) -> dict[str, Any]:
    """A checkpoint's claims; `issued_at` in seconds since 1970, the root in hex."""
    return {
        "iss": issuer,
        "iat": issued_at,
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
    }


@lru_cache(maxsize=16)
def _header(kid: str) -> str:
    return base64url(jcs({"alg": _ALGORITHM, "typ": "JWT", "kid": kid}))


def sign(key: EvidenceKey, claims: dict[str, Any]) -> str:
    """A compact JWS with the claims in RFC 8785 form; the same bytes for the same claims and key."""
    signed = f"{_header(key.kid)}.{base64url(jcs(claims))}"
    r, s = decode_dss_signature(key.private.sign(signed.encode(), _SIGNS))
    return f"{signed}.{base64url(r.to_bytes(_NUMBER_BYTES, 'big') + s.to_bytes(_NUMBER_BYTES, 'big'))}"


def verify(token: str, keys: PublicKeys) -> dict[str, Any]:
    """The claims of a token signed by a trusted key. Raises EvidenceRefused for anything else."""
    if len(token) > _TOKEN_LENGTH_MAX:
        raise EvidenceRefused("the token is too long")
    try:
        header_part, claims_part, signature_part = token.split(".")
        header = parse_strict(from_base64url(header_part))
        claims = parse_strict(from_base64url(claims_part))
        signature = from_base64url(signature_part)
    except (ValueError, ParseRefused, GuardRefused) as error:
        raise EvidenceRefused("the token is not a compact JWS of JSON objects") from error
    if header.get("alg") != _ALGORITHM or header.get("typ") != "JWT" or "crit" in header or "b64" in header:
        raise EvidenceRefused("the token is not signed as ES256 over a JWT")
    kid = header.get("kid")
    key = keys.evidence.get(kid) if isinstance(kid, str) else None
    if key is None or not isinstance(kid, str):
        raise EvidenceRefused("the token names a key that is not among the given ones")
    if len(signature) != 2 * _NUMBER_BYTES:
        raise EvidenceRefused(f"the token's signature has {len(signature)} bytes instead of {2 * _NUMBER_BYTES}")
    r, s = (int.from_bytes(part, "big") for part in (signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), f"{header_part}.{claims_part}".encode(), _VERIFIES)
    except InvalidSignature as error:
        raise EvidenceRefused("the token's signature is not that of the key it names") from error
    if not keys.windows[kid].holds(claims.get("iat")):
        raise EvidenceRefused("the token was issued at a time outside the window of the key it names")
    return claims


def signer_of_exactly(token: str, claims: bytes, keys: PublicKeys, *, issued_at: int) -> str | None:
    """The `kid` of the trusted key that signed just these claims, spelled as `sign` does, with `issued_at` as their
    `iat`. None does not say that the token is wrong: `verify` says why, or that it holds in another spelling."""
    head, _, signature_part = token.rpartition(".")
    header_part, _, claims_part = head.partition(".")
    kid = next((kid for kid in keys.evidence if _header(kid) == header_part), None)
    if kid is None or claims_part != base64url(claims) or not keys.windows[kid].holds(issued_at):
        return None
    try:
        signature = from_base64url(signature_part)
        r, s = (int.from_bytes(part, "big") for part in (signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]))
        keys.evidence[kid].verify(encode_dss_signature(r, s), head.encode(), _VERIFIES)
    except (ValueError, InvalidSignature):
        return None
    return kid if len(signature) == 2 * _NUMBER_BYTES else None


def signer_of(token: str) -> str:
    """The `kid` that a verified token names."""
    return _kid_in(token.partition(".")[0])


@lru_cache(maxsize=16)
def _kid_in(header_part: str) -> str:
    return str(parse_strict(from_base64url(header_part))["kid"])
