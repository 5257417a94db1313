"""A signer that is gone: 503 and nothing recorded, never an unsigned 201; when it is back the log goes on."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.api.test_vault_batch import line, send
from tests.api.test_vault_intake import PATH, ticket
from tests.machinery import Serving, own_installation, query, served, until
from tests.support import Api, Shop, Shops, race, statuses
from tests.vaultload import Load, Told, assert_nothing_is_lost, fsck
from tillvault.core.config import Settings
from tillvault.core.embedded import EmbeddedPostgres
from tillvault.main import create_app
from tillvault.vault import canonical, evidence, jwk, keys
from tillvault.vault.jwk import EvidenceKey


class Device:
    """The private key as something that is asked for each signature and can be unplugged."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self.refuses: Callable[[dict[str, Any]], bool] = lambda _: False
        """Told the claims."""

    def sign(self, data: bytes, algorithm: ec.ECDSA) -> bytes:
        if self.refuses(json.loads(jwk.from_base64url(data.decode().split(".")[1]))):
            raise OSError("the device does not answer")
        return self._private.sign(data, algorithm)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._private.public_key()


@dataclass
class Vault:
    """A process of its own on the common database, with its key on a device."""

    http: httpx.Client
    url: str
    device: Device


@pytest.fixture
def vault(settings: Settings) -> Generator[Vault]:
    app = create_app(settings)
    with served(settings, app) as url, httpx.Client(base_url=url, timeout=30) as http:
        key: EvidenceKey = app.state.signers.evidence
        device = Device(key.private)
        object.__setattr__(key, "private", device)
        yield Vault(http, url, device)


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def leaves_of(dsn: str, shop: Shop) -> int:
    return query(dsn, "SELECT count(*) AS n FROM vault_leaves WHERE organisation_id = $1", shop.id)[0]["n"]


