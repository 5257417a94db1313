"""core.config and the files that are generated from the classes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from tillvault import reference
from tillvault.core.config import Settings


def test_the_generated_files_are_what_the_classes_say() -> None:
    assert reference.stale() == [], "run `make openapi`"


def test_writing_gives_files_that_are_fresh_and_names_those_that_were_not(tmp_path: Path) -> None:
    written = reference.write(tmp_path)
    again = reference.write(tmp_path)
    (tmp_path / "env.example").write_text("changed")

    assert written == list(reference.FILES)
    assert again == []
    assert reference.stale(tmp_path) == ["env.example"]


def test_the_environment_changes_nothing_in_the_generated_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PORT": "9", "TILLVAULT_CORS_ORIGINS": "https://x.example", "TILLVAULT_WORKERS": "no"}.items():
        monkeypatch.setenv(name, value)

    assert reference.stale() == []


def test_env_example_names_every_setting_and_no_value_is_a_secret() -> None:
    text = reference.env_example()

    for name, info in Settings.model_fields.items():
        assert f"\n#{reference.variable(name, info)}=" in text
        assert info.description, name


def test_settings_come_from_the_environment_and_an_empty_one_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("HOST", "")
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("TILLVAULT_CORS_ORIGINS", " https://a.example , https://b.example,")
    monkeypatch.setenv("TILLVAULT_DATA_DIR", "/somewhere")

    settings = Settings()

    assert settings.port == 8123
    assert settings.host == "127.0.0.1"
    assert settings.embedded
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.keys_folder == Path("/somewhere/keys")
    assert settings.public_url == "http://127.0.0.1:8123"
    assert settings.argon2_threads == os.cpu_count()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "65536"),
        ("PORT", "http"),
        ("TILLVAULT_WORKERS", "0"),
        ("TILLVAULT_TOKEN_SECRET", "short"),
        ("TILLVAULT_PIN_PEPPER", "x" * 31),
        ("TILLVAULT_LOG_LEVEL", "loud"),
        ("TILLVAULT_MAX_BODY_BYTES", "1"),
    ],
)
def test_a_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=name):
        Settings()


def test_secrets_do_not_show_in_what_is_printed() -> None:
    settings = Settings.model_validate({"database_url": "postgresql://till:hush@db/x", "token_secret": "s" * 32})

    assert "hush" not in repr(settings)
    assert "s" * 32 not in repr(settings)
