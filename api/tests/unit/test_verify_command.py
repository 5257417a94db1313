"""`tillvault verify`: a verdict on each file, and an exit code for scripts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.vaultlog import JWKS, Log
from tillvault.cli import app

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in a folder that has the keys."""
    (tmp_path / "jwks.json").write_text(json.dumps(JWKS))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["verify", *arguments])


@pytest.fixture
def log() -> Log:
    return Log().ticket().event().ticket().ticket()


def flipped(document: bytes, at: int) -> bytes:
    return document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :]


def token_of(log: Log, index: int) -> bytes:
    token = log.entries[index].token
    assert token is not None
    return token.encode()


def test_whatever_the_vault_hands_out_holds(run: Run, log: Log) -> None:
    Path("proof.json").write_bytes(log.proof(2))
    Path("export.jsonl").write_bytes(log.export())
    Path("evidence.jws").write_bytes(token_of(log, 0) + b"\n")

    result = run("proof.json", "export.jsonl", "evidence.jws", "--jwks", "jwks.json")

    assert result.exit_code == 0, result.output
    told = result.stdout.splitlines()
    assert told[0].startswith("proof.json: holds (proof): tenant laplatine, ledger_hash LEDGER:POS:00000002")
    assert told[1].startswith("export.jsonl: holds (export): origin tillvault.local/laplatine, size 4")
    assert told[2].startswith("evidence.jws: holds (evidence): tenant laplatine, ledger LEDGER:POS:00000001")


def test_a_flipped_byte_breaks_and_the_first_wrong_index_is_named(run: Run, log: Log) -> None:
    export = log.export()
    at = export.index(b"\n", export.index(b'"index":1')) + 40
    Path("export.jsonl").write_bytes(flipped(export, at))

    result = run("export.jsonl", "--jwks", "jwks.json")

    assert result.exit_code == 1
    assert result.stdout.startswith("export.jsonl: BROKEN at index 2: ")


def test_json_has_a_line_for_each_file_and_all_facts(run: Run, log: Log) -> None:
    Path("good.json").write_bytes(log.proof(0))
    Path("bad.json").write_bytes(flipped(log.proof(0), 100))

    result = run("good.json", "bad.json", "--jwks", "jwks.json", "--json")

    assert result.exit_code == 1
    good, bad = (json.loads(line) for line in result.stdout.splitlines())
    assert (good["file"], good["outcome"], good["kind"], good["reason"]) == ("good.json", "holds", "proof", None)
    assert good["facts"]["tree_size"] == 4
    assert (bad["file"], bad["outcome"], bad["kind"]) == ("bad.json", "broken", None)
    assert bad["reason"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["proof.json"], "name them with --jwks"),
        (["proof.json", "--jwks", "nowhere.json"], "The keys cannot be read"),
        (["proof.json", "--jwks", "proof.json"], "The keys cannot be used"),
        (["proof.json", "--jwks", "empty.json"], "There is no key to verify with"),
        (["nowhere.json", "--jwks", "jwks.json"], "The file cannot be read"),
        ([".", "--jwks", "jwks.json"], "The file cannot be read"),
    ],
)
def test_what_cannot_be_checked_is_not_called_broken(run: Run, log: Log, arguments: list[str], reason: str) -> None:
    Path("proof.json").write_bytes(log.proof(0))
    Path("empty.json").write_text('{"keys": []}')

    result = run(*arguments)

    assert result.exit_code == 2
    assert "could not be checked" in result.stdout
    assert reason in result.stdout


def test_of_several_files_the_broken_one_decides(run: Run, log: Log) -> None:
    Path("bad.json").write_bytes(flipped(log.proof(0), 100))
    Path("good.json").write_bytes(log.proof(0))

    assert run("nowhere.json", "good.json", "--jwks", "jwks.json").exit_code == 2
    assert run("nowhere.json", "bad.json", "good.json", "--jwks", "jwks.json").exit_code == 1


def test_keys_of_another_vault_do_not_verify(run: Run, log: Log) -> None:
    foreign: dict[str, Any] = {"keys": JWKS["keys"][1:]}
    Path("foreign.json").write_text(json.dumps(foreign))
    Path("evidence.jws").write_bytes(token_of(log, 0))

    assert run("evidence.jws", "--jwks", "foreign.json").exit_code == 1


def test_it_asks_for_no_settings_and_no_database(tmp_path: Path, log: Log) -> None:
    """With settings that every other command would refuse."""
    (tmp_path / "jwks.json").write_text(json.dumps(JWKS))
    (tmp_path / "export.jsonl").write_bytes(log.export())
    bare = {"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PORT": "no number"}

    found = subprocess.run(
        [sys.executable, "-m", "tillvault.cli", "verify", "export.jsonl", "--jwks", "jwks.json"],
        cwd=tmp_path,
        env=bare,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 0, found.stderr
    assert "export.jsonl: holds" in found.stdout
    assert {file.name for file in tmp_path.iterdir()} == {"jwks.json", "export.jsonl"}
