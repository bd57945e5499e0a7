"""Chats started from a socket: one by one and in batches, followed by the socket that asked, past their gates."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import MAX_BATCH
from mozaiks.chats.greeting import facts_of

from .aws import Aws
from .conftest import ANN, CHAT, CONNECTION, ROOT, Call, Read

Frame = dict[str, Any]
Send = Callable[..., list[Frame]]
Pack = Callable[..., None]


@pytest.fixture
def workflows(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``HelloWorld`` (begins with its agent), ``Asker`` (greets and waits), ``Worker`` (runs alone)."""
    folder = tmp_path / "workflows"
    folder.mkdir()
    shutil.copytree(ROOT / "workflows" / "HelloWorld", folder / "HelloWorld")
    for name, mode in (("Asker", "UserDriven"), ("Worker", "BackendOnly")):
        (folder / name).mkdir()
        hello = "initial_message_to_user: What may I do?\n" if mode == "UserDriven" else ""
        (folder / name / "orchestrator.yaml").write_text(f"startup_mode: {mode}\n{hello}")
        (folder / name / "agents.yaml").write_text("agents:\n  Host:\n    system_message: Be kind.\n")
    monkeypatch.setenv("MOZAIKS_WORKFLOWS_PATH", str(folder))
    return folder


@pytest.fixture
def parts(workflows: Path, parts: Parts) -> Parts:
    assert parts.config.mozaiks_workflows_path == workflows
    return parts


@pytest.fixture
def pack(workflows: Path) -> Pack:
    """Writes the pack: each workflow with what it depends on."""

    def write(text: str | None = None, **dependencies: list[Any]) -> None:
        (workflows / "_pack").mkdir(exist_ok=True)
        entries = [{"id": name, "dependencies": on} for name, on in dependencies.items()]
        (workflows / "_pack" / "workflow_graph.json").write_text(text or json.dumps({"workflows": entries}))

    return write


@pytest.fixture
def complete(parts: Parts) -> Callable[..., str]:
    """A chat of a workflow in the state ``completed``; returns its id."""

    def make(workflow: str, principal: Principal = ANN, status: str = "completed") -> str:
        facts = facts_of(parts.workflows.get(workflow).spec)
        chat_id = parts.service.start(principal, facts, force_new=True).chat.chat_id
        parts.database["chat_sessions"].update_one({"_id": chat_id}, {"$set": {"status": status}})
        return chat_id

    return make


@pytest.fixture
def send(parts: Parts, call: Call, event: Read, aws: Aws) -> Send:
    """Sends a frame on a socket of a chat that waits; returns what the socket is told for it."""
    own = parts.service.start(ANN, facts_of(parts.workflows.get("Asker").spec), force_new=True).chat.chat_id
    assert call("connect", event("socket-connect", chat_id=own)) == {"statusCode": 200}

    def post(type_: str, **fields: Any) -> list[Frame]:
        del aws.frames[CONNECTION][:]
        assert call("message", event("socket-message", body={"type": type_, **fields})) == {"statusCode": 200}
        return list(aws.frames[CONNECTION])

    return post


def sessions(parts: Parts, workflow: str) -> list[str]:
    return [each["_id"] for each in parts.database["chat_sessions"].find({"workflow_name": workflow})]


def types(frames: list[Frame], chat_id: str | None = None) -> list[str]:
    return [frame["type"] for frame in frames if chat_id in (None, frame["chat_id"])]


def test_a_chat_is_started_told_of_and_greeted_on_the_same_socket(parts: Parts, send: Send, aws: Aws) -> None:
    frames = send("chat.start_workflow", workflow_name="helloworld", client_message_id="m-7")
    (chat_id,) = sessions(parts, "HelloWorld")
    started = frames[0]
    assert started["type"] == "chat.workflow_started"
    assert started["chat_id"] != chat_id
    data = started["data"]
    assert (data["workflow_name"], data["chat_id"], data["reused"]) == ("HelloWorld", chat_id, False)
    assert data["client_message_id"] == "m-7"
    assert types(frames[1:], chat_id)[:2] == ["chat_meta", "chat.resume_boundary"]
    assert f"{chat_id}-r1" in aws.executions


