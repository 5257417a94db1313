"""The tutorial does what it says, on a demo of its own that a real `tillvault serve --demo` runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.machinery import copy_folder, free_port

ROOT = Path(__file__).resolve().parents[3]
TUTORIAL = ROOT / "docs" / "tutorial" / "a-day-at-the-drawer"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of the tutorial, with the demo running."""
    port = free_port()
    folder = tmp_path_factory.mktemp("demo")
    plain = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    given = plain | {
        # The scripts ask Python for every value: this one is no script that looks for another.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        "TILLVAULT_DATA_DIR": str(copy_folder(made, folder / "var")),
        "WEBHOOKS_ALLOW_PRIVATE_TARGETS": "true",
    }
    with (folder / "serve.log").open("wb") as log:
        demo = subprocess.Popen(
            [Path(sys.executable).with_name("tillvault"), "serve", "--demo"], env=given, stdout=log, stderr=log
        )
    try:
        _await_ready(f"http://127.0.0.1:{port}", demo, folder / "serve.log")
        yield given
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=40)


def _await_ready(url: str, demo: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert demo.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def run(environment: dict[str, str], page: Path = TUTORIAL) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [page.with_suffix(".sh")], env=environment, capture_output=True, text=True, check=False, timeout=240
    )


def printed_in_the_text(page: Path = TUTORIAL) -> str:
    found = re.search(r"```text\n(.*?)```", page.with_suffix(".md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_day_runs_twice_and_prints_what_the_text_shows(environment: dict[str, str]) -> None:
    first = run(environment)
    second = run(environment)

    assert first.returncode == 0, first.stderr
    assert first.stdout.strip() == printed_in_the_text().strip()
    assert second.returncode == 0, second.stderr
    assert second.stdout.strip() == printed_in_the_text().replace("Z 1 of", "Z 2 of").strip()


def test_a_ticket_is_proven_and_a_forged_proof_is_not(environment: dict[str, str]) -> None:
    page = ROOT / "docs" / "tutorial" / "prove-a-ticket"
    command = {"TILLVAULT": str(Path(sys.executable).with_name("tillvault"))}

    done = subprocess.run(
        [page.with_suffix(".sh")], env=environment | command, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stderr
    shown = re.search(r"```text\n(.*?)```", page.with_suffix(".md").read_text(), re.DOTALL)
    assert shown is not None
    assert done.stdout.strip() == shown[1].strip()


def test_the_day_at_the_till_runs_whatever_was_left_and_prints_what_the_text_shows(environment: dict[str, str]) -> None:
    page = TUTORIAL.with_name("a-day-at-the-till")
    command = environment | {"TILLVAULT": str(Path(sys.executable).with_name("tillvault"))}
    with subprocess.Popen([page.with_suffix(".sh")], env=command, stdout=subprocess.PIPE, text=True) as cut:
        assert cut.stdout is not None
        for line in cut.stdout:
            if line.startswith("4. "):
                cut.terminate()
                break

    done = run(command, page)

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == printed_in_the_text(page).strip()


def test_a_run_finishes_what_an_interrupted_one_left(environment: dict[str, str]) -> None:
    with subprocess.Popen([TUTORIAL.with_suffix(".sh")], env=environment, stdout=subprocess.PIPE, text=True) as cut:
        assert cut.stdout is not None
        for line in cut.stdout:
            if line.startswith("6. "):
                cut.kill()
                break

    after = run(environment)

    assert after.returncode == 0, after.stderr
    assert "Juan's drawer of an earlier run is closed by force" in after.stdout


def test_a_run_without_a_demo_fails_and_says_what_to_do(tmp_path: Path) -> None:
    done = run({"PATH": os.environ["PATH"], "TILLVAULT_DATA_DIR": str(tmp_path)})

    assert done.returncode == 1
    assert "make run" in done.stderr
