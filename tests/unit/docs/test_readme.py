"""What the README says of the product is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.events import DURABLE

from .blocks import README, ROOT, Block, blocks, pages

TEXT = README.read_text(encoding="utf-8")
HANDLED = {"sh", "yaml", "python", "json", "text", "mermaid"}
NOT_DURABLE = {"chat.print", "chat_meta"}


class _Template(yaml.SafeLoader):
    """Reads a template; what CloudFormation's tags stand for does not matter here."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("block", blocks(), ids=str)
def test_every_block_is_in_a_language_some_test_runs(block: Block) -> None:
    assert block.language in HANDLED


def test_the_table_of_the_deployment_is_the_template() -> None:
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Template)  # noqa: S506 - a SafeLoader
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", section("What is deployed"), re.MULTILINE)
    assert sorted(re.findall(r"\w+", " ".join(rows))) == sorted(template["Resources"])


def test_the_picture_names_events_functions_and_files_that_exist() -> None:
    (picture,) = blocks("mermaid")
    names = set(re.findall(r"\bchat[._][a-z_]+", picture.text))
    assert names
    assert names <= set(DURABLE) | NOT_DURABLE
    assert "user.input.submit" in picture.text
    assert SubmitInput(type="user.input.submit", text="x").type in picture.text
    participants = dict(re.findall(r"participant (\w+) as (.+)", picture.text))
    functions = {path.name for path in (ROOT / "functions").iterdir()}
    assert set(participants["F"].split(" / ")) | {participants["O"]} <= functions
    assert (ROOT / "statemachines" / participants["S"]).is_file()


def test_the_licence_is_the_declared_one() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["license"]
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert declared == "MIT"
    assert licence.startswith("MIT License\n")
    assert "Mozaiks contributors" in licence


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target