def test_what_happens_in_the_chat_comes_to_the_socket_that_started_it(parts: Parts, send: Send) -> None:
    send("chat.start_workflow", workflow_name="Asker", client_request_id="r-9")
    chat_id = sessions(parts, "Asker")[-1]
    frames = send("user.input.submit", chat_id=chat_id, text="Good morning")
    assert ("chat.text", "Good morning") in [(each["type"], each["data"].get("content")) for each in frames]
    assert {each["chat_id"] for each in frames} == {chat_id}


def test_the_first_chat_of_the_socket_is_still_heard(parts: Parts, send: Send) -> None:
    (own,) = sessions(parts, "Asker")
    send("chat.start_workflow", workflow_name="HelloWorld")
    assert "chat.text" in types(send("user.input.submit", text="And you?"), own)
    assert types(send("ping"), own) == ["pong"]


def test_the_same_frame_starts_one_chat(parts: Parts, send: Send) -> None:
    first, second = (
        send("chat.start_workflow", workflow_name="HelloWorld", client_message_id="m-7")[0] for _ in range(2)
    )
    assert len(sessions(parts, "HelloWorld")) == 1
    assert first["data"]["chat_id"] == second["data"]["chat_id"]
    assert (first["data"]["reused"], second["data"]["reused"]) == (False, True)


def test_frames_without_an_id_start_a_chat_each(parts: Parts, send: Send) -> None:
    for _ in range(2):
        send("chat.start_workflow", workflow_name="HelloWorld")
    assert len(sessions(parts, "HelloWorld")) == 2


def test_a_first_message_is_said_in_the_new_chat(parts: Parts, send: Send, aws: Aws) -> None:
    frames = send("chat.start_workflow", workflow_name="Asker", initial_message="Paint it blue", client_message_id="m")
    said = [each["data"]["content"] for each in frames if each["type"] == "chat.text"]
    assert said == ["What may I do?", "Paint it blue"]
    assert len(aws.executions) == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"workflow_name": "Nobody"}, "WORKFLOW_NOT_FOUND"),
        ({"workflow_name": "../HelloWorld"}, "VALIDATION"),
        ({"workflow_name": {"$ne": None}}, "VALIDATION"),
        ({}, "VALIDATION"),
        ({"workflow_name": "HelloWorld", "initial_message": " "}, "VALIDATION"),
        ({"workflow_name": "HelloWorld", "client_request_id": 5}, "VALIDATION"),
        ({"workflow_name": "HelloWorld", "chat_id": CHAT}, "CHAT_NOT_FOUND"),
    ],
)
def test_what_cannot_be_started_is_refused_and_starts_nothing(
    parts: Parts, send: Send, fields: Frame, code: str
) -> None:
    (frame,) = send("chat.start_workflow", **fields)
    assert (frame["type"], frame["data"]["code"]) == ("error", code)
    assert sessions(parts, "HelloWorld") == []


# -- batches -----------------------------------------------------------------------------------------------------------


def test_a_batch_starts_what_can_be_and_tells_of_the_rest(parts: Parts, send: Send, pack: Pack, aws: Aws) -> None:
    pack(Worker=["HelloWorld"])
    frames = send(
        "chat.start_workflow_batch",
        client_message_id="b-1",
        runs=[
            {"workflow_name": "HelloWorld"},
            {"workflow_name": "Nobody"},
            {"workflow_name": "Worker"},
            {"workflow_name": "asker", "initial_message": "Hi"},
        ],
    )
    data = frames[0]["data"]
    assert frames[0]["type"] == "chat.workflow_batch_started"
    assert "seq" not in frames[0]
    assert (data["batch_id"], data["client_message_id"]) == ("b-1", "b-1")
    assert [(each["index"], each["workflow_name"], each["status"]) for each in data["children"]] == [
        (0, "HelloWorld", "open"),
        (3, "Asker", "open"),
    ]
    assert [(each["index"], each["code"]) for each in data["skipped"]] == [
        (1, "WORKFLOW_NOT_FOUND"),
        (2, "PREREQUISITES_MISSING"),
    ]
    assert data["skipped"][1]["details"]["missing"] == [{"workflow_name": "HelloWorld", "reason": ""}]
    for child in data["children"]:
        assert types(frames, child["chat_id"])[0] == "chat_meta"
    assert len(aws.executions) == 2


