"""Keys that are not those the vault signs with: elsewhere, lost, in the environment."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.api.test_vault_intake import PATH
from tests.faults.test_vault_guard import tamper
from tests.machinery import query, served
from tests.support import Api, Shop, Shops
from tests.vaults import Vault, fsck, jwks, key_leaves, own_database, post
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres
from tillvault.vault import evidence, jwk, keys
from tillvault.vault.jwk import EvidenceKey, NoteKey


def test_other_keys_sign_nothing_and_cannot_be_rotated_by_mistake(vault: Vault, shop: Shop, tmp_path: Path) -> None:
    post(shop, "POS/1")
    elsewhere = tmp_path / "elsewhere"

    with (
        served(vault.with_(keys_dir=elsewhere)) as url,
        httpx.Client(base_url=url, timeout=30) as http,
    ):
        refused = post(shop, "POS/2", http)
        healthy = http.get("/health").status_code
    by_mistake = vault.run("keys", "rotate", expecting=2, TILLVAULT_KEYS_DIR=str(elsewhere))

    assert (refused.status_code, healthy) == (503, 200)
    assert "does not hold the keys that the vault signs with" in by_mistake
    assert post(shop, "POS/2").status_code == 201
    assert key_leaves(vault, shop) == []


def test_lost_keys_are_retired_and_what_they_signed_still_holds(vault: Vault, shop: Shop) -> None:
    before = post(shop, "POS/1")
    shutil.rmtree(vault.folder)

    vault.run("keys", "rotate", "--lost", "--reason", "The disk is gone.")

    after = post(shop, "POS/2")
    public = jwk.parse_jwks(jwks(shop.http))
    assert after.status_code == 201
    assert all(evidence.verify(answer.json()["evidence_jws"], public) for answer in (before, after))
    assert "holds" in fsck(vault)


def test_a_database_made_anew_learns_the_retired_keys_from_the_folder(
    vault: Vault, shop: Shop, server: EmbeddedPostgres
) -> None:
    vault.run("keys", "rotate")
    known = jwks(shop.http)

    with own_database(server) as anew:
        with served(vault.with_(database_url=server.dsn(APP_LOGIN, anew))) as url:
            shown = httpx.get(f"{url}/jwks.json").json()
        count = query(server.dsn(database=anew), "SELECT count(*) AS n FROM vault_keys")[0]["n"]

    assert (shown, count) == (known, 4)


def test_a_log_whose_head_is_refused_is_passed_over_and_named(vault: Vault, shop: Shop) -> None:
    whole = Shops(shop.http, vault.settings).make()
    for each in (shop, whole):
        document = post(each, "POS/1").json()
        assert Api(shop.http, each.api_key).get(f"{PATH}/{document['id']}/proof").status_code == 200
    own = f"organisation_id = '{shop.id}'"
    tamper(vault.superuser_dsn, f"DELETE FROM vault_tickets WHERE {own}", f"DELETE FROM vault_leaves WHERE {own}")

    told = vault.run("keys", "rotate", expecting=1)

    assert f"NOT written into the broken logs of {shop.slug}" in told
    assert post(whole, "POS/2").status_code == 201
    assert len(key_leaves(vault, whole)) == 2
    assert post(shop, "POS/2").status_code == 503


# Keys in the environment ----------------------------------------------------------------------------------------------


def pems() -> Mapping[str, str]:
    return {
        "evidence_key_pem": jwk.new_key(EvidenceKey).decode(),
        "checkpoint_key_pem": jwk.new_key(NoteKey).decode().replace("\n", "\\n"),
    }


def test_keys_come_from_the_environment_and_changing_them_is_a_rotation(
    vault: Vault, url: str, shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    from_folder = post(shop, "POS/1")
    first, second = pems(), pems()
    with served(vault.with_(**first)) as url_one, httpx.Client(base_url=url_one, timeout=30) as http:
        one = post(shop, "POS/2", http)
        stale = post(shop, "POS/3")
    with served(vault.with_(**second)) as url_two, httpx.Client(base_url=url_two, timeout=30) as http:
        two = post(shop, "POS/4", http)
        shown = jwks(http)
        refused = vault.run(
            "keys", "rotate", expecting=2, **{f"TILLVAULT_{name.upper()}": pem for name, pem in second.items()}
        )

    public = jwk.parse_jwks(shown)
    answers = (from_folder, one, two)
    assert [answer.status_code for answer in (*answers, stale)] == [201, 201, 201, 503]
    assert len({evidence.signer_of(answer.json()["evidence_jws"]) for answer in answers}) == 3
    assert all(evidence.verify(answer.json()["evidence_jws"], public) for answer in answers)
    assert [leaf["use"] for leaf in key_leaves(vault, shop)] == ["evidence", "checkpoint"] * 2
    assert "is in the environment" in refused
    assert "BEGIN PRIVATE" not in "".join(capfd.readouterr())


def test_a_retired_key_in_the_environment_is_refused_at_the_start(vault: Vault, url: str) -> None:
    first, second = pems(), pems()
    for given in (first, second):
        with served(vault.with_(**given)):
            pass

    said = vault.run("keys", "rotate", expecting=2, TILLVAULT_EVIDENCE_KEY_PEM=first["evidence_key_pem"])
    retired = vault.run(
        "keys", "rotate", "--checkpoint", expecting=2, TILLVAULT_EVIDENCE_KEY_PEM=first["evidence_key_pem"]
    )

    assert "is in the environment" in said
    assert "has been retired" in retired


@pytest.mark.parametrize("text", ["nonsense", jwk.new_key(NoteKey).decode()], ids=["no key", "the other kind"])
def test_a_key_in_the_environment_that_is_none_is_refused_without_a_byte_of_it(vault: Vault, text: str) -> None:
    with pytest.raises(StartupRefused, match="TILLVAULT_EVIDENCE_KEY_PEM") as refusal:
        keys.load(vault.with_(evidence_key_pem=text))

    assert not [line for line in text.splitlines() if line in str(refusal.value)]
