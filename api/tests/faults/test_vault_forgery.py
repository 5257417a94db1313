"""Forged evidence and proofs, put where real ones stood: in the database, and in the hands of who verifies."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api.test_vault_intake import PATH, ticket
from tests.faults.test_vault_guard import tamper
from tests.machinery import query
from tests.support import Api, Shop, Shops
from tests.vaultload import fsck
from tillvault.core.config import Settings
from tillvault.vault import canonical, evidence, jwk, keys
from tillvault.vault.jwk import EvidenceKey
from tillvault.vault.keys import Signers
from tillvault.vault.verify import Outcome, verify_document

COUNT = 12
OTHER = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))

Forge = Callable[[Signers, str, str], str]
"""From the vault's keys, the evidence that is forged, and the evidence of another ticket."""


def part(value: Any) -> str:
    return jwk.base64url(json.dumps(value, separators=(",", ":")).encode())


def claims_of(token: str) -> dict[str, Any]:
    return json.loads(jwk.from_base64url(token.split(".")[1]))


def alg_none(signers: Signers, token: str, _: str) -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': signers.evidence.kid})}.{token.split('.')[1]}."


def hs256(signers: Signers, token: str, _: str) -> str:
    """A MAC whose secret is what everybody has: the public key."""
    secret = signers.evidence.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': signers.evidence.kid})}.{token.split('.')[1]}"
    return f"{text}.{jwk.base64url(hmac.digest(secret, text.encode(), 'sha256'))}"


def another_key(_: Signers, token: str, __: str) -> str:
    return evidence.sign(OTHER, claims_of(token))


def another_key_under_the_name_of_ours(_: Signers, token: str, __: str) -> str:
    text = token.rpartition(".")[0]
    theirs = evidence.sign(OTHER, claims_of(token)).rpartition(".")[2]
    return f"{text}.{theirs}"


def cut(_: Signers, token: str, __: str) -> str:
    text, signature = token.rsplit(".", 1)
    return f"{text}.{jwk.base64url(jwk.from_base64url(signature)[:-1])}"


def der(signers: Signers, token: str, _: str) -> str:
    """The right key's own signature, in the other usual form."""
    text = token.rpartition(".")[0]
    return f"{text}.{jwk.base64url(signers.evidence.private.sign(text.encode(), ec.ECDSA(hashes.SHA256())))}"


def of_another_ticket(_: Signers, __: str, other: str) -> str:
    return other


def with_another_claim(_: Signers, token: str, __: str) -> str:
    header, signature = token.split(".")[::2]
    return f"{header}.{part(claims_of(token) | {'index': 8})}.{signature}"


FORGERIES: list[tuple[str, Forge, str]] = [
    ("alg none", alg_none, "not signed as ES256"),
    ("HS256 with the public key", hs256, "not signed as ES256"),
    ("another key", another_key, "a key that is not among the given ones"),
    ("another key, our kid", another_key_under_the_name_of_ours, "not that of the key it names"),
    ("cut", cut, "has 63 bytes instead of 64"),
    ("DER", der, "instead of 64"),
    ("of another ticket", of_another_ticket, "the evidence is of another leaf: `sub` differs"),
    ("another claim", with_another_claim, "not that of the key it names"),
]
forgeries = pytest.mark.parametrize(
    ("forge", "reason"), [row[1:] for row in FORGERIES], ids=[row[0] for row in FORGERIES]
)


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)
    for at in range(COUNT):
        assert machine.post(PATH, ticket(shop, source_id=f"POS/{at}")).status_code == 201
    return shop


@pytest.fixture
def proofs(shop: Shop) -> list[bytes]:
    """The proof of every ticket, in the order of the log."""
    machine = Api(shop.http, shop.api_key)
    ids = [machine.post(PATH, ticket(shop, source_id=f"POS/{at}")).json()["id"] for at in range(COUNT)]
    return [machine.get(f"{PATH}/{ticket_id}/proof").content for ticket_id in ids]