def test_a_batch_sent_again_finds_its_chats_run_by_run(parts: Parts, send: Send) -> None:
    runs = [{"workflow_name": "HelloWorld"}, {"workflow_name": "HelloWorld"}]
    first, second = (
        [
            each["chat_id"]
            for each in send("chat.start_workflow_batch", runs=runs, client_message_id="b")[0]["data"]["children"]
        ]
        for _ in range(2)
    )
    assert first == second
    assert len(set(first)) == len(sessions(parts, "HelloWorld")) == 2


def test_a_run_with_an_id_of_its_own_is_found_by_it(parts: Parts, send: Send) -> None:
    for frame_id in ("b-1", "b-2"):
        runs = [{"workflow_name": "HelloWorld", "client_request_id": "r-1"}]
        send("chat.start_workflow_batch", runs=runs, client_message_id=frame_id)
    assert len(sessions(parts, "HelloWorld")) == 1


@pytest.mark.parametrize("runs", [[], None, "HelloWorld", [{}], [{"workflow_name": "HelloWorld"}] * (MAX_BATCH + 1)])
def test_a_batch_of_another_shape_starts_nothing(parts: Parts, send: Send, runs: Any) -> None:
    (frame,) = send("chat.start_workflow_batch", runs=runs)
    assert (frame["type"], frame["data"]["code"]) == ("error", "VALIDATION")
    assert sessions(parts, "HelloWorld") == []


# -- gates -------------------------------------------------------------------------------------------------------------


def test_a_start_before_its_prerequisites_is_blocked_with_what_is_missing(
    parts: Parts, send: Send, pack: Pack, complete: Callable[..., str]
) -> None:
    pack(HelloWorld=[{"id": "Worker", "reason": "It prepares the ground."}, {"id": "Asker", "gating": "optional"}])
    (frame,) = send("chat.start_workflow", workflow_name="HelloWorld", client_message_id="m-1")
    assert frame["type"] == "chat.prereq_blocked"
    assert frame["data"]["workflow_name"] == "HelloWorld"
    assert frame["data"]["missing"] == [{"workflow_name": "Worker", "reason": "It prepares the ground."}]
    assert frame["data"]["client_message_id"] == "m-1"
    assert sessions(parts, "HelloWorld") == []
    complete("Worker")
    assert send("chat.start_workflow", workflow_name="HelloWorld")[0]["type"] == "chat.workflow_started"


@pytest.mark.parametrize("status", ["created", "running", "waiting", "failed", "cancelled", "timed_out"])
def test_only_a_completed_chat_opens_a_gate(send: Send, pack: Pack, complete: Callable[..., str], status: str) -> None:
    pack(HelloWorld=["Worker"])
    complete("Worker", status=status)
    assert types(send("chat.start_workflow", workflow_name="HelloWorld")) == ["chat.prereq_blocked"]


@pytest.mark.parametrize("stranger", [Principal("acme", "bob"), Principal("other", "ann")], ids=str)
def test_what_another_user_or_app_completed_opens_no_gate(
    send: Send, pack: Pack, complete: Callable[..., str], stranger: Principal
) -> None:
    pack(HelloWorld=["Worker"])
    complete("Worker", stranger)
    assert types(send("chat.start_workflow", workflow_name="HelloWorld")) == ["chat.prereq_blocked"]


