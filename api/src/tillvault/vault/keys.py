"""The vault's own keys: outside the database, in the keys folder, made on first start with mode 0600, or given as PEM
in the environment. What a process signs with, and every public key that it knows of.

A rotation writes the new key beside the old one (`evidence.next.pem`), commits, and then puts it in the old one's
place, which destroys the old one. The database says which key signs; a process that finds another one there than its
own looks into the folder again, so that a rotation needs no restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.secrets import load_or_make
from tillvault.vault import evidence, jwk, key_register, leaves
from tillvault.vault.jwk import EvidenceKey, KeyRefused, NoteKey, PublicKeys
from tillvault.vault.key_leaves import CHECKPOINT, EVIDENCE, USES
from tillvault.vault.key_register import Register
from tillvault.vault.leaves import Leaf

KINDS: Mapping[str, type[EvidenceKey | NoteKey]] = {EVIDENCE: EvidenceKey, CHECKPOINT: NoteKey}


def file_of(use: str) -> str:
    """The key that signs, in the keys folder."""
    return f"{use}.pem"


def next_file_of(use: str) -> str:
    """The key that a rotation has made and that may not sign yet."""
    return f"{use}.next.pem"


@dataclass(slots=True)
class Signers:
    """What signs evidence and what signs checkpoints, and in whose name."""

    evidence: EvidenceKey
    notes: NoteKey
    issuer: str
    folder: Path
    """Where the last checkpoint of each log and the key register are kept, and the private keys that are not given."""
    register: Register = field(default_factory=Register)
    given: frozenset[str] = frozenset()
    """The uses whose private key is in the environment."""
    _public: tuple[object, PublicKeys] | None = None

    def key(self, use: str) -> EvidenceKey | NoteKey:
        return self.evidence if use == EVIDENCE else self.notes

    @property
    def public_keys(self) -> PublicKeys:
        """All that this vault has signed was signed by one of these."""
        made_of = (self.register, self.evidence, self.notes)
        if self._public is None or self._public[0] != made_of:
            self._public = (made_of, jwk.parse_jwks(self.jwks()))
        return self._public[1]

    def sign_leaf(self, leaf: Leaf, leaf_hash: str) -> str:
        """The evidence of a leaf."""
        return evidence.sign(self.evidence, evidence.evidence_claims(leaf, leaf_hash))

    def origin_of(self, tenant: str) -> str:
        return leaves.origin(self.issuer, tenant)

    def jwks(self) -> dict[str, Any]:
        """The public keys with their windows (RFC 7517). Those that have not been registered yet have none."""
        known = self.register.jwks()["keys"]
        own = [self.key(use).public_jwk for use in USES if self.key(use).kid not in self.register.keys]
        return jwk.jwks([*own, *known])

    def signs_since(self, use: str) -> int:
        """The second since 1970 from which on the own key signs: nothing is issued before it, whatever a clock says."""
        known = self.register.keys.get(self.key(use).kid)
        return known.since if known else 0

    def follow(self, register: Register) -> bool:
        """Learn what the database says, and take up the keys that sign now if the folder has them. True for news.

        Raises OSError and KeyRefused for a folder that cannot be used.
        """
        joined = self.register.joined(register)
        is_news = joined != self.register
        self.register = joined
        for use in USES:
            current = register.current(use)
            if current is None or current.kid == self.key(use).kid or use in self.given:
                continue
            # In this order: a rotation moves a key from the second name to the first while it is looked for here.
            for name in (next_file_of(use), file_of(use)):
                found = in_file(self.folder / name, use)
                if found is not None and found.kid == current.kid:
                    self._sign_with(found)
                    is_news = True
                    break
        return is_news

    def _sign_with(self, key: EvidenceKey | NoteKey) -> None:
        if isinstance(key, EvidenceKey):
            self.evidence = key
        else:
            self.notes = key


def in_file(path: Path, use: str) -> EvidenceKey | NoteKey | None:
    """The private key in a file, if there is one. Raises OSError, KeyRefused."""
    try:
        return _of_use(path.read_bytes(), use)
    except FileNotFoundError:
        return None


def _of_use(pem: bytes, use: str) -> EvidenceKey | NoteKey:
    key = jwk.load_key(pem)
    if not isinstance(key, KINDS[use]):
        raise KeyRefused(f"not the key for {use} that it should be: P-256 signs evidence, Ed25519 checkpoints")
    return key


def load(settings: Settings) -> Signers:
    """Raises StartupRefused for a key that is none, without a byte of it."""
    folder = settings.keys_folder
    pems = _given(settings)
    evidence_key, note_key = _loaded(settings, EVIDENCE), _loaded(settings, CHECKPOINT)
    assert isinstance(evidence_key, EvidenceKey)  # noqa: S101  (of its use, as was looked at)
    assert isinstance(note_key, NoteKey)  # noqa: S101  (likewise)
    return Signers(evidence_key, note_key, settings.vault_origin, folder, registered(settings), frozenset(pems))


def registered(settings: Settings) -> Register:
    """The register beside the keys. Raises StartupRefused for one that is none."""
    try:
        return key_register.read(settings.keys_folder)
    except ValueError as error:
        path = settings.keys_folder / key_register.FILE
        raise StartupRefused(f"The key register in {path} cannot be used: {error}.") from error


def are_there(settings: Settings) -> bool:
    """Whether `load` would find all keys, and make none."""
    pems = _given(settings)
    return all(use in pems or (settings.keys_folder / file_of(use)).exists() for use in USES)


def _given(settings: Settings) -> dict[str, SecretStr]:
    pems = {EVIDENCE: settings.evidence_key_pem, CHECKPOINT: settings.checkpoint_key_pem}
    return {use: pem for use, pem in pems.items() if pem is not None}


def _loaded(settings: Settings, use: str) -> EvidenceKey | NoteKey:
    given = _given(settings).get(use)
    try:
        if given is not None:
            return _of_use(given.get_secret_value().replace("\\n", "\n").encode(), use)
        return _of_use(load_or_make(settings.keys_folder, file_of(use), lambda: jwk.new_key(KINDS[use])), use)
    except KeyRefused as error:
        where = f"TILLVAULT_{use.upper()}_KEY_PEM" if given is not None else str(settings.keys_folder / file_of(use))
        raise StartupRefused(f"The key in {where} cannot be used: {error}.") from error
