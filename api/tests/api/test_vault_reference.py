"""docs/reference/vault-formats.md is enough to verify by: the two verifiers beside it, written from it, agree with ours
on real proofs and exports, and the examples of the page are those of a real vault."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support import Api, Shop, Shops
from tests.vaultlog import JWKS, KEY, Log
from tillvault.vault import evidence, jwk, key_leaves, leaves, merkle, notes
from tillvault.vault.jwk import EvidenceKey
from tillvault.vault.verify import verify_document

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference"
EXAMPLE = REFERENCE / "example"
PAGE = (REFERENCE / "vault-formats.md").read_text()
SCRIPTS = ("verify_proof", "verify_export")
TICKETS = "/api/v1/pos-tickets"

Check = Callable[[bytes, Any], bool]
"""Whether a document holds under a JWK set."""


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, Any]]:
    """The scripts as modules, found as Python finds them when they are run."""
    sys.path.insert(0, str(REFERENCE))
    try:
        yield {name: importlib.import_module(name) for name in SCRIPTS}
    finally:
        sys.path.remove(str(REFERENCE))


@pytest.fixture(scope="module")
def holds(scripts: dict[str, Any]) -> Check:
    """Whether the verifiers of the page say that a document holds."""
    proof, export = scripts["verify_proof"], scripts["verify_export"]

    def check(document: bytes, jwks: Any) -> bool:
        verifier = proof.Verifier(jwks)
        try:
            if document.endswith(b"\n"):
                export.check_export(verifier, document)
            else:
                verifier.proof(proof.parse(document))
        except proof.REFUSED:
            return False
        return True

    return check


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    """Its ledger has tickets of every kind of number, text and metadata."""
    shop = shops.make()
    bodies = [
        '"pos_session":"S/1","cashier":"Véréna","total_incl_tax":12.50,"ticket":{"n":1e-7,"m":0.000001,"o":123e-9}',
        '"pos_session":null,"ticket":{"a":null,"b":[null,{}],"c":-0.0,"d":9007199254740991,"e":1e15,"f":5e-324}',
        '"source_system":"till","currency":"EUR","ticket":{"\\ufb33":1,"\\ud83d\\ude02":"\\u007f\\u0001\\"\\\\"}',
        '"unknown":{"x":1},"ticket":{"half":4503599627370495.5,"third":0.30000000000000004,"minus":-2.5e-9}',
    ]
    for number, body in enumerate(bodies):
        raw = f'{{"tenant":"{shop.slug}","source_model":"pos.order","source_id":"POS/{number}",{body}}}'
        answer = Api(shop.http, shop.api_key).request("POST", TICKETS, content=raw.encode())
        assert answer.status_code == 201, answer.text
    return shop


@pytest.fixture(scope="module")
def documents(shop: Shop) -> list[bytes]:
    """The export of the ledger, and the proof of every ticket."""
    machine = Api(shop.http, shop.api_key)
    ids = [item["id"] for item in machine.get(TICKETS).json()["items"]]
    return [
        machine.get(f"/api/v1/ledger/{shop.slug}/export").content,
        *(machine.get(f"{TICKETS}/{id_}/proof").content for id_ in ids),
    ]


@pytest.fixture(scope="module")
def jwks(shop: Shop) -> Any:
    return shop.http.get("/jwks.json").json()


def flips(document: bytes) -> Iterator[bytes]:
    """The document with one bit of each byte turned: now the lowest, now the one that makes another case."""
    for at, byte in enumerate(document):
        yield document[:at] + bytes([byte ^ (0x20 if at % 2 else 0x01)]) + document[at + 1 :]


# The verifiers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_verifier_imports_nothing_of_ours(name: str) -> None:
    tree = ast.parse((REFERENCE / f"{name}.py").read_text())
    imported = {
        module.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [one.name for one in node.names])
    }

    assert imported - sys.stdlib_module_names == ({"cryptography"} if name == "verify_proof" else {"verify_proof"})


def test_real_proofs_and_exports_hold(holds: Check, documents: list[bytes], jwks: Any) -> None:
    assert len(documents) == 5
    for document in documents:
        assert verify_document(document, jwks).reason is None
        assert holds(document, jwks)


def test_no_flipped_byte_of_a_proof_passes(holds: Check, documents: list[bytes], jwks: Any) -> None:
    passed = [flipped for flipped in flips(documents[1]) if holds(flipped, jwks)]

    assert passed == []


@pytest.mark.slow
def test_no_flipped_byte_of_an_export_passes(holds: Check, documents: list[bytes], jwks: Any) -> None:
    passed = [flipped for flipped in flips(documents[0]) if holds(flipped, jwks)]

    assert passed == []


def test_a_log_with_other_entries_than_tickets_holds(holds: Check) -> None:
    log = Log().ticket().event().ticket(pos_session=None)

    assert all(holds(document, JWKS) for document in (log.export(), *map(log.proof, range(3)), Log().export()))


@pytest.mark.parametrize("wrong", ["deleted", "swapped", "cut", "longer", "other-keys", "added-member"])
def test_both_refuse_an_export_that_was_changed(holds: Check, wrong: str) -> None:
    export, trusted = Log().ticket().event().ticket().export(), JWKS
    lines = export.splitlines(keepends=True)
    match wrong:
        case "deleted":
            lines = [*lines[:2], *lines[3:]]
        case "swapped":
            lines = [lines[0], lines[2], lines[1], lines[3]]
        case "cut":
            lines = lines[:-1]
        case "longer":
            lines = [*lines, lines[-1]]
        case "added-member":
            lines[1] = lines[1].replace(b'"index":0', b'"index":0,"kind":1')
        case _:
            trusted = jwk.jwks([EvidenceKey(ec.generate_private_key(ec.SECP256R1())).public_jwk, JWKS["keys"][1]])

    assert not holds(b"".join(lines), trusted)
    assert not verify_document(b"".join(lines), trusted).holds


@pytest.mark.parametrize("signer", ["new", "old"])
def test_after_a_change_of_keys_the_new_key_signs_and_the_old_one_does_not(holds: Check, signer: str) -> None:
    new = EvidenceKey(ec.generate_private_key(ec.SECP256R1()))
    log = Log().ticket()
    at = "2026-11-20T10:42:01.000000Z"
    body = key_leaves.body(use=key_leaves.EVIDENCE, old_kid=KEY.kid, new=new.public_jwk, at=at, reason=None)
    text = leaves.leaf_text(log.add(leaves.KEY, key_leaves.STREAM, body))
    log.entries.append(type(log.entries[0])(text, body, None, None, None))
    log.ticket()
    if signer == "new":
        last = log.entries[-1]
        claims = evidence.evidence_claims(leaves.parse_leaf(last.leaf.decode()), log.hashes[-1].hex())
        last.token = evidence.sign(new, claims)
    trusted = jwk.jwks([*JWKS["keys"], new.public_jwk])
    export = log.export(jwks=trusted)

    assert holds(export, trusted) is verify_document(export, trusted).holds is (signer == "new")


@pytest.mark.parametrize("window", [{"exp": 1_700_000_000}, {"nbf": 2_000_000_000}], ids=["retired", "not-yet"])
@pytest.mark.parametrize("position", [0, 1], ids=["evidence", "checkpoint"])
def test_both_ask_for_the_window_of_a_key(holds: Check, window: dict[str, int], position: int) -> None:
    log = Log().ticket()
    trusted = {"keys": [key | window if at == position else key for at, key in enumerate(JWKS["keys"])]}
    # A note says no time: that its key was not used before its window cannot be known.
    expected = position == 1 and "nbf" in window

    assert holds(log.proof(0), trusted) is verify_document(log.proof(0), trusted).holds is expected


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["example/jwks.json", "example/{document}"], 0, "holds\n"),
        (["example/jwks.json", "canonical-form.md"], 1, "BROKEN"),
        (["example/jwks.json", "nothing"], 2, "could not be checked"),
        (["example/{document}", "example/{document}"], 2, "could not be checked"),
        ([], 2, "could not be checked"),
    ],
    ids=["holds", "broken", "no-document", "no-keys", "nothing"],
)
@pytest.mark.parametrize(("name", "document"), [*zip(SCRIPTS, ("proof.json", "export.jsonl"), strict=True)])
def test_a_verifier_ends_with_a_code(name: str, document: str, arguments: list[str], code: int, said: str) -> None:
    command = [sys.executable, f"{name}.py", *(argument.format(document=document) for argument in arguments)]

    done = subprocess.run(command, cwd=REFERENCE, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(said)
    assert " ".join(command[1:]) in PAGE or code


# The page -----------------------------------------------------------------------------------------------------------


def members_in(heading: str) -> set[str]:
    """The names in the first column of the section's table."""
    section = PAGE[PAGE.index(f"## {heading}\n") :].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row)}


