"""Keys: an EC P-256 key signs evidence, an Ed25519 key signs checkpoints; both are shown as JWKs (RFC 7517, 8037).

A key's `kid` is its RFC 7638 thumbprint, so a name cannot be lent to another key. The members `nbf` and `exp` (seconds
since 1970, as OpenID Federation 1.0 registers them for JWKs) bound the time in which a key signs: its window.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tillvault.vault.canonical import jcs

_COORDINATE_BYTES = 32
_THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}
"""RFC 7638, section 3.2; RFC 8037, section 2."""
_PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "k"}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


class KeyRefused(ValueError):
    """Something that is not the key it should be."""


# Base64url ----------------------------------------------------------------------------------------------------------


def base64url(data: bytes) -> str:
    """RFC 7515, section 2: no padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The counterpart of `base64url`. Raises ValueError for any other spelling, unused bits of the last digit
    included: a changed digit that decodes alike would be a change that nobody notices."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise ValueError("not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(data) != text:
        raise ValueError("not the canonical base64url of its bytes")
    return data


# Private keys -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EvidenceKey:
    """Signs evidence: ES256 (RFC 7518, section 3.4)."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(_COORDINATE_BYTES, "big")) for number in (numbers.x, numbers.y))
        jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        return jwk | {"kid": thumbprint(jwk), "alg": "ES256", "use": "sig"}

    @property
    def kid(self) -> str:
        return self.public_jwk["kid"]


@dataclass(frozen=True)
class NoteKey:
    """Signs checkpoints: Ed25519 (RFC 8032)."""

    private: ed25519.Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> ed25519.Ed25519PublicKey:
        return self.private.public_key()

    @cached_property
    def public_jwk(self) -> dict[str, str]:
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(self.public.public_bytes_raw())}
        return jwk | {"kid": thumbprint(jwk), "alg": "EdDSA", "use": "sig"}

    @property
    def kid(self) -> str:
        return self.public_jwk["kid"]


def new_key(kind: type[EvidenceKey | NoteKey]) -> bytes:
    """The PEM (PKCS #8) of a new private key."""
    private = ec.generate_private_key(ec.SECP256R1()) if kind is EvidenceKey else ed25519.Ed25519PrivateKey.generate()
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(pem: bytes) -> EvidenceKey | NoteKey:
    """The private key in an unencrypted PEM. Raises KeyRefused, without a byte of the key in its words."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRefused("not an unencrypted private key in PEM form") from error
    match private:
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return EvidenceKey(private)
        case ed25519.Ed25519PrivateKey():
            return NoteKey(private)
        case _:
            raise KeyRefused("neither an EC P-256 key (evidence) nor an Ed25519 key (checkpoints)")


# Public keys --------------------------------------------------------------------------------------------------------


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638: the SHA-256 of the required members in their canonical form, base64url."""
    members = {name: jwk[name] for name in _THUMBPRINT_MEMBERS[jwk["kty"]]}
    return base64url(hashlib.sha256(jcs(members)).digest())


@dataclass(frozen=True, slots=True)
class Window:
    """The seconds since 1970 in which a key signs, both ends included; None where it is open."""

    since: int | None = None
    until: int | None = None

    def holds(self, moment: object) -> bool:
        """Whether a moment lies in the window; what is no whole second lies in none that has an end."""
        if self.since is None and self.until is None:
            return True
        return type(moment) is int and (self.since or 0) <= moment <= (moment if self.until is None else self.until)


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys that a verifier trusts, by `kid`."""

    evidence: dict[str, ec.EllipticCurvePublicKey]
    notes: dict[str, ed25519.Ed25519PublicKey]
    shown: dict[str, dict[str, Any]]
    """The JWKs as they were given, to compare others with."""
    windows: dict[str, Window] = field(default_factory=dict[str, Window])

    def notes_at(self, moment: int) -> list[ed25519.Ed25519PublicKey]:
        """The keys whose window holds a second since 1970."""
        return [key for kid, key in self.notes.items() if self.windows[kid].holds(moment)]

    def notes_after(self, moment: int) -> list[ed25519.Ed25519PublicKey]:
        """The keys that were not retired before a second since 1970."""
        ends = {kid: window.until for kid, window in self.windows.items()}
        return [key for kid, key in self.notes.items() if (end := ends[kid]) is None or end >= moment]


def parse_jwks(value: Any) -> PublicKeys:
    """A JWK set (RFC 7517, section 5). Keys of other kinds are passed over, other members of a key left alone.

    Raises KeyRefused for what is no JWK set, a private key in it, and a `kid` that is not the key's thumbprint.
    """
    keys: Any = cast("dict[str, Any]", value).get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in cast("list[Any]", keys)):
        raise KeyRefused("not a JWK set")
    found = PublicKeys({}, {}, {})
    for jwk in cast("list[dict[str, Any]]", keys):
        _add(found, jwk)
    return found


def _add(found: PublicKeys, jwk: dict[str, Any]) -> None:
    if jwk.keys() & _PRIVATE_MEMBERS:
        raise KeyRefused("the JWK set holds a private key")
    try:
        match jwk.get("kty"), jwk.get("crv"):
            case "EC", "P-256":
                x, y = (int.from_bytes(_coordinate(jwk[name]), "big") for name in ("x", "y"))
                key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
                found.evidence[thumbprint(jwk)] = key
            case "OKP", "Ed25519":
                found.notes[thumbprint(jwk)] = ed25519.Ed25519PublicKey.from_public_bytes(_coordinate(jwk["x"]))
            case _:
                return
    except (KeyError, TypeError, ValueError) as error:
        raise KeyRefused("the JWK set holds a key that is none") from error
    kid = thumbprint(jwk)
    if jwk.get("kid", kid) != kid:
        raise KeyRefused("the JWK set holds a key whose kid is not its thumbprint")
    found.shown[kid] = jwk
    found.windows[kid] = _window(jwk)


def _window(jwk: dict[str, Any]) -> Window:
    since, until = jwk.get("nbf"), jwk.get("exp")
    if any(end is not None and (type(end) is not int or end < 0) for end in (since, until)) or (
        since is not None and until is not None and until < since
    ):
        raise KeyRefused("the JWK set holds a key with a window that is none")
    return Window(since, until)


def _coordinate(text: str) -> bytes:
    data = from_base64url(text)
    if len(data) != _COORDINATE_BYTES:
        raise ValueError(f"{len(data)} bytes instead of {_COORDINATE_BYTES}")
    return data


def jwks(public: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """JWKs as a set (RFC 7517, section 5)."""
    return {"keys": [dict(jwk) for jwk in public]}
