"""Rotation of the vault's keys under load, and cut off."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from tests.machinery import environment, served
from tests.support import Shop, Shops
from tests.vaults import USES, Vault, fsck, jwks, post
from tillvault.vault import evidence, jwk
from tillvault.vault.jwk import EvidenceKey, NoteKey


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
