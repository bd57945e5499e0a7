"""Pages of ``docs/`` have their shape, and what they name exists."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from mozaiks.errors import CODES
from mozaiks.settings import Settings
from mozaiks.store.indexes import INDEXES
from mozaiks.web.problems import OF_HTTP

from .blocks import ROOT, pages

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
ROOTS = (ROOT, ROOT / "layers" / "runtime" / "mozaiks")
PAGES = [page for page in pages() if page.parent != ROOT]


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem[:40])
def test_a_decision_tells_drivers_options_choice_and_consequences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.match(rf"# {page.name[:4]} \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Drivers", "Options", "Choice", "Consequences"]
    assert text.count("\n") <= 60


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem[:40])
def test_files_that_are_named_exist(page: Path) -> None:
    for path in re.findall(r"`([\w.-]+(?:/[\w.-]+)*/[\w.-]*)`", prose(page)):
        if not (path.startswith((".mozaiks", "demo/")) or "<" in path):
            assert any((root / path).exists() for root in ROOTS), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem[:40])
def test_codes_and_settings_that_are_named_exist(page: Path) -> None:
    known = (
        set(CODES)
        | set(OF_HTTP.values())
        | {name.upper() for name in Settings.model_fields}
        | {"APP_MONGOD", "TEST_MONGODB_URI"}
    )
    for name in re.findall(r"`([A-Z][A-Z_]{3,})`", prose(page)):
        assert name in known, name


def test_indexes_that_decisions_lean_on_exist() -> None:
    assert {index.document["name"] for index in INDEXES["chat_events"]} >= {"once_per_seq", "by_type"}
    assert INDEXES["tool_results"][0].document["unique"]


def test_modules_of_the_floors_exist() -> None:
    rows = re.findall(r"^\| \d[^|]*\| (.+) \|$", prose(ROOT / "docs" / "development.md"), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)}
    assert names >= {"errors", "chats.service", "store", "bootstrap", "web"}
    for name in names:
        assert importlib.util.find_spec(f"mozaiks.{name}") is not None
