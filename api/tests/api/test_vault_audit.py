"""The audit of docs/howto/audit-a-log: run as it is written, and on a machine that has nothing but the command line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.test_tutorial import environment
from tests.vaultlog import KEY, Log
from tillvault.vault import evidence, merkle

__all__ = ["environment"]  # A fixture: the demo that the tutorials run against.

HOWTO = Path(__file__).resolve().parents[3] / "docs" / "howto" / "audit-a-log"
TILLVAULT = Path(sys.executable).with_name("tillvault")
SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 21]


def alone(command: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """In a folder with the files alone, without any environment, and without a network where that can be had."""
    cut_off = ["unshare", "--user", "--map-root-user", "--net"]
    can = shutil.which("unshare") and subprocess.run([*cut_off, "true"], check=False, capture_output=True)
    prefix = cut_off if can and can.returncode == 0 else []
    return subprocess.run(
        [*prefix, *map(str, command)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_audit_runs_as_it_is_written(environment: dict[str, str]) -> None:
    given = environment | {"TILLVAULT": str(TILLVAULT)}

    done = subprocess.run(
        [HOWTO.with_suffix(".sh")], env=given, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stderr
    shown = re.search(r"```text\n(.*?)```", HOWTO.with_suffix(".md").read_text(), re.DOTALL)
    assert shown is not None
    assert done.stdout.strip() == shown[1].strip()


@pytest.mark.slow
def test_an_export_of_the_demo_vault_verifies_where_there_is_nothing_but_the_command_and_the_keys(
    environment: dict[str, str], tmp_path: Path
) -> None:
    demo: dict[str, Any] = json.loads((Path(environment["TILLVAULT_DATA_DIR"]) / "demo.json").read_text())
    key = next(one["api_key"] for one in demo["organisations"] if one["slug"] == "laplatine")
    with httpx.Client(base_url=demo["base_url"], headers={"Authorization": f"Bearer {key}"}) as http:
        ticket = {"tenant": "laplatine", "source_model": "pos.order", "source_id": "POS/audit", "ticket": {"n": 1}}
        assert http.post("/api/v1/pos-tickets", json=ticket).status_code in {200, 201}
        export = http.get("/api/v1/ledger/laplatine/export").content
        (tmp_path / "export.jsonl").write_bytes(export)
        (tmp_path / "jwks.json").write_bytes(http.get("/jwks.json").content)
    flips = [*range(len(export) // 2, len(export), max(1, len(export) // 120)), len(export) - 1]
    for at in flips:
        wrong = export[:at] + bytes([export[at] ^ 1 << at % 8]) + export[at + 1 :]
        (tmp_path / f"{at}.jsonl").write_bytes(wrong)

    held = alone([TILLVAULT, "verify", "export.jsonl", "--jwks", "jwks.json"], tmp_path)
    keyless = alone([TILLVAULT, "verify", "export.jsonl"], tmp_path)
    flipped = alone([TILLVAULT, "verify", *(f"{at}.jsonl" for at in flips), "--jwks", "jwks.json", "--json"], tmp_path)

    assert (held.returncode, keyless.returncode, flipped.returncode) == (0, 2, 1), held.stderr + flipped.stderr
    assert held.stdout.startswith("export.jsonl: holds (export): origin tillvault.local/laplatine")
    assert {json.loads(line)["outcome"] for line in flipped.stdout.splitlines()} == {"broken"}


# The comparison with an earlier checkpoint --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def log() -> Log:
    log = Log()
    for number in range(max(SIZES)):
        log = log.event() if number == 6 else log.ticket()
    return log


def kept(log: Log, size: int, path: Path) -> str:
    """A checkpoint as an auditor keeps it."""
    claims = evidence.checkpoint_claims(log.checkpoint(size), issuer="tillvault.local", issued_at=1)
    path.write_text(evidence.sign(KEY, claims))
    return path.name


def compare(folder: Path, *arguments: str) -> int:
    script = HOWTO.with_suffix(".py")
    return alone([sys.executable, "-S", "-I", script, *arguments], folder).returncode


def consistency(log: Log, old: int, new: int, path: Path, **changes: Any) -> str:
    def hash_at(level: int, index: int) -> bytes:
        return merkle.root_of_leaves(log.hashes[index << level : (index + 1) << level])

    hashes = [value.hex() for value in merkle.consistency_proof(old, new, hash_at)]
    path.write_text(json.dumps({"from": old, "to": new, "hashes": hashes} | changes))
    return path.name


@pytest.mark.parametrize("size", SIZES)
def test_an_earlier_checkpoint_is_found_again_in_the_log(log: Log, tmp_path: Path, size: int) -> None:
    earlier, later = (kept(log, at, tmp_path / f"{at}.jws") for at in (size, max(SIZES)))
    (tmp_path / "export.jsonl").write_bytes(log.export())
    proof = consistency(log, size, max(SIZES), tmp_path / "consistency.json")

    assert compare(tmp_path, earlier, "export.jsonl") == 0
    assert compare(tmp_path, earlier, later, proof) == 0


@pytest.mark.parametrize("size", SIZES)
def test_a_log_whose_past_was_changed_is_not_taken_for_the_earlier_one(log: Log, tmp_path: Path, size: int) -> None:
    """Whole and rightly signed, but another history."""
    other = Log().ticket(cashier="Marie")
    for _ in range(max(SIZES) - 1):
        other = other.ticket()
    earlier, later = kept(log, size, tmp_path / "earlier.jws"), kept(other, max(SIZES), tmp_path / "later.jws")
    (tmp_path / "export.jsonl").write_bytes(other.export())
    proofs = [
        consistency(other, size, max(SIZES), tmp_path / "true.json"),
        consistency(log, size, max(SIZES), tmp_path / "old.json"),
        consistency(log, size, max(SIZES), tmp_path / "none.json", hashes=[]),
    ]

    assert compare(tmp_path, earlier, "export.jsonl") == 1
    assert {compare(tmp_path, earlier, later, proof) for proof in proofs} == {1}


def test_what_is_no_checkpoint_cannot_be_compared(log: Log, tmp_path: Path) -> None:
    earlier = kept(log, 4, tmp_path / "earlier.jws")
    (tmp_path / "rubbish").write_text("rubbish")

    assert compare(tmp_path) == 2
    assert compare(tmp_path, "nowhere", earlier) == 2
    assert compare(tmp_path, "rubbish", "rubbish") == 2
    assert compare(tmp_path, earlier, "rubbish") == 2
    assert compare(tmp_path, earlier, earlier, "rubbish") == 2
