"""The vault's keys: the register, their rotation, and the windows in which they sign."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import httpx
import pytest

from tests.api.test_vault_intake import PATH
from tests.faults.test_vault_guard import tamper
from tests.machinery import execute, query, served
from tests.support import Api, Shop, Shops
from tests.vaults import USES, Vault, fsck, jwks, key_leaves, post
from tillvault.vault import evidence, jwk
from tillvault.vault.jwk import EvidenceKey
from tillvault.vault.verify import verify_document

# The register -------------------------------------------------------------------------------------------------------


def test_the_first_start_registers_its_keys_and_shows_since_when_they_sign(vault: Vault, url: str) -> None:
    shown = httpx.get(f"{url}/.well-known/jwks.json").json()["keys"]

    assert [key["kid"] for key in shown] == [vault.current(use) for use in USES]
    assert all(abs(key["nbf"] - time.time()) < 60 and "exp" not in key for key in shown)
    assert json.loads((vault.folder / "jwks.json").read_text())["keys"] == shown
    assert stat.S_IMODE((vault.folder / "jwks.json").stat().st_mode) == 0o600
    listed = vault.run("keys", "list")
    assert all(key["kid"] in listed for key in shown)
    assert listed.count("signs now") == 2


def test_a_rotation_is_taken_up_at_once_and_stands_in_the_log(vault: Vault, shop: Shop) -> None:
    before = post(shop, "POS/1")
    old = {use: vault.current(use) for use in USES}

    told = vault.run("keys", "rotate", "--reason", "every year")

    after = post(shop, "POS/2")
    shown = jwks(shop.http)
    public = jwk.parse_jwks(shown)
    new = {use: vault.current(use) for use in USES}
    assert all(old[use] in told and new[use] in told and old[use] != new[use] for use in USES)
    assert [evidence.signer_of(answer.json()["evidence_jws"]) for answer in (before, after)] == [
        old["evidence"],
        new["evidence"],
    ]
    for answer in (before, after):
        assert evidence.verify(answer.json()["evidence_jws"], public)
    assert {key["kid"] for key in shown["keys"] if "exp" in key} == set(old.values())
    assert json.loads((vault.folder / "jwks.json").read_text()) == shown
    leaves = key_leaves(vault, shop)
    assert [(leaf["index"], leaf["seq"], leaf["use"]) for leaf in leaves] == [(1, 1, "evidence"), (2, 2, "checkpoint")]
    assert [(leaf["old_kid"], leaf["new_kid"], leaf["reason"]) for leaf in leaves] == [
        (old[use], new[use], "every year") for use in USES
    ]
    assert leaves[0]["key"] == {name: value for name, value in public.shown[new["evidence"]].items() if name != "nbf"}
    assert after.json()["ledger_hash"] == "LEDGER:POS:00000002"
    assert "holds" in fsck(vault)


def test_the_private_half_of_a_retired_key_is_gone_and_the_new_one_is_private(vault: Vault, shop: Shop) -> None:
    old = (vault.folder / "evidence.pem").read_bytes()

    vault.run("keys", "rotate")

    found = {path.name: path for path in vault.folder.iterdir() if path.suffix == ".pem"}
    assert found.keys() == {"evidence.pem", "checkpoint.pem"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in found.values())
    assert found["evidence.pem"].read_bytes() != old
    assert not [path for path in vault.folder.iterdir() if path.is_file() and old in path.read_bytes()]


def test_one_of_the_two_keys_can_be_rotated_alone(vault: Vault, shop: Shop) -> None:
    post(shop, "POS/1")
    old = {use: vault.current(use) for use in USES}

    vault.run("keys", "rotate", "--checkpoint")

    new = {use: vault.current(use) for use in USES}
    assert (new["evidence"] == old["evidence"], new["checkpoint"] == old["checkpoint"]) == (True, False)
    assert [leaf["use"] for leaf in key_leaves(vault, shop)] == ["checkpoint"]
    proof = Api(shop.http, shop.api_key).get(f"{PATH}/{post(shop, 'POS/1').json()['id']}/proof")
    assert verify_document(proof.content, jwks(shop.http)).holds


@pytest.mark.parametrize("reason", ["", " ", "two\nlines", "x" * 201], ids=["empty", "blank", "two lines", "long"])
def test_a_reason_that_cannot_stand_in_a_log_is_refused_before_anything_changes(vault: Vault, reason: str) -> None:
    vault.run("keys", "rotate", "--reason", reason, expecting=2)

    assert vault.listed() == []
    assert "no key yet" in vault.run("keys", "list")


def test_keys_can_be_rotated_before_the_first_start(vault: Vault) -> None:
    vault.run("keys", "rotate")

    assert [(key["use"], key["current"]) for key in vault.listed()] == [
        ("evidence", True),
        ("checkpoint", True),
        ("evidence", False),
        ("checkpoint", False),
    ]


def test_the_register_loses_nothing_behind_the_vaults_back(vault: Vault, url: str) -> None:
    for statement in ("DELETE FROM vault_keys", "UPDATE vault_keys SET since = now()", "TRUNCATE vault_keys"):
        with pytest.raises(Exception, match="may end once"):
            query(vault.superuser_dsn, statement)


# Windows and files --------------------------------------------------------------------------------------------------


def test_an_export_by_command_over_rotations_holds_with_nothing_but_the_key_file(
    vault: Vault, shop: Shop, tmp_path: Path
) -> None:
    for number in range(3):
        post(shop, f"POS/{number}")
        vault.run("keys", "rotate")
    post(shop, "POS/last")
    file, jwks_file = tmp_path / "log.jsonl", tmp_path / "jwks.json"
    jwks_file.write_text(json.dumps(jwks(shop.http)))

    vault.run("vault", "export", "--organisation", shop.slug, "--output", str(file))
    again = vault.run("vault", "export", "--organisation", shop.slug, "--output", str(file), expecting=2)
    vault.run("vault", "export", "--organisation", shop.slug, "--output", str(file), "--force")
    printed = vault.run("vault", "export", "--organisation", shop.slug)
    nobody = vault.run("vault", "export", "--organisation", "nobody", expecting=2)

    assert ("is there already" in again, "no log of 'nobody'" in nobody) == (True, True)
    assert printed.encode() == file.read_bytes()
    assert [path.name for path in tmp_path.glob(".log*")] == []
    assert len(file.read_bytes().splitlines()) == 1 + 4 + 6
    assert "holds (export)" in vault.run("verify", str(file), "--jwks", str(jwks_file))


def test_evidence_that_a_retired_key_signed_after_its_end_is_refused(vault: Vault, shop: Shop) -> None:
    stolen = jwk.load_key((vault.folder / "evidence.pem").read_bytes())
    assert isinstance(stolen, EvidenceKey)
    genuine = post(shop, "POS/1").json()["evidence_jws"]
    vault.run("keys", "rotate")
    shown = jwks(shop.http)
    claims = evidence.verify(genuine, jwk.parse_jwks(shown))

    forged = evidence.sign(stolen, claims | {"iat": int(time.time()) + 60})

    verdict = verify_document(forged.encode(), shown)
    assert verify_document(genuine.encode(), shown).holds
    assert "outside the window" in (verdict.reason or "")


def test_a_stolen_retired_key_cannot_sign_a_leaf_that_came_after_it(vault: Vault, shop: Shop) -> None:
    """Neither by its own time, nor by a time within the key's window, for the leaf says when it was received."""
    stolen = jwk.load_key((vault.folder / "evidence.pem").read_bytes())
    assert isinstance(stolen, EvidenceKey)
    post(shop, "POS/1")
    vault.run("keys", "rotate")
    later = post(shop, "POS/2").json()
    claims = evidence.verify(later["evidence_jws"], jwk.parse_jwks(jwks(shop.http)))

    forged = evidence.sign(stolen, claims)
    tamper(
        vault.superuser_dsn,
        f"UPDATE vault_tickets SET evidence_jws = '{forged}' WHERE id = '{later['id']}'",
    )

    said = fsck(vault, expecting=1)
    assert "BROKEN" in said
    assert "index 3" in said
    assert "another key than the one that signs at this point" in said or "outside the window" in said