def test_the_page_names_every_member() -> None:
    proof: dict[str, Any] = json.loads((EXAMPLE / "proof.json").read_bytes())
    header, line, *lines = (json.loads(text) for text in (EXAMPLE / "export.jsonl").read_bytes().splitlines())
    changed = next(line["content"] for line in lines if "evidence_jws" not in line)
    export = PAGE[PAGE.index("## Export\n") : PAGE.index("## Two checkpoints\n")]

    assert members_in("Proof") == proof.keys()
    assert members_in("Leaves") == json.loads(proof["leaf"]).keys()
    assert "{" + ", ".join(f'"{name}"' for name in changed) + "}" in PAGE
    assert members_in("Evidence") == evidence.EVIDENCE_CLAIMS
    assert members_in("Keys") == {name for key in JWKS["keys"] for name in key} | {"nbf", "exp"}
    assert {*header, *line} - {*re.findall(r"`([a-z_]+)`", export)} == set()
    assert {*evidence.CHECKPOINT_CLAIMS} - {*re.findall(r"`([a-z]+)`", PAGE[PAGE.index("**As a token**") :])} == set()


def test_the_examples_of_the_page_are_those_of_the_files() -> None:
    header, *lines = (json.loads(text) for text in (EXAMPLE / "export.jsonl").read_bytes().splitlines())
    hashes = [leaves.leaf_hash(line["leaf"].encode()) for line in lines]
    proven = json.loads(re.findall(r'^(\{"from".*)$', PAGE, re.MULTILINE)[0])
    keys = jwk.parse_jwks(json.loads((EXAMPLE / "jwks.json").read_bytes()))
    vkeys = [notes.vkey(header["origin"], public) for public in keys.notes.values()]

    assert f"```text\n{header['checkpoint']}```" in PAGE
    assert [vkey for vkey in vkeys if f"```text\n{vkey}\n```" in PAGE] == vkeys[:1]
    merkle.verify_consistency(
        old_size=proven["from"],
        new_size=proven["to"],
        old_root=merkle.root_of_leaves(hashes[: proven["from"]]),
        new_root=bytes.fromhex(header["root"]),
        proof=[bytes.fromhex(value) for value in proven["hashes"]],
    )
    assert (re.findall(r"a real vault of (\w+ \w+)", PAGE)[0], len(lines)) == ("seven entries", 7)


@pytest.mark.parametrize("name", ["proof.json", "export.jsonl"])
def test_the_example_holds_for_us_too(name: str) -> None:
    verdict = verify_document((EXAMPLE / name).read_bytes(), (EXAMPLE / "jwks.json").read_bytes())

    assert verdict.reason is None
