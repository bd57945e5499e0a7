"""Every command of the documentation exists, with the options and the variables it is given."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer.main
from fastapi.testclient import TestClient

from mozaiks.bootstrap import Parts
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks.web.app import create_app
from mozaiks_local.cli.app import app as mozaiks
from mozaiks_local.cli.config import setting_rows

from .blocks import README, ROOT, blocks, pages

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ASSIGNMENT = re.compile(r"(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)", re.DOTALL)
COMMANDS = [
    pytest.param(line, id=f"{block}:{line}"[:100])
    for block in blocks("sh")
    for line in block.text.splitlines()
    if line.strip() and not line.startswith("#")
] + [
    pytest.param(command, id=f"{page.name}:{command}")
    for page in pages()
    for command in re.findall(r"`((?:make|mozaiks|\.venv/bin/mozaiks) [^`…]+)`", page.read_text(encoding="utf-8"))
]
VARIABLES = (
    {"TEST_MONGODB_URI", "MOZAIKS_TOKEN"}
    | set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.MULTILINE))
    | {name for row in setting_rows(Settings()) for name in (row.name, *row.aliases)}
)


@pytest.fixture
def api(config: Settings) -> Iterator[TestClient]:
    parts = Parts(config)
    ensure_indexes(parts.database)
    yield TestClient(create_app(parts))
    parts.database.client.close()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_exists(line: str, request: pytest.FixtureRequest) -> None:
    words = shlex.split(line)
    while (given := ASSIGNMENT.fullmatch(words[0])) is not None:
        assert given["name"] in VARIABLES, f"nothing reads {given['name']}"
        words.pop(0)
    match words:
        case ["make", *rest]:
            _check_make(rest)
        case [".venv/bin/mozaiks" | "mozaiks", *rest]:
            _check_mozaiks(rest)
        case [".venv/bin/python" | "python", "-m", module, *_]:
            assert importlib.util.find_spec(module) is not None
        case ["curl", *rest]:
            _check_curl(rest, request.getfixturevalue("api"))
        case ["cp", source, target]:
            assert (ROOT / source).is_file()
            assert target == "workflows/requirements.txt"
        case ["mkdir", "-p", *folders]:
            assert all(folder.startswith("workflows/") for folder in folders)
        case _:
            pytest.fail(f"no test knows the command {words[0]!r}")


def _check_make(words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    for word in words:
        given = ASSIGNMENT.fullmatch(word)
        assert word in targets if given is None else given["name"] in VARIABLES
    arguments = [word.removeprefix("ARGS=") for word in words if word.startswith("ARGS=")]
    if words[0] == "dev" and arguments:
        _check_mozaiks(["dev", *shlex.split(arguments[0])])


def _check_mozaiks(words: list[str]) -> None:
    """Parse the words as the command line would, and carry nothing out."""
    command: Any = typer.main.get_command(mozaiks)
    context = command.make_context("mozaiks", [*words])
    rest = [*words]
    while hasattr(command, "commands"):
        name = rest.pop(0)
        assert name in command.commands, f"mozaiks has no command {name!r}"
        command = command.commands[name]
    with context, command.make_context(command.name, rest, parent=context) as parsed:
        assert parsed.command is command


def _check_curl(words: list[str], api: TestClient) -> None:
    """Send the request to the HTTP API, in this process."""
    method, url, body, headers = "GET", "", None, {}
    while words:
        match words.pop(0):
            case "-X":
                method = words.pop(0)
            case "-d":
                body = words.pop(0)
            case "-H":
                name, _, value = words.pop(0).partition(": ")
                headers[name] = value
            case word:
                assert not word.startswith("-"), f"no test knows curl's {word}"
                url = word
    address = urlsplit(url)
    assert address.netloc == "127.0.0.1:8000"
    answer = api.request(method, f"{address.path}?{address.query}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.json().get("status") == "ok" or answer.json()["websocket_url"]


def test_the_quick_start_is_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    section = text.index("## Quick start"), text.index("## Try it")
    lines = [text.count("\n", 0, place) + 1 for place in section]
    quick = [block.text.strip() for block in blocks() if block.page == README and lines[0] < block.line < lines[1]]
    assert quick == ["make dev", "make test"]


def test_every_make_target_is_documented() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", MAKEFILE, re.MULTILINE)) - {"help"}
    shown = {word for block in blocks("sh") for word in re.findall(r"\bmake ([a-z]+)", block.text)}
    assert shown == targets
