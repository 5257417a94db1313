"""The bot's image, its place in docker-compose.yml, and its settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from outside import PYTHON, ROOT


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["bot"]


def test_the_bot_starts_only_when_asked_for_and_gets_every_setting(service: dict[str, Any]) -> None:
    wanted = set(re.findall(r"^#? ?(BOT_[A-Z_]+)=", (ROOT / "bot" / "env.example").read_text(), re.MULTILINE))

    assert service["profiles"] == ["bot"]
    assert set(service["environment"]) == wanted
    assert "ports" not in service


def test_the_image_runs_as_a_plain_user_and_copies_what_exists() -> None:
    dockerfile = (ROOT / "bot" / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (bot/\S+)", dockerfile, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert "USER tillvault-bot" in dockerfile
    assert "--require-hashes" in dockerfile
    assert copied == ["bot/requirements.lock", "bot/src"]
    assert all(f"!{source}" in ignored for source in copied)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "BOT_TELEGRAM_TOKEN: Field required"),
        (
            {"BOT_TELEGRAM_TOKEN": "42:x", "BOT_API_KEY": "tv_x", "BOT_WEBHOOK_URL": "https://bot.example/telegram"},
            "BOT_WEBHOOK_SECRET must have",
        ),
    ],
    ids=["without a token", "a webhook without its secret"],
)
def test_a_bot_that_cannot_work_says_what_is_missing(tmp_path: Path, given: dict[str, str], says: str) -> None:
    ended = subprocess.run(
        [PYTHON, "-m", "tillvault_bot"],
        env=given,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