def test_without_its_signer_the_vault_records_nothing_and_still_tells_what_it_has(
    vault: Vault, shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    machine = Api(vault.http, shop.api_key)
    first = machine.post(PATH, ticket(shop, source_id="POS/first"))
    posts = [lambda at=at: machine.post(PATH, ticket(shop, source_id=f"POS/{at}")) for at in range(30)]
    vault.device.refuses = lambda _: True

    refused = race(posts)
    known = machine.post(PATH, ticket(shop, source_id="POS/first"))
    left = leaves_of(superuser_dsn, shop)
    vault.device.refuses = lambda _: False
    again = race(posts)

    assert statuses(refused) == {503: 30}
    for answer in refused:
        assert answer.headers["Retry-After"] == "5"
        assert answer.json().keys() == {"error"}
    assert (known.status_code, known.json()) == (200, first.json())
    assert left == 1
    assert statuses(again) == {201: 30}
    assert {answer.json()["ledger_hash"] for answer in again} == {f"LEDGER:POS:{n:08d}" for n in range(2, 32)}
    assert fsck(settings, shop).holds


def test_a_ticket_that_cannot_be_signed_does_not_take_the_others_with_it(
    vault: Vault, shop: Shop, settings: Settings
) -> None:
    bodies = [line(shop, number) for number in range(600)]
    spoilt = {
        canonical.identity(None, body["source_id"], body["ticket"])[1]
        for body in (json.loads(bodies[at]) for at in (0, 255, 256, 301, 599))
    }
    vault.device.refuses = lambda claims: claims.get("content_sha256") in spoilt
    machine = Api(vault.http, shop.api_key)

    answers = send(machine, b"\n".join(bodies))
    vault.device.refuses = lambda _: False
    again = send(machine, b"\n".join(bodies))

    assert [at for at, answer in enumerate(answers) if answer["status"] != 201] == [0, 255, 256, 301, 599]
    assert {answer["status"] for answer in answers} == {201, 503}
    assert [at for at, answer in enumerate(again) if answer["status"] != 200] == [0, 255, 256, 301, 599]
    assert {answer["status"] for answer in again} == {200, 201}
    assert sorted(answer["ledger_hash"] for answer in again) == [f"LEDGER:POS:{n:08d}" for n in range(1, 601)]
    assert fsck(settings, shop).holds


@pytest.mark.slow
def test_a_signer_that_comes_and_goes_loses_nothing(
    vault: Vault, shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    told = Told()
    vault.device.refuses = lambda _: secrets.randbelow(5) == 0

    with Load(vault.url, shop, told, name="flaky"):
        until(lambda: told.statuses[503] > 50 and told.statuses[201] > 200, what="enough of both answers")
    vault.device.refuses = lambda _: False

    assert told.statuses.keys() == {201, 503}
    assert_nothing_is_lost(vault.url, shop, told, superuser_dsn=superuser_dsn, settings=settings)


# The folder of the keys ---------------------------------------------------------------------------------------------


@pytest.fixture
def own(made: Path, tmp_path: Path) -> Generator[Settings]:
    """An installation whose keys no other test needs."""
    installed = own_installation(made, tmp_path / "var")
    with EmbeddedPostgres(installed.data_dir):
        yield installed.model_copy(update={"database_pool_size": 4})


@pytest.fixture
def own_shop(own: Settings, http: httpx.Client) -> Shop:
    return Shops(http, own).make(people=())


def test_keys_that_vanish_do_not_harm_a_running_vault_and_other_keys_do_not_go_on_with_its_log(
    own: Settings, own_shop: Shop, tmp_path: Path
) -> None:
    shop, dsn = own_shop, EmbeddedPostgres(own.data_dir).dsn()
    aside = tmp_path / "aside"
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as http:
        machine = Api(http, shop.api_key)
        first = machine.post(PATH, ticket(shop, source_id="POS/0"))
        assert machine.get(f"{PATH}/{first.json()['id']}/proof").status_code == 200
        public = jwk.parse_jwks(http.get("/jwks.json").json())
        shutil.move(own.keys_folder, aside)
        without = machine.post(PATH, ticket(shop, source_id="POS/1"))
    shutil.rmtree(own.keys_folder, ignore_errors=True)
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as http:
        with_others = Api(http, shop.api_key).post(PATH, ticket(shop, source_id="POS/2"))
    left = leaves_of(dsn, shop)
    shutil.rmtree(own.keys_folder)
    shutil.move(aside, own.keys_folder)
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as http:
        back = Api(http, shop.api_key).post(PATH, ticket(shop, source_id="POS/2"))

    assert (first.status_code, without.status_code) == (201, 201)
    assert evidence.verify(without.json()["evidence_jws"], public)["ledger"] == "LEDGER:POS:00000002"
    assert (with_others.status_code, with_others.json().keys(), left) == (503, {"error"}, 2)
    assert (back.status_code, back.json()["ledger_hash"]) == (201, "LEDGER:POS:00000003")
    assert fsck(own, shop).holds


def test_where_no_checkpoint_can_be_kept_beside_the_keys_none_is_signed(own: Settings, own_shop: Shop) -> None:
    shop = own_shop
    with served(own) as url, httpx.Client(base_url=url, timeout=30) as http:
        machine = Api(http, shop.api_key)
        own.keys_folder.joinpath("checkpoints").write_text("no folder")

        posted = machine.post(PATH, ticket(shop))
        own.keys_folder.joinpath("checkpoints").unlink()
        again = machine.post(PATH, ticket(shop))
        proof = machine.get(f"{PATH}/{again.json()['id']}/proof")

    assert (posted.status_code, posted.json().keys()) == (503, {"error"})
    assert (again.status_code, proof.status_code) == (201, 200)


@pytest.mark.parametrize("harm", ["not a key", "cut", "folder", "of the other kind"])
def test_with_a_key_that_cannot_be_used_it_does_not_start_and_says_so(tmp_path: Path, harm: str) -> None:
    folder = Settings(data_dir=tmp_path / "var").keys_folder
    keys.load(Settings(data_dir=tmp_path / "var"))
    key = folder / "evidence.pem"
    text = key.read_bytes()
    key.unlink()
    match harm:
        case "not a key":
            key.write_text("swordfish")
        case "cut":
            key.write_bytes(text[: len(text) // 2])
        case "folder":
            key.mkdir()
        case _:
            shutil.copy(folder / "checkpoint.pem", key)

    serving = Serving(tmp_path / "var")

    assert serving.process.wait(timeout=30) == 2
    assert str(folder) in serving.said
    assert serving.records == []
    assert serving.postmaster is None
    for secret in ("swordfish", "BEGIN", "Traceback"):
        assert secret not in serving.said
