"""Evidence: signed once, verified by two implementations, and every way round the signature closed."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc import jwk as joserfc_jwk
from joserfc import jwt

from tillvault.vault import evidence, jwk
from tillvault.vault.evidence import EvidenceRefused
from tillvault.vault.jwk import EvidenceKey, KeyRefused, NoteKey
from tillvault.vault.leaves import Leaf
from tillvault.vault.notes import Checkpoint

KEY = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
OTHER = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
NOTE_KEY = NoteKey(ed25519.Ed25519PrivateKey.generate())
KEYS = jwk.parse_jwks(jwk.jwks([KEY.public_jwk, NOTE_KEY.public_jwk]))
LEAF = Leaf(
    type="ticket",
    log="tillvault.local/laplatine",
    index=122,
    stream="POS",
    stream_seq=123,
    document_id="6b78d57a-3d3c-4b2e-bae3-3a8ee3fdc8d0",
    content_sha256="ab" * 32,
    envelope_sha256="cd" * 32,
    raw_sha256="ef" * 32,
    received_at="2026-11-20T10:42:01.999999Z",
    prev="01" * 32,
)
CLAIMS = evidence.evidence_claims(LEAF, "23" * 32)
TOKEN = evidence.sign(KEY, CLAIMS)


def part(value: Any) -> str:
    return jwk.base64url(json.dumps(value).encode())


def signed_by(key: EvidenceKey, header: dict[str, Any], claims: Any = CLAIMS) -> str:
    """A token with any header, its signature in order."""
    text = f"{part(header)}.{part(claims)}"
    return f"{text}.{jwk.base64url(signature_of(key, text))}"


def signature_of(key: EvidenceKey, text: str) -> bytes:
    r, s = decode_dss_signature(key.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# Signing ------------------------------------------------------------------------------------------------------------


def test_the_claims_say_what_the_leaf_says() -> None:
    assert CLAIMS == {
        "iss": "tillvault.local",
        "sub": "6b78d57a-3d3c-4b2e-bae3-3a8ee3fdc8d0",
        "iat": 1795171321,
        "tenant": "laplatine",
        "ledger": "LEDGER:POS:00000123",
        "index": 122,
        "leaf_hash": "23" * 32,
        "content_sha256": "ab" * 32,
        "prev": "01" * 32,
    }
    assert CLAIMS.keys() == evidence.EVIDENCE_CLAIMS


def test_a_token_holds_and_carries_its_claims() -> None:
    header = json.loads(jwk.from_base64url(TOKEN.split(".")[0]))

    assert evidence.verify(TOKEN, KEYS) == CLAIMS
    assert header == {"alg": "ES256", "typ": "JWT", "kid": KEY.kid}


def test_the_same_leaf_gets_the_same_evidence() -> None:
    assert evidence.sign(KEY, CLAIMS) == TOKEN


def test_another_implementation_verifies_our_tokens_and_we_its() -> None:
    public = joserfc_jwk.KeySet.import_key_set({"keys": [dict(KEY.public_jwk)]})
    private = joserfc_jwk.ECKey.import_key(KEY.private)

    theirs = jwt.encode({"alg": "ES256", "typ": "JWT", "kid": KEY.kid}, dict(CLAIMS), private)

    assert jwt.decode(TOKEN, public, algorithms=["ES256"]).claims == CLAIMS
    assert evidence.verify(theirs, KEYS) == CLAIMS


def test_a_checkpoint_is_signed_with_its_root_in_hex() -> None:
    checkpoint = Checkpoint("tillvault.local/laplatine", 7, b"\x01" * 32)

    claims = evidence.checkpoint_claims(checkpoint, issuer="tillvault.local", issued_at=1)

    assert claims.keys() == evidence.CHECKPOINT_CLAIMS
    assert evidence.verify(evidence.sign(KEY, claims), KEYS)["root"] == "01" * 32


# Refusing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT", "kid": KEY.kid},
        {"alg": "None", "typ": "JWT", "kid": KEY.kid},
        {"alg": "HS256", "typ": "JWT", "kid": KEY.kid},
        {"alg": "ES384", "typ": "JWT", "kid": KEY.kid},
        {"alg": ["ES256"], "typ": "JWT", "kid": KEY.kid},
        {"typ": "JWT", "kid": KEY.kid},
        {"alg": "ES256", "kid": KEY.kid},
        {"alg": "ES256", "typ": "JWT"},
        {"alg": "ES256", "typ": "JWT", "kid": 1},
        {"alg": "ES256", "typ": "JWT", "kid": NOTE_KEY.kid},
        {"alg": "ES256", "typ": "JWT", "kid": KEY.kid, "crit": ["exp"], "exp": 1},
        {"alg": "ES256", "typ": "JWT", "kid": KEY.kid, "b64": False},
    ],
)
def test_a_token_with_another_header_is_refused_though_its_signature_is_right(header: dict[str, Any]) -> None:
    with pytest.raises(EvidenceRefused):
        evidence.verify(signed_by(KEY, header), KEYS)


def test_a_token_without_a_signature_is_refused() -> None:
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': KEY.kid})}.{part(CLAIMS)}."

    for token in (unsigned, TOKEN.rpartition(".")[0] + ".", TOKEN.rpartition(".")[0]):
        with pytest.raises(EvidenceRefused):
            evidence.verify(token, KEYS)


def test_a_mac_made_with_the_public_key_is_refused() -> None:
    public_pem = KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': KEY.kid})}.{part(CLAIMS)}"
    mac = hmac.digest(public_pem, text.encode(), "sha256")

    for signature in (mac, mac + mac):
        with pytest.raises(EvidenceRefused):
            evidence.verify(f"{text}.{jwk.base64url(signature)}", KEYS)


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_along_is_not_looked_at(member: str) -> None:
    brought = {"alg": "ES256", "typ": "JWT", member: OTHER.public_jwk}

    with pytest.raises(EvidenceRefused, match="not among the given"):
        evidence.verify(signed_by(OTHER, brought | {"kid": OTHER.kid}), KEYS)
    with pytest.raises(EvidenceRefused, match="not that of the key it names"):
        evidence.verify(signed_by(OTHER, brought | {"kid": KEY.kid}), KEYS)
    assert evidence.verify(signed_by(KEY, brought | {"kid": KEY.kid}), KEYS) == CLAIMS


def test_a_signature_in_der_or_cut_or_of_zeros_is_refused() -> None:
    text, _, signature = TOKEN.rpartition(".")
    raw = jwk.from_base64url(signature)
    der = KEY.private.sign(text.encode(), ec.ECDSA(hashes.SHA256()))

    for wrong in (der, raw[:-1], raw[:32], raw + b"\x00", bytes(64), b"\xff" * 64, raw[32:] + raw[:32]):
        with pytest.raises(EvidenceRefused, match="signature"):
            evidence.verify(f"{text}.{jwk.base64url(wrong)}", KEYS)


def test_no_changed_character_of_a_token_goes_unnoticed() -> None:
    for place, char in enumerate(TOKEN):
        for other in {chr(ord(char) ^ 1 << bit) for bit in range(8)}:
            with pytest.raises(EvidenceRefused):
                evidence.verify(TOKEN[:place] + other + TOKEN[place + 1 :], KEYS)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b.c", TOKEN + "=", TOKEN + "\n", TOKEN + "." + TOKEN, " " + TOKEN, "é.é.é", "A" * 9000]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(EvidenceRefused):
        evidence.verify(token, KEYS)


@pytest.mark.parametrize("claims", [[], "text", None, 1])
def test_a_signed_text_that_is_no_object_is_refused(claims: Any) -> None:
    with pytest.raises(EvidenceRefused, match="JSON objects"):
        evidence.verify(signed_by(KEY, {"alg": "ES256", "typ": "JWT", "kid": KEY.kid}, claims), KEYS)


# Keys ---------------------------------------------------------------------------------------------------------------


def test_a_key_comes_back_from_its_pem() -> None:
    for kind in (EvidenceKey, NoteKey):
        loaded = jwk.load_key(jwk.new_key(kind))
        assert isinstance(loaded, kind)
        assert loaded.kid == jwk.thumbprint(loaded.public_jwk)
        assert "PRIVATE" not in repr(loaded)
        assert repr(loaded) == f"{kind.__name__}()"


def test_thumbprints_are_those_of_the_rfcs() -> None:
    rfc_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert jwk.thumbprint(rfc_8037) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert KEY.kid == joserfc_jwk.ECKey.import_key(KEY.private).thumbprint()
    assert NOTE_KEY.kid == joserfc_jwk.OKPKey.import_key(NOTE_KEY.private).thumbprint()


def test_another_implementation_reads_our_jwks() -> None:
    for public, key in ((KEY.public_jwk, KEY.private), (NOTE_KEY.public_jwk, NOTE_KEY.private)):
        theirs = joserfc_jwk.import_key(dict(public))
        ours = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        assert theirs.as_pem(private=False) == ours  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]  # every asymmetric key has it


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"\n".join((b"-----BEGIN %s-----", b"AAAA", b"-----END %s-----")) % (b"PRIVATE KEY", b"PRIVATE KEY"),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=["empty", "broken", "P-384", "RSA"],
)
def test_a_key_of_another_kind_is_refused(pem: bytes) -> None:
    with pytest.raises(KeyRefused):
        jwk.load_key(pem)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"keys": {}},
        {"keys": [1]},
        jwk.jwks([KEY.public_jwk | {"kid": OTHER.kid}]),
        jwk.jwks([KEY.public_jwk | {"d": "AAAA"}]),
        jwk.jwks([KEY.public_jwk | {"x": OTHER.public_jwk["x"]}]),
        jwk.jwks([KEY.public_jwk | {"x": KEY.public_jwk["x"][:-1]}]),
        jwk.jwks([KEY.public_jwk | {"x": 1}]),
        jwk.jwks([{"kty": "EC", "crv": "P-256"}]),
        jwk.jwks([NOTE_KEY.public_jwk | {"x": ""}]),
        jwk.jwks([{"kty": "oct", "k": "c2VjcmV0"}]),
    ],
)
def test_what_is_no_set_of_public_keys_is_refused(value: Any) -> None:
    with pytest.raises(KeyRefused):
        jwk.parse_jwks(value)


def test_keys_of_other_kinds_and_other_members_are_left_alone() -> None:
    keys = jwk.parse_jwks(
        {"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}, KEY.public_jwk | {"since": "2026-11-20"}], "more": 1}
    )

    assert list(keys.evidence) == [KEY.kid]
    assert keys.shown[KEY.kid]["since"] == "2026-11-20"


@pytest.mark.parametrize("text", ["A", "AB==", "AB", "A+", "A/", "AA A", "AA\n", "é"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        jwk.from_base64url(text)
    assert base64.urlsafe_b64encode(b"\x00") == b"AA=="
    assert jwk.from_base64url("AA") == b"\x00"
