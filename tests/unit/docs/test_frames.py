"""Frames of the documentation are what the runtime takes and gives."""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter

from mozaiks.chats.commands import parse_frame
from mozaiks.chats.events import DURABLE
from mozaiks.errors import MozaiksError

from .blocks import README, blocks

FRAMES = [
    pytest.param(text, id=f"{block}:{place}")
    for block in blocks("json")
    for place, text in enumerate(
        block.text.splitlines() if all(line.startswith("{") for line in block.text.splitlines()) else [block.text]
    )
]


@pytest.mark.parametrize("text", FRAMES)
def test_a_frame_is_understood(text: str) -> None:
    frame = json.loads(text)
    if frame.get("type") in DURABLE:
        TypeAdapter(DURABLE[frame["type"]]).validate_python(frame["data"])
    elif "type" in frame:
        assert parse_frame(text).type == frame["type"]


def test_the_readme_shows_every_frame_a_client_may_send() -> None:
    shown = {json.loads(line)["type"] for line in _client_frames()}
    try:
        parse_frame('{"type": "nonsense"}')
    except MozaiksError as error:
        known = set(error.details["known"])
    assert shown == known - {"client.hello"}  # the same as client.resume


def _client_frames() -> list[str]:
    return next(block.text for block in blocks("json") if block.page == README).splitlines()
