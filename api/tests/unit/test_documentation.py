"""What the documentation names exists: files, headings, commands, settings, paths of the API, codes of refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tillvault.cli import app as command_line
from tillvault.core.config import Settings
from tillvault.core.errors import REGISTRY
from tillvault.core.http.openapi import document
from tillvault.main import create_app

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"```.*?```", re.DOTALL)
_CODE = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_PATH = re.compile(r"(?<![\w.])(/(?:v1|api|health|metrics)(?:/[^\s`\"'?|,)]*)?)")
_COMMAND = re.compile(r"(?:^|\s|/)tillvault ((?:(?:db|vault|keys|exports) )?[a-z]+)(?=$|[\s;])")
_TEST_VARIABLES = {"TILLVAULT_TEST_POSTGRES_BIN"}
_ADDRESS = re.compile(r"\$URL|https?://[^/\s`]+")
_FOLDERS_OF_PATHS = {"/api", "/v1", "/api/auth", "/api/tpv", "/api/tienda", "/api/v1"}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code_in(page: Path) -> Iterator[str]:
    """The commands and the words in code style."""
    for block, word in _CODE.findall(page.read_text()):
        yield block or word


def anchors_of(page: Path) -> set[str]:
    """The headings as GitHub makes anchors of them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def variables_in(page: Path) -> set[str]:
    return set(re.findall(r"\bTILLVAULT_[A-Z0-9_]+\b", page.read_text()))


def commands_of(group: typer.Typer, prefix: str = "") -> set[str]:
    own = {
        prefix + (command.name or (command.callback.__name__ if command.callback else ""))
        for command in group.registered_commands
    }
    below = [
        commands_of(inner.typer_instance, f"{prefix}{inner.name} ")
        for inner in group.registered_groups
        if inner.typer_instance
    ]
    return own.union(*below)


@pytest.fixture(scope="module")
def known_paths() -> list[re.Pattern[str]]:
    templates: dict[str, object] = document(create_app(Settings()))["paths"]
    return [re.compile(re.sub(r"\\\{[^/]+\\\}", r"[^/]+", re.escape(template)) + "/?$") for template in templates]


@pages
def test_every_link_leads_somewhere(page: Path) -> None:
    broken: list[str] = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)

    assert broken == []


@pages
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for code in code_in(page) for name in re.findall(r"(?:^|\n)\s*make ([a-z]+)", code)}

    assert named - targets == set()


@pages
def test_every_command_exists(page: Path) -> None:
    known = commands_of(command_line)
    named = {
        " ".join(words)
        for code in code_in(page)
        for words in (found.split() for found in _COMMAND.findall(code.replace("`", "")))
    }

    assert named - known == set()


@pages
def test_every_setting_exists(page: Path) -> None:
    known = variables_in(ROOT / "docs" / "reference" / "settings.md")

    assert variables_in(page) - known - _TEST_VARIABLES == set()


@pages
def test_every_path_of_the_api_exists(page: Path, known_paths: list[re.Pattern[str]]) -> None:
    unknown: list[str] = []
    for code in code_in(page):
        for path in _PATH.findall(_ADDRESS.sub("", code)):
            plain = path.rstrip("/.…")
            if plain not in _FOLDERS_OF_PATHS and not any(known.match(plain) for known in known_paths):
                unknown.append(path)

    assert unknown == []


@pages
def test_every_json_example_is_json(page: Path) -> None:
    for example in re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL):
        json.loads(example)


@pages
def test_every_refusal_named_with_its_status_exists(page: Path) -> None:
    named = re.findall(r"\b([1-5]\d\d) `([A-Z_]+)`", page.read_text())

    assert [(status, code) for status, code in named if code not in REGISTRY] == []
    assert [(status, code) for status, code in named if int(status) not in {REGISTRY[code].status, 422}] == []


def test_the_index_lists_every_decision() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text())

    assert listed == sorted(page.name for page in folder.glob("0*.md"))
