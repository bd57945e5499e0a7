"""The tasks of an execution around the children of its chat, as Step Functions calls them."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from mozaiks.access.principal import Principal, Tenant
from mozaiks.bootstrap import Parts
from mozaiks.chats.greeting import facts_of
from mozaiks.manifests import Workflows
from mozaiks_local.demo_model import DemoModel

from .aws import Aws
from .conftest import ANN, CONNECTION, ROOT, Call, Read

TOKEN = "AQC-canary-of-a-child"


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    """The example of children in a folder of its own."""
    for name in ("AgentGenerator", "AgentPersona", "AgentToolkit"):
        shutil.copytree(ROOT / "workflows" / name, tmp_path / "workflows" / name)
    return tmp_path / "workflows"


@pytest.fixture
def environment(
    environment: dict[str, str], workflows: Path, demo: DemoModel, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    monkeypatch.setenv("DEMO_MODEL_URL", demo.url)
    monkeypatch.setenv("MOZAIKS_WORKFLOWS_PATH", str(workflows))
    return environment


@pytest.fixture
def paused(parts: Parts, workflows: Path, call: Call, event: Read) -> tuple[str, list[str]]:
    """A chat that waits for its children, and their ids."""
    spec = Workflows(workflows).get("AgentGenerator").spec
    started = parts.service.start(ANN, facts_of(spec), initial_message="An agent that answers guests of a campsite")
    chat_id = started.chat.chat_id
    assert call("orchestrate", event("orchestrate-slice", chat_id=chat_id))["outcome"] == "children"
    listed = call("orchestrate", event("orchestrate-children", chat_id=chat_id))
    assert 290 < listed["seconds"] <= 300
    return chat_id, listed["children"]


def opening(event: Read, chat_id: str, child_id: str, token: str = TOKEN) -> dict[str, Any]:
    return {**event("orchestrate-open-child", chat_id=chat_id), "child_id": child_id, "token": token}


def test_a_child_is_opened_ends_and_is_joined(
    call: Call, event: Read, aws: Aws, parts: Parts, paused: tuple[str, list[str]]
) -> None:
    chat_id, children = paused
    for number, child_id in enumerate(children):
        for _ in range(2):
            assert call("orchestrate", opening(event, chat_id, child_id, f"{TOKEN}{number}")) == {}
        assert f"{child_id}-r1" in aws.executions
        assert call("orchestrate", event("orchestrate-slice", chat_id=child_id))["outcome"] == "completed"
    assert aws.answers == [
        (f"{TOKEN}{number}", {"outcome": "completed", "chat_id": child_id}) for number, child_id in enumerate(children)
    ]
    assert call("orchestrate", event("orchestrate-children", chat_id=chat_id))["children"] == []
    for _ in range(2):
        joined = call("orchestrate", event("orchestrate-join", chat_id=chat_id))
        assert joined == {"outcome": "continue", "wait_seconds": 0}
    assert call("orchestrate", event("orchestrate-slice", chat_id=chat_id))["outcome"] == "waiting"
    assert parts.service.get(ANN, chat_id).waiting_for == "input"


def test_a_join_that_comes_too_early_waits_for_those_that_have_not_ended(
    call: Call, event: Read, paused: tuple[str, list[str]]
) -> None:
    joined = call("orchestrate", event("orchestrate-join", chat_id=paused[0]))
    assert joined == {"outcome": "children", "wait_seconds": 0}


def test_a_child_whose_prerequisites_are_missing_counts_as_failed(
    call: Call, event: Read, aws: Aws, parts: Parts, workflows: Path, paused: tuple[str, list[str]]
) -> None:
    (workflows / "_pack").mkdir()
    needs = [{"id": "AgentToolkit", "reason": "Tools first."}]
    pack = {"workflows": [{"id": "AgentPersona", "dependencies": needs}]}
    (workflows / "_pack" / "workflow_graph.json").write_text(json.dumps(pack))
    chat_id, (persona, _) = paused
    call("orchestrate", opening(event, chat_id, persona))
    (ended,) = (
        each.data
        for each in parts.events.after(Tenant("acme"), chat_id, 0, 100)
        if each.type == "chat.workflow_child_completed"
    )
    assert (ended["chat_id"], ended["status"], ended["error"]) == (persona, "failed", "PREREQUISITES_MISSING")
    assert aws.answers == [(TOKEN, {"outcome": "failed", "chat_id": persona})]
    assert parts.database["chat_sessions"].count_documents({"parent_chat_id": chat_id}) == 0


def test_no_child_of_a_parent_that_waits_no_more_is_opened(
    call: Call, event: Read, aws: Aws, parts: Parts, paused: tuple[str, list[str]]
) -> None:
    chat_id, (child_id, _) = paused
    parts.service.cancel(ANN, chat_id)
    call("orchestrate", opening(event, chat_id, child_id))
    assert aws.answers == [(TOKEN, {"outcome": "cancelled", "chat_id": child_id})]
    assert parts.database["chat_sessions"].count_documents({"parent_chat_id": chat_id}) == 0


def test_a_child_that_could_not_be_opened_or_was_late_is_told_of(
    call: Call, event: Read, parts: Parts, paused: tuple[str, list[str]]
) -> None:
    chat_id, (one, other) = paused
    for name, child_id in (("child-lost", one), ("child-late", other)):
        assert call("orchestrate", {**event(f"orchestrate-{name}", chat_id=chat_id), "child_id": child_id}) == {}
    assert call("orchestrate", event("orchestrate-join", chat_id=chat_id))["outcome"] == "continue"
    results = parts.service.get(ANN, chat_id).state["context"]["child_results"]
    assert [(each["status"], each["error"]) for each in results] == [("failed", "INTERNAL"), ("timed_out", None)]


def test_a_child_is_its_users_alone(call: Call, event: Read, parts: Parts, paused: tuple[str, list[str]]) -> None:
    chat_id, (child_id, _) = paused
    call("orchestrate", opening(event, chat_id, child_id))
    assert parts.service.get(ANN, child_id).user_id == "ann"
    for stranger in (Principal("acme", "bob"), Principal("other", "ann")):
        with pytest.raises(Exception, match="there is no chat") as refused:
            parts.service.get(stranger, child_id)
        assert getattr(refused.value, "code", None) == "CHAT_NOT_FOUND"


def test_a_childs_token_stands_in_no_event_frame_or_log(
    call: Call,
    event: Read,
    aws: Aws,
    parts: Parts,
    paused: tuple[str, list[str]],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG, "mozaiks")
    chat_id, (child_id, _) = paused
    call("connect", event("socket-connect", chat_id=chat_id))
    call("orchestrate", opening(event, chat_id, child_id))
    call("orchestrate", event("orchestrate-slice", chat_id=child_id))
    trace = Principal("acme", "ann", frozenset({"chat", "trace", "admin"}))
    told = [
        [list(parts.service.replay(trace, each, 0)) for each in (chat_id, child_id)],
        aws.frames[CONNECTION],
        aws.executions,
        [list(parts.database[name].find()) for name in parts.database.list_collection_names()],
    ]
    assert TOKEN not in str(told)
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())
    assert [token for token, _ in aws.answers] == [TOKEN], "the test would see it"
