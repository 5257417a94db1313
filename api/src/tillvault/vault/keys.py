"""The vault's own keys: outside the database, in the keys folder, made on first start with mode 0600."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.secrets import load_or_make
from tillvault.vault import evidence, jwk, leaves
from tillvault.vault.jwk import EvidenceKey, KeyRefused, NoteKey, PublicKeys
from tillvault.vault.leaves import Leaf


@dataclass(frozen=True)
class Signers:
    """What signs evidence and what signs checkpoints, and in whose name."""

    evidence: EvidenceKey
    notes: NoteKey
    issuer: str
    folder: Path
    """Where the keys live; the last checkpoint of each log is kept beside them."""

    @cached_property
    def public_keys(self) -> PublicKeys:
        """All that this vault has signed was signed by one of these."""
        return jwk.parse_jwks(self.jwks())

    def sign_leaf(self, leaf: Leaf, leaf_hash: str) -> str:
        """The evidence of a leaf."""
        return evidence.sign(self.evidence, evidence.evidence_claims(leaf, leaf_hash))

    def origin_of(self, tenant: str) -> str:
        return leaves.origin(self.issuer, tenant)

    def jwks(self) -> dict[str, Any]:
        """The public keys (RFC 7517)."""
        return jwk.jwks([self.evidence.public_jwk, self.notes.public_jwk])


def load(settings: Settings) -> Signers:
    """Raises StartupRefused for a key that is none, without a byte of it."""
    folder = settings.keys_folder
    try:
        signs_evidence = jwk.load_key(load_or_make(folder, "evidence.pem", lambda: jwk.new_key(EvidenceKey)))
        signs_notes = jwk.load_key(load_or_make(folder, "checkpoint.pem", lambda: jwk.new_key(NoteKey)))
    except KeyRefused as error:
        raise StartupRefused(f"The keys in {folder} cannot be used: {error}.") from error
    if not isinstance(signs_evidence, EvidenceKey) or not isinstance(signs_notes, NoteKey):
        raise StartupRefused(f"The keys in {folder} are not those they should be: P-256 and Ed25519.")
    return Signers(signs_evidence, signs_notes, settings.vault_origin, folder)
