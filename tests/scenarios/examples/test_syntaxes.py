"""The same workflow in YAML and in JSON is the same workflow, with the same conversations."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import pytest

from mozaiks.manifests import inspect_workflow
from mozaiks.manifests.convert import convert_workflow
from mozaiks_local.client import ChatClient

from ..conftest import House, turn
from .test_coverage import EXAMPLES, WORKFLOWS
from .test_intake_interview import ANSWERS, interview

TOLD = ("chat.text", "chat.tool_call", "chat.tool_response", "context_update", "chat.structured_output_ready")


def rewrite(folder: Path, to: Literal["yaml", "json"]) -> int:
    """Replace the manifests by those in the other syntax; how many."""
    changed = convert_workflow(folder, to)
    for old, (new, text) in changed.items():
        (folder / old).unlink()
        (folder / new).write_text(text, encoding="utf-8")
    return len(changed)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_the_same_version_in_the_other_syntax(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(WORKFLOWS / name, folder)
    before = inspect_workflow(folder).spec
    assert rewrite(folder, "yaml" if (folder / "agents.json").exists() else "json") >= 2
    after = inspect_workflow(folder)
    assert [str(problem) for problem in after.problems] == []
    assert after.spec == before


def test_a_conversation_is_the_same_in_both_syntaxes(house: House, play: Any) -> None:
    folder = house.workflows / "IntakeInterview"

    def told(chat_id: str) -> list[tuple[str, Any]]:
        data = [(event.type, dict(event.data)) for event in house.log(chat_id) if event.type in TOLD]
        for _, each in data:
            for own in ("message_id", "turn_idempotency_key"):
                each.pop(own, None)
        return data

    in_yaml, _ = play(interview(house))
    assert rewrite(folder, "json") >= 5
    try:
        in_json, _ = play(interview(house))
    finally:
        rewrite(folder, "yaml")
    assert told(in_yaml) == told(in_json)
    assert len(told(in_yaml)) > 15


def test_a_chat_goes_on_when_its_manifests_are_written_in_the_other_syntax(house: House, play: Any) -> None:
    folder = house.workflows / "IntakeInterview"

    async def scenario() -> list[str]:
        started = await house.start("IntakeInterview")
        async with ChatClient(started.websocket_url) as chat:
            statuses = [(await turn(chat))[-1].data["status"]]
            statuses.append((await turn(chat, ANSWERS[0]))[-1].data["status"])
            rewrite(folder, "json")
            statuses += [(await turn(chat, answer))[-1].data["status"] for answer in ANSWERS[1:]]
        return statuses

    try:
        assert play(scenario()) == ["waiting", "waiting", "waiting", "completed"]
    finally:
        rewrite(folder, "yaml")
