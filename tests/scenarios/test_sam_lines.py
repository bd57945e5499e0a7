"""The lines for `sam local` in `events/README.md`: each function takes its event, under AWS's own runtime client."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from mozaiks_local.client import start_chat

from .conftest import ROOT, House

CHAT = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"
PAGE = (ROOT / "events" / "README.md").read_text(encoding="utf-8")
LINES = [shlex.split(line) for line in re.findall(r"^\S*sam local .+$", PAGE, re.MULTILINE)]
INVOKED = [(words[3], words[words.index("--event") + 1]) for words in LINES if words[2] == "invoke"]


def test_every_function_is_invoked_by_a_line(house: House) -> None:
    assert {function for function, _ in INVOKED} == set(house.stack.template.functions)


def test_every_line_uses_the_template_that_names_the_addresses() -> None:
    assert {words[words.index("--template") + 1] for words in LINES} == {".mozaiks/sam-local/template.json"}
    assert {words[2] for words in LINES} == {"start-lambda", "start-api", "invoke"}


@pytest.mark.parametrize(("function", "file"), INVOKED)
def test_the_function_takes_the_event(house: House, play: Any, function: str, file: str) -> None:
    started = play(start_chat(house.stack.http_url, "acme", "HelloWorld", "ann", force_new=True))
    text = (ROOT / file).read_text(encoding="utf-8")
    result = house.stack.invoke(function, json.loads(text.replace(CHAT, started.chat_id)))
    assert result.error is None, result.payload
    if file.startswith("events/http-"):
        assert result.json()["statusCode"] == 200


def test_a_slice_of_a_chat_that_is_not_there_ends_as_the_page_says(house: House) -> None:
    event = json.loads((ROOT / "events" / "orchestrate-slice.json").read_text(encoding="utf-8"))
    result = house.stack.invoke("OrchestrateFunction", event)
    assert result.json()["outcome"] == "cancelled"