def test_a_broken_pack_opens_no_gate_not_even_of_a_workflow_it_does_not_name(
    parts: Parts, send: Send, pack: Pack
) -> None:
    pack(text='{"workflows": [{"id": "Wroker"}]}')
    (frame,) = send("chat.start_workflow", workflow_name="HelloWorld")
    assert (frame["type"], frame["data"]["code"]) == ("error", "PACK_INVALID")
    assert sessions(parts, "HelloWorld") == []


def test_a_pack_that_cannot_be_looked_at_opens_no_gate(send: Send, workflows: Path) -> None:
    (workflows / "_pack").symlink_to(workflows / "_pack")
    (frame,) = send("chat.start_workflow", workflow_name="HelloWorld")
    assert frame["data"]["code"] == "PACK_INVALID"


def test_a_frame_that_started_a_chat_is_answered_the_same_when_the_gate_has_shut(
    parts: Parts, send: Send, pack: Pack
) -> None:
    send("chat.start_workflow", workflow_name="Worker", client_message_id="m")
    pack(Worker=["Asker"])
    frames = send("chat.start_workflow", workflow_name="Worker", client_message_id="m")
    assert (frames[0]["type"], frames[0]["data"]["reused"]) == ("chat.workflow_started", True)
    assert len(sessions(parts, "Worker")) == 1


def test_connecting_does_not_begin_a_chat_whose_gate_is_shut(
    parts: Parts, call: Call, event: Read, aws: Aws, pack: Pack, complete: Callable[..., str]
) -> None:
    chat_id = parts.service.start(ANN, facts_of(parts.workflows.get("HelloWorld").spec)).chat.chat_id
    pack(HelloWorld=["Worker"])
    call("connect", event("socket-connect", chat_id=chat_id))
    call("message", event("message-greet"))
    frames = aws.frames[CONNECTION]
    assert types(frames) == ["chat_meta", "chat.resume_boundary", "chat.prereq_blocked"]
    assert frames[-1]["chat_id"] == chat_id
    assert (parts.service.get(ANN, chat_id).status, aws.executions) == ("created", {})
    complete("Worker")
    aws.executions.clear()
    call("message", event("socket-hello", body={"type": "client.hello"}))
    assert list(aws.executions) == [f"{chat_id}-r1"]


# -- following ---------------------------------------------------------------------------------------------------------


def test_saying_hello_to_another_chat_of_ones_own_follows_it(
    parts: Parts, send: Send, complete: Callable[..., str]
) -> None:
    other = complete("Asker", status="waiting")
    assert types(send("ping", chat_id=other)) == ["error"]
    frames = send("client.hello", chat_id=other)
    assert {each["chat_id"] for each in frames} == {other}
    assert types(frames)[0] == "chat_meta"
    (pong,) = send("ping", chat_id=other)
    assert (pong["type"], pong["chat_id"]) == ("pong", other)


@pytest.mark.parametrize("stranger", [Principal("acme", "bob"), Principal("other", "ann")], ids=str)
def test_hello_to_anothers_chat_is_answered_like_one_to_a_missing_chat(
    parts: Parts, send: Send, complete: Callable[..., str], stranger: Principal
) -> None:
    theirs = complete("Asker", stranger, status="waiting")
    before = parts.database["connections"].find_one()
    answers = []
    for chat_id in (theirs, CHAT):
        (frame,) = send("client.hello", chat_id=chat_id)
        answers.append(json.dumps([frame["chat_id"], frame["data"]]).replace(chat_id, CHAT))
    assert answers[0] == answers[1]
    assert parts.database["connections"].find_one() == before


def test_what_is_wrong_with_a_frame_for_a_followed_chat_is_told_as_its_own(
    send: Send, complete: Callable[..., str]
) -> None:
    other = complete("Asker", status="waiting")
    send("client.hello", chat_id=other)
    (frame,) = send("chat.approval", chat_id=other, eventId="nobody-asked", approved=True)
    assert (frame["chat_id"], frame["data"]["code"]) == (other, "REQUEST_NOT_OPEN")
