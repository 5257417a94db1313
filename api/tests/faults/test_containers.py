"""docker-compose.yml and the Dockerfile: what they promise, and their start commands on the plain machine."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.machinery import Serving, environment, execute, query
from tillvault import reference
from tillvault.core.config import Settings
from tillvault.core.embedded import EmbeddedPostgres

ROOT = reference.ROOT
DOTENV = {"TILLVAULT_OWNER_PASSWORD": "ownersecret", "TILLVAULT_APP_PASSWORD": "appsecret"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "api" / "Dockerfile").read_text()


def filled(text: str, values: Mapping[str, str]) -> str:
    """`${NAME:-default}` and `${NAME:?message}` as docker compose reads them."""

    def one(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        if kind == ":?" and not values.get(name):
            raise KeyError(name)
        return values.get(name) or (filled(rest, values) if kind == ":-" else "")

    return re.sub(r"\$\{(\w+)(:[-?])((?:[^{}]|\$\{[^}]*\})*)\}", one, text)


def test_every_service_has_a_health_check_and_starts_after_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert set(services) == {"postgres", "redis", "migrate", "api", "relay", "bot"}
    assert all("test" in services[name]["healthcheck"] for name in ("postgres", "redis", "api", "relay", "bot"))
    assert services["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert services["api"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }
    assert services["relay"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_only_the_api_is_published_and_what_must_last_has_a_volume(compose: dict[str, Any]) -> None:
    services = compose["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["api"]
    assert compose["networks"]["internal"] == {"internal": True}
    assert all("internal" in service["networks"] for service in services.values())
    volumes = {name: service.get("volumes", []) for name, service in services.items()}
    assert volumes["postgres"] == ["database:/var/lib/postgresql/data"]
    assert volumes["redis"] == ["redis:/data"]
    # Both sign with the same keys.
    assert volumes["api"] == volumes["relay"] == ["api:/data"]
    assert set(compose["volumes"]) == {"database", "redis", "api"}


def test_the_api_gets_every_setting_and_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    given = compose["services"]["api"]["environment"]
    wanted = {reference.variable(name, info) for name, info in Settings.model_fields.items()}

    # Addresses that may do more than the app's are kept out of the environment of what faces the network.
    assert wanted - set(given) == {"DATABASE_OWNER_URL", "DATABASE_BACKUP_URL"}
    for name, value in given.items():
        if name not in {"HOST", "PORT", "REDIS_URL", "TILLVAULT_DATA_DIR"}:
            assert value.startswith("${") or "${" in value, name
    text = (ROOT / "docker-compose.yml").read_text()
    for password in DOTENV:
        assert set(re.findall(rf"\$\{{{password}(:.)", text)) == {":?"}
    with pytest.raises(KeyError):
        filled(text, {})
    # Empty values count as unset: what .env leaves out has its default.
    left = {name: filled(str(value), DOTENV) for name, value in given.items()}
    assert Settings.model_validate({name: value for name, value in left.items() if value}).port == 8000


def test_the_image_runs_as_a_plain_user_and_copies_what_exists(dockerfile: str, compose: dict[str, Any]) -> None:
    lines = [line.strip() for line in dockerfile.replace("\\\n", " ").splitlines()]
    copied = [
        source
        for line in lines
        if line.startswith("COPY ") and "--from" not in line and "<<" not in line
        for source in line.split()[1:-1]
    ]

    assert "USER tillvault" in lines
    assert f"CMD {compose['services']['api']['command']}".replace("'", '"') in lines
    assert any(line.startswith("HEALTHCHECK ") and "healthcheck.py" in line for line in lines)
    assert "--require-hashes" in dockerfile
    assert all((ROOT / source).exists() for source in copied), copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert all(f"!{source}" in ignored for source in copied)
    assert compose["services"]["api"]["healthcheck"]["test"] == ["CMD", "python", "/app/api/healthcheck.py"]


def test_the_image_installs_the_versions_that_were_tested() -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([a-z0-9][\w.-]*==[^\s;]+)", path.read_text(), re.MULTILINE))

    run_time = pins(ROOT / "api" / "requirements.lock")

    assert len(run_time) > 30
    assert run_time <= pins(ROOT / "requirements.lock")


@pytest.mark.slow
def test_the_start_commands_bring_up_a_working_api(compose: dict[str, Any], tmp_path: Path) -> None:
    """As compose does: a bare PostgreSQL with an owner, the one-shot migration, then the API as the app's role."""
    owner, app = "tillvault_owner", "tillvault_till"
    migrate, serve = (compose["services"][name]["command"] for name in ("migrate", "api"))
    assert migrate[0] == serve[0] == "tillvault"
    assert f"//{owner}:" in compose["services"]["migrate"]["environment"]["DATABASE_OWNER_URL"]
    assert f"//{app}:" in compose["services"]["api"]["environment"]["DATABASE_URL"]
    with EmbeddedPostgres(tmp_path / "postgres-host") as server:
        # The image of PostgreSQL makes its user a superuser.
        execute(server.dsn(database="postgres"), f"CREATE ROLE {owner} LOGIN SUPERUSER")
        execute(server.dsn(database="postgres"), f"CREATE DATABASE tillvault OWNER {owner}")
        app_url = {"DATABASE_URL": server.dsn(app)}

        early = Serving(tmp_path / "early", settings=app_url, command=serve[1:])
        assert early.process.wait(timeout=30) == 2
        migrated = [
            subprocess.run(
                [sys.executable, "-m", "tillvault.cli", *migrate[1:]],
                env=environment({**app_url, "DATABASE_OWNER_URL": server.dsn(owner)}),
                check=False,
            ).returncode
            for _ in range(2)
        ]
        serving = Serving(tmp_path / "data", settings=app_url, command=serve[1:])
        try:
            serving.ready()
            healthy = subprocess.run(
                [sys.executable, ROOT / "api" / "healthcheck.py"],
                env=environment({"PORT": str(serving.port)}),
                check=False,
            ).returncode
            ended = serving.end(signal.SIGTERM)
        finally:
            serving.clean_up()
        gone = subprocess.run(
            [sys.executable, ROOT / "api" / "healthcheck.py"],
            env=environment({"PORT": str(serving.port)}),
            check=False,
        ).returncode

        assert migrated == [0, 0]
        assert (healthy, ended, gone) == (0, 0, 1)
        assert not (tmp_path / "data" / "postgres").exists()
        assert query(server.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = $1", app)[0]["rolsuper"] is False
