"""Rotation of the vault's keys: under load, cut off, with other keys, in the environment."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.api.test_vault_intake import PATH, ticket
from tests.faults.test_vault_guard import tamper
from tests.machinery import environment, execute, query, served
from tests.support import Api, Shop, Shops
from tests.vaults import own_database
from tillvault.cli import app
from tillvault.core.config import Settings
from tillvault.core.db import StartupRefused
from tillvault.core.embedded import APP_LOGIN, EmbeddedPostgres
from tillvault.vault import evidence, jwk, keys
from tillvault.vault.jwk import EvidenceKey, NoteKey
from tillvault.vault.verify import verify_document

USES = ("evidence", "checkpoint")


@dataclass
class Vault:
    """A vault of its own, and its command line."""

    settings: Settings
    superuser_dsn: str

    @property
    def folder(self) -> Path:
        return self.settings.keys_folder

    @property
    def variables(self) -> dict[str, str]:
        assert self.settings.database_url is not None
        return {
            "DATABASE_URL": self.settings.database_url.get_secret_value(),
            "TILLVAULT_DATA_DIR": str(self.settings.data_dir),
        }

    def run(self, *words: str, expecting: int = 0, **more: str) -> str:
        """What a command says, errors included."""
        env = {name: "" for name in os.environ if name.startswith("TILLVAULT_")} | self.variables | more
        result = CliRunner().invoke(app, list(words), env=env)
        assert result.exit_code == expecting, result.output
        return result.output

    def listed(self) -> list[dict[str, Any]]:
        return json.loads(self.run("keys", "list", "--json"))["keys"]

    def current(self, use: str) -> str:
        [kid] = [key["kid"] for key in self.listed() if key["use"] == use and key["current"]]
        return kid

    def with_(self, **changes: Any) -> Settings:
        return Settings.model_validate(
            {name: getattr(self.settings, name) for name in ("database_url", "data_dir", "database_pool_size")}
            | changes
        )


@pytest.fixture
def vault(server: EmbeddedPostgres, settings: Settings, tmp_path: Path) -> Generator[Vault]:
    with own_database(server) as name:
        own = {"database_url": server.dsn(APP_LOGIN, name), "data_dir": tmp_path / "var", "database_pool_size": 8}
        yield Vault(Settings.model_validate(own), server.dsn(database=name))


@pytest.fixture
def url(vault: Vault) -> Generator[str]:
    with served(vault.settings) as address:
        yield address


@pytest.fixture
def shop(vault: Vault, url: str) -> Generator[Shop]:
    with httpx.Client(base_url=url, timeout=30) as http:
        yield Shops(http, vault.settings).make()


def post(shop: Shop, source_id: str, http: httpx.Client | None = None) -> httpx.Response:
    return Api(http or shop.http, shop.api_key).post(PATH, ticket(shop, source_id=source_id))


def jwks(http: httpx.Client) -> dict[str, Any]:
    return http.get("/jwks.json").json()


def key_leaves(vault: Vault, shop: Shop) -> list[dict[str, Any]]:
    rows = query(
        vault.superuser_dsn,
        "SELECT index, stream_seq, content FROM vault_leaves WHERE organisation_id = $1 AND stream = 'KEY'"
        " ORDER BY index",
        shop.id,
    )
    return [{"index": row["index"], "seq": row["stream_seq"], **json.loads(row["content"])} for row in rows]


def fsck(vault: Vault, expecting: int = 0) -> str:
    return vault.run("vault", "fsck", expecting=expecting)


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


# Load and crashes ---------------------------------------------------------------------------------------------------


class Load(threading.Thread):
    """Posts tickets, one after the other, until told to stop."""

    def __init__(self, url: str, shop: Shop, name: str) -> None:
        super().__init__(daemon=True)
        self._url, self._shop, self._name = url, shop, name
        self.answers: list[httpx.Response] = []
        self.over = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while not self.over.is_set():
                self.answers.append(post(self._shop, f"POS/{self._name}/{len(self.answers)}", http))


@pytest.mark.slow
def test_tickets_go_on_over_many_rotations_and_every_evidence_holds(vault: Vault, shop: Shop, url: str) -> None:
    with served(vault.settings) as second_url:
        others = [Shops(shop.http, vault.settings).make() for _ in range(3)]
        loads = [
            Load(address, each, f"{n}-{at}")
            for at, address in enumerate((url, second_url))
            for n, each in enumerate([shop, *others])
        ]
        for load in loads:
            load.start()

        for _ in range(6):
            time.sleep(0.3)
            vault.run("keys", "rotate")
        time.sleep(0.3)
        for load in loads:
            load.over.set()
        for load in loads:
            load.join()
        with httpx.Client(base_url=second_url, timeout=30) as http:
            shown = [jwks(shop.http), jwks(http)]

    answers = [answer for load in loads for answer in load.answers]
    assert {answer.status_code for answer in answers} == {201}
    assert shown[0] == shown[1]
    public = jwk.parse_jwks(shown[0])
    signers = {evidence.signer_of(answer.json()["evidence_jws"]) for answer in answers}
    assert all(evidence.verify(answer.json()["evidence_jws"], public) for answer in answers)
    assert len(signers) >= 5
    assert len(public.shown) == 14
    assert fsck(vault).count("holds") == 4


@pytest.mark.slow
def test_a_rotation_that_is_killed_leaves_a_vault_that_signs_and_can_be_rotated(
    vault: Vault, shop: Shop, url: str
) -> None:
    load = Load(url, shop, "killed")
    load.start()
    command = [sys.executable, "-m", "tillvault.cli", "keys", "rotate"]
    start = time.monotonic()
    subprocess.run(command, env=environment(vault.variables), check=True, capture_output=True)
    whole = time.monotonic() - start

    for part in (0.7, 0.8, 0.85, 0.9, 0.95, 1.0):
        process = subprocess.Popen(
            command, env=environment(vault.variables), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(whole * part)
        process.send_signal(signal.SIGKILL)
        process.wait()
        with served(vault.settings) as another, httpx.Client(base_url=another, timeout=30) as http:
            assert post(shop, f"POS/after/{part}", http).status_code == 201
    vault.run("keys", "rotate")
    load.over.set()
    load.join()

    public = jwk.parse_jwks(jwks(shop.http))
    assert {answer.status_code for answer in load.answers} == {201}
    assert all(evidence.verify(answer.json()["evidence_jws"], public) for answer in load.answers)
    assert {path.name for path in vault.folder.glob("*.pem")} == {"evidence.pem", "checkpoint.pem"}
    assert "holds" in fsck(vault)


@pytest.mark.parametrize("cut", ["before the commit", "after the commit"])
def test_wherever_a_rotation_was_cut_off_the_next_start_has_the_key_that_signs(
    vault: Vault, shop: Shop, cut: str
) -> None:
    """The folder as each crash leaves it."""
    post(shop, "POS/1")
    old = {use: (vault.folder / f"{use}.pem").read_bytes() for use in USES}
    kept = (vault.folder / "jwks.json").read_bytes()
    if cut == "before the commit":
        for use, kind in zip(USES, (EvidenceKey, NoteKey), strict=True):
            (vault.folder / f"{use}.next.pem").write_bytes(jwk.new_key(kind))
    else:
        vault.run("keys", "rotate")
        for use in USES:
            (vault.folder / f"{use}.pem").rename(vault.folder / f"{use}.next.pem")
            (vault.folder / f"{use}.pem").write_bytes(old[use])
        (vault.folder / "jwks.json").write_bytes(kept)

    running = post(shop, "POS/2")
    with served(vault.settings) as url, httpx.Client(base_url=url, timeout=30) as http:
        started = post(shop, "POS/3", http)
        shown = jwks(http)

    assert (running.status_code, started.status_code) == (201, 201)
    for answer in (running, started):
        assert evidence.signer_of(answer.json()["evidence_jws"]) == vault.current("evidence")
        assert evidence.verify(answer.json()["evidence_jws"], jwk.parse_jwks(shown))
    assert json.loads((vault.folder / "jwks.json").read_text()) == shown
    vault.run("keys", "rotate")
    assert not list(vault.folder.glob("*.next.pem"))
    assert "holds" in fsck(vault)


# Other keys ---------------------------------------------------------------------------------------------------------


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


# Keys in the environment --------------------------------------------------------------------------------------------


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