@pytest.fixture
def public(shop: Shop) -> dict[str, Any]:
    return shop.http.get("/jwks.json").json()


@forgeries
def test_forged_evidence_in_the_database_is_named_by_its_index(
    shop: Shop, settings: Settings, superuser_dsn: str, forge: Forge, reason: str
) -> None:
    rows = query(
        superuser_dsn, "SELECT evidence_jws FROM vault_tickets WHERE organisation_id = $1 ORDER BY index", shop.id
    )
    true = rows[7]["evidence_jws"]
    forged = forge(keys.load(settings), true, rows[8]["evidence_jws"])
    change = f"UPDATE vault_tickets SET evidence_jws = '{{}}' WHERE organisation_id = '{shop.id}' AND index = 7"
    tamper(superuser_dsn, change.format(forged))

    finding = fsck(settings, shop)
    tamper(superuser_dsn, change.format(true))

    assert finding.index == 7
    assert reason in str(finding.reason)
    assert fsck(settings, shop).holds


@forgeries
def test_a_proof_with_forged_evidence_is_broken(
    proofs: list[bytes], public: dict[str, Any], settings: Settings, forge: Forge, reason: str
) -> None:
    shown: dict[str, Any] = json.loads(proofs[7])
    forged = forge(keys.load(settings), shown["evidence_jws"], json.loads(proofs[8])["evidence_jws"])

    verdict = verify_document(canonical.jcs(shown | {"evidence_jws": forged}), public)
    alone = verify_document(forged.encode(), public)

    assert (verdict.outcome, verdict.index) == (Outcome.BROKEN, 7)
    assert reason in str(verdict.reason)
    # The token of another ticket is a good one; only beside this ticket it is not.
    assert alone.holds is (forge is of_another_ticket)


NODES: list[tuple[str, Callable[[list[str]], object], str]] = [
    ("the first missing", lambda nodes: nodes.pop(0), "has 3 hashes instead of 4"),
    ("the last missing", lambda nodes: nodes.pop(), "has 3 hashes instead of 4"),
    ("none", lambda nodes: nodes.clear(), "has 0 hashes instead of 4"),
    ("one more in front", lambda nodes: nodes.insert(0, "00" * 32), "has 5 hashes instead of 4"),
    ("one more at the end", lambda nodes: nodes.append("00" * 32), "has 5 hashes instead of 4"),
    ("one twice", lambda nodes: nodes.insert(1, nodes[0]), "has 5 hashes instead of 4"),
    ("a wrong one", lambda nodes: nodes.__setitem__(1, "00" * 32), "does not lead to the root"),
    ("two swapped", lambda nodes: nodes.insert(0, nodes.pop(1)), "does not lead to the root"),
]


@pytest.mark.parametrize(("change", "reason"), [row[1:] for row in NODES], ids=[row[0] for row in NODES])
def test_a_proof_with_other_nodes_is_broken(
    proofs: list[bytes], public: dict[str, Any], change: Callable[[list[str]], object], reason: str
) -> None:
    proof: dict[str, Any] = json.loads(proofs[5])
    change(proof["inclusion"]["hashes"])

    verdict = verify_document(canonical.jcs(proof), public)

    assert (verdict.outcome, verdict.index) == (Outcome.BROKEN, 5)
    assert reason in str(verdict.reason)


def test_a_proof_does_not_hold_for_another_ticket(proofs: list[bytes], public: dict[str, Any]) -> None:
    """Any two proofs with the same part exchanged, whichever part it is."""
    one, other = json.loads(proofs[2]), json.loads(proofs[3])

    for name in ("leaf", "content", "envelope", "inclusion", "evidence_jws"):
        verdict = verify_document(canonical.jcs(one | {name: other[name]}), public)
        assert verdict.outcome is Outcome.BROKEN, name
    assert verify_document(proofs[2], public).holds
    assert verify_document(proofs[3], public).holds
