"""`tillvault serve` on an embedded PostgreSQL: starts, stops, and what is left when something was killed in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.machinery import Serving, copy_folder, environment, query, until
from tillvault.core import processes
from tillvault.core.embedded import EmbeddedPostgres

Serve = Callable[..., Serving]


@pytest.fixture
def data_dir(made: Path, tmp_path: Path) -> Path:
    return copy_folder(made, tmp_path / "var")


@pytest.fixture
def serve() -> Generator[Serve]:
    started: list[Serving] = []

    def start(folder: Path, **how: object) -> Serving:
        started.append(Serving(folder, **how))  # pyright: ignore[reportArgumentType]  # passed on as it is
        return started[-1]

    yield start
    for serving in started:
        serving.clean_up()


def is_over(pid: int | None) -> bool:
    return pid is not None and not processes.is_running(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_wanted_stop_ends_api_and_database_and_the_next_start_works(
    data_dir: Path, serve: Serve, number: signal.Signals
) -> None:
    first = serve(data_dir).ready()
    postmaster = first.postmaster

    status = first.end(number)

    assert status == 0
    assert is_over(postmaster)
    assert serve(data_dir).ready().end() == 0


def test_the_very_first_start_makes_the_database_and_keeps_its_secrets_private(tmp_path: Path, serve: Serve) -> None:
    serving = serve(tmp_path / "new" / "var").ready()

    keys = list((tmp_path / "new" / "var" / "keys").iterdir())

    assert {key.name for key in keys} == {
        "checkpoint.pem",
        "evidence.pem",
        "jwks.json",
        "pin_pepper",
        "token_secret",
        "receipt_secret",
        "webhook_secret",
    }
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert serving.end() == 0


def test_log_lines_are_json_and_carry_the_request_id(data_dir: Path, serve: Serve) -> None:
    serving = serve(data_dir).ready()

    answer = httpx.get(f"{serving.url}/v1/branches", headers={"X-Request-Id": "from-the-till-7"})
    serving.end()

    assert answer.headers["X-Request-Id"] == "from-the-till-7"
    (line,) = [each for each in serving.records if each.get("request_id") == "from-the-till-7"]
    assert line["event"] == "http.request"
    assert (line["method"], line["route"], line["status"], line["code"]) == (
        "GET",
        "/v1/branches",
        401,
        "UNAUTHORIZED",
    )


def test_a_killed_serve_leaves_a_database_that_the_next_start_takes_over(data_dir: Path, serve: Serve) -> None:
    killed = serve(data_dir).ready()
    postmaster = killed.postmaster
    killed.end(signal.SIGKILL)
    assert not is_over(postmaster)

    successor = serve(data_dir).ready()

    assert successor.postmaster == postmaster
    assert successor.end() == 0
    assert is_over(postmaster)


def test_serve_and_database_killed_together_start_again_at_once(data_dir: Path, serve: Serve) -> None:
    killed = serve(data_dir).ready()
    postmaster = killed.postmaster
    assert postmaster is not None
    os.kill(postmaster, signal.SIGKILL)
    killed.end(signal.SIGKILL)

    successor = serve(data_dir).ready()

    assert successor.postmaster != postmaster
    assert successor.end() == 0


def test_a_killed_postmaster_that_nobody_has_reaped_is_no_running_server(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        postmaster = processes.pid_in(server.pgdata / "postmaster.pid")
        assert postmaster is not None
        os.kill(postmaster, signal.SIGKILL)
        until(lambda: not processes.is_running(postmaster))

        server.start()

        assert query(server.dsn(), "SELECT 1 AS one")[0]["one"] == 1


def test_the_pid_file_of_another_living_process_does_not_hold_a_start_up(data_dir: Path) -> None:
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data_dir}\n")

    with EmbeddedPostgres(data_dir) as server:
        assert query(server.dsn(), "SELECT 1 AS one")[0]["one"] == 1


def test_a_first_start_that_was_killed_half_way_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    (folder / "postgres.new-1").mkdir(parents=True)
    (folder / "postgres.new-1" / "PG_VERSION").write_text("18\n")
    (folder / "postgres").mkdir()

    with EmbeddedPostgres(folder) as server:
        assert query(server.dsn(database="postgres"), "SELECT 1 AS one")[0]["one"] == 1

    assert not list(folder.glob("postgres.new-*"))


@pytest.mark.parametrize("name", ["d" * 120 + "/" + "e" * 120, "with spaces in it", "comma, 'quote' and é"])
def test_any_data_folder_will_do(made: Path, tmp_path: Path, name: str) -> None:
    folder = copy_folder(made, tmp_path / name)

    with EmbeddedPostgres(folder) as server:
        assert query(server.dsn(), "SELECT 1 AS one")[0]["one"] == 1


def test_the_drivers_environment_does_not_lead_elsewhere(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "nowhere.invalid")

    with EmbeddedPostgres(data_dir) as server:
        assert query(server.dsn(), "SELECT 1 AS one")[0]["one"] == 1


def test_a_second_start_on_the_same_folder_is_refused_and_harms_nothing(data_dir: Path, serve: Serve) -> None:
    first = serve(data_dir).ready()

    same_port = serve(data_dir, port=first.port)
    other_port = serve(data_dir)

    assert same_port.process.wait(timeout=20) == 2
    assert other_port.process.wait(timeout=20) == 2
    assert "Another tillvault runs on" in other_port.said
    assert "Traceback" not in other_port.said
    assert (first.health() or {})["status"] == "ok"
    assert first.end() == 0


def test_a_port_in_use_is_a_clear_sentence_and_starts_no_database(data_dir: Path, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = serve(data_dir, port=port)

        assert refused.process.wait(timeout=20) == 2
    assert f"Cannot listen on 127.0.0.1 port {port}: Address already in use." in refused.said
    assert refused.postmaster is None


def test_a_stop_while_it_starts_leaves_nothing(data_dir: Path, serve: Serve) -> None:
    serving = serve(data_dir)
    until(lambda: serving.postmaster is not None)
    postmaster = serving.postmaster

    serving.end()

    until(lambda: is_over(postmaster), what="the end of PostgreSQL")


def test_a_setting_that_is_wrong_is_a_sentence_that_keeps_the_value_to_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tillvault.cli", "serve"],
        env=environment({"TILLVAULT_TOKEN_SECRET": "short-secret", "TILLVAULT_DATA_DIR": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "TILLVAULT_TOKEN_SECRET: Value error, must have 32 characters or more" in done.stderr
    assert "short-secret" not in done.stderr + done.stdout


@pytest.mark.slow
def test_several_workers_share_the_port_and_end_together(data_dir: Path, serve: Serve) -> None:
    serving = serve(data_dir, settings={"TILLVAULT_WORKERS": "2"}).ready()
    postmaster = serving.postmaster

    assert serving.end() == 0
    assert is_over(postmaster)


@pytest.mark.slow
def test_the_workers_of_a_killed_serve_give_the_port_back(data_dir: Path, serve: Serve) -> None:
    killed = serve(data_dir, settings={"TILLVAULT_WORKERS": "2"}).ready()
    workers = psutil.Process(killed.process.pid).children(recursive=True)
    killed.end(signal.SIGKILL)
    psutil.wait_procs([each for each in workers if "postgres" not in each.name()], timeout=20)

    successor = serve(data_dir, port=killed.port).ready()

    assert successor.end() == 0
