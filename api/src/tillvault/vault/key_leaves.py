"""A change of keys in the ledger: the body of a leaf of the stream `KEY` (vault.md, "Ledger" and "Evidence").

From such a leaf on, the evidence of a log is by the new key alone: the position in the log says so, not a clock.
"""

from __future__ import annotations

from collections.abc import Mapping

from tillvault.vault import jwk
from tillvault.vault.canonical import GuardRefused, ParseRefused, canonicalise, parse_strict

STREAM = "KEY"
EVIDENCE, CHECKPOINT = "evidence", "checkpoint"
USES = (EVIDENCE, CHECKPOINT)
"""What a key is for: evidence is ES256 by a P-256 key, checkpoints are signed by an Ed25519 key."""
REASON_MAX = 200

_REQUIRED = {"at", "key", "new_kid", "old_kid", "use"}
_SHOWN = {"kty", "crv", "x", "y", "kid", "alg", "use"}


class KeyLeafRefused(ValueError):
    """A body that is no change of keys, or not the one that can follow."""


def body(*, use: str, old_kid: str, new: Mapping[str, str], at: str, reason: str | None) -> bytes:
    """The canonical body: what the leaf's `content_sha256` is of. `new` is the public JWK, `at` a time as leaves
    carry it; without a reason the member is left out."""
    return canonicalise(
        {"at": at, "key": dict(new), "new_kid": new["kid"], "old_kid": old_kid, "reason": reason, "use": use}
    )


def changed(text: bytes, signers: Mapping[str, str]) -> tuple[str, str]:
    """Which use the body gives a new key, and its `kid`; `signers` are the keys before, by use, as far as known.

    Raises KeyLeafRefused.
    """
    try:
        fields = parse_strict(text)
        is_canonical = canonicalise(fields) == text
    except (ParseRefused, GuardRefused, ValueError) as error:
        raise KeyLeafRefused("the change of keys is not canonical JSON") from error
    if not is_canonical or fields.keys() - {"reason"} != _REQUIRED:
        raise KeyLeafRefused("the change of keys has other members than a change of keys, or another spelling")
    use, new = fields["use"], fields["key"]
    if use not in USES or not isinstance(new, dict) or new.keys() - _SHOWN or "kid" not in new:
        raise KeyLeafRefused("the change of keys shows no key, or one for another use than evidence and checkpoints")
    try:
        found = jwk.parse_jwks({"keys": [new]})
    except jwk.KeyRefused as error:
        raise KeyLeafRefused(f"the new key cannot be used: {error}") from error
    if [*(found.evidence if use == EVIDENCE else found.notes)] != [fields["new_kid"]]:
        raise KeyLeafRefused("the change of keys names another key than it shows")
    if fields["old_kid"] == fields["new_kid"] or signers.get(use, fields["old_kid"]) != fields["old_kid"]:
        raise KeyLeafRefused("the change of keys retires another key than the one that signed before")
    return use, fields["new_kid"]