def test_a_changed_key_leaf_is_named(vault: Vault, shop: Shop) -> None:
    post(shop, "POS/1")
    vault.run("keys", "rotate", "--reason", "because")
    assert "holds" in fsck(vault)

    tamper(
        vault.superuser_dsn,
        "UPDATE vault_leaves SET content = replace(content, 'because', 'Because') WHERE index = 2",
    )

    assert "index 2: the content is not the one whose hash the leaf holds" in fsck(vault, expecting=1)


def test_a_clock_that_was_set_back_puts_no_evidence_outside_its_window(vault: Vault, shop: Shop) -> None:
    """A log whose last leaf came tomorrow, and a key that begins in an hour, are what such a clock leaves behind."""
    post(shop, "POS/1")
    ahead = "UPDATE vault_logs SET last_received_at = last_received_at + interval '1 day'"
    tamper(vault.superuser_dsn, ahead)
    tomorrow = post(shop, "POS/2").json()
    vault.run("keys", "rotate")
    execute(
        vault.superuser_dsn,
        """
        ALTER TABLE vault_keys DISABLE TRIGGER ends_once;
        UPDATE vault_keys SET since = since + interval '1 hour' WHERE until IS NULL;
        ALTER TABLE vault_keys ENABLE ALWAYS TRIGGER ends_once
        """,
    )
    (vault.folder / "jwks.json").unlink()
    with served(vault.settings) as url, httpx.Client(base_url=url, timeout=30) as http:
        other = Shops(http, vault.settings).make()
        later = post(other, "POS/1").json()
        proof = Api(http, other.api_key).get(f"{PATH}/{later['id']}/proof").content
        shown = jwks(http)

    documents = [json.dumps(tomorrow).encode(), json.dumps(later).encode(), proof]
    assert [verify_document(document, shown).reason for document in documents] == [None, None, None]
    assert "holds" in vault.run("vault", "fsck", "--tenant", other.slug)
