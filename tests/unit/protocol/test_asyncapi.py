"""The AsyncAPI document: kept as it is made, whole in itself, and true of what the code sends and takes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator

from mozaiks.chats.asyncapi import COMMANDS, document, text_of
from mozaiks.chats.commands import parse_frame
from mozaiks.chats.events import DURABLE, Event, envelope
from mozaiks.chats.requests import shown_all
from mozaiks.chats.states import Greeting, pending_input
from mozaiks.chats.visibility import present
from mozaiks.errors import CODES, MozaiksError
from mozaiks.push.batches import batched
from mozaiks.push.delivery import encode

from .page import ASYNCAPI, ROOT, complaints

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
GREETING = Greeting("AgentDriven", "Host", visual_agents=("Host",))
SOURCES = [path for folder in ("layers/runtime/mozaiks", "functions") for path in (ROOT / folder).rglob("*.py")]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(each)


def resolved(reference: str) -> Any:
    assert reference.startswith("#/")
    found: Any = DOCUMENT
    for step in reference[2:].split("/"):
        found = found[step]
    return found


def test_the_file_is_the_one_that_is_made_today() -> None:
    assert ASYNCAPI.read_text(encoding="utf-8") == text_of(DOCUMENT), (
        "docs/asyncapi.json has drifted: .venv/bin/python -m mozaiks.chats.asyncapi > docs/asyncapi.json"
    )


def test_every_reference_leads_somewhere() -> None:
    references = [node["$ref"] for node in nodes(DOCUMENT) if "$ref" in node]
    assert references
    assert all(isinstance(resolved(reference), dict) for reference in references)


def test_every_part_has_the_shape_asyncapi_3_wants() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for server in DOCUMENT["servers"].values():
        assert server.keys() >= {"host", "protocol"}
        places = f"{server['host']}{server.get('pathname', '')}"
        assert set(re.findall(r"{(\w+)}", places)) == server.get("variables", {}).keys()
    for channel in DOCUMENT["channels"].values():
        assert set(re.findall(r"{(\w+)}", channel["address"])) == channel.get("parameters", {}).keys()
        assert all(resolved(server["$ref"]) in DOCUMENT["servers"].values() for server in channel["servers"])
    keys = [key for part in DOCUMENT["components"].values() for key in part]
    keys += [key for channel in DOCUMENT["channels"].values() for key in channel["messages"]]
    assert all(re.fullmatch(r"[\w.-]+", key) for key in keys)


def test_operations_name_messages_of_their_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in ("send", "receive")
        for part in (operation, operation.get("reply", operation)):
            assert part["messages"]
            for message in part["messages"]:
                assert message["$ref"].startswith(f"{part['channel']['$ref']}/messages/")


@pytest.mark.parametrize("channel", DOCUMENT["channels"])
def test_every_message_has_its_operation(channel: str) -> None:
    used = {
        message["$ref"].rsplit("/", 1)[1]
        for operation in DOCUMENT["operations"].values()
        if operation["channel"]["$ref"] == f"#/channels/{channel}"
        for message in operation["messages"]
    }
    assert used == DOCUMENT["components"]["messages"].keys() == DOCUMENT["channels"][channel]["messages"].keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])


def test_every_type_that_the_code_sends_is_described() -> None:
    sent: set[Any] = set(DURABLE)
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in ("envelope", "NewEvent") and isinstance(first, ast.Constant):
                    sent.add(first.value)
    hidden = present(Event("c", 1, "e", "chat.text", NOW, {}, "Clerk"), GREETING, sees_everything=False)
    described = DOCUMENT["components"]["messages"].keys() - COMMANDS.keys()
    assert described == sent | {hidden["type"], "error"}


def test_every_frame_that_the_code_takes_is_described() -> None:
    with pytest.raises(MozaiksError) as refused:
        parse_frame('{"type": "nonsense"}')
    assert set(refused.value.details["known"]) == COMMANDS.keys()


@pytest.mark.parametrize("type_", COMMANDS)
def test_a_command_without_a_field_it_must_have_is_refused_by_both(type_: str) -> None:
    values = {"text": "hi", "eventId": "e", "response": 1, "approved": True, "component_id": "c", "action_type": "a"}
    values |= {"workflow_name": "W", "runs": [{"workflow_name": "W"}]}
    whole = {"type": type_} | {name: values[name] for name in SCHEMAS[type_]["required"] if name != "type"}
    assert complaints(DOCUMENT, whole) == []
    assert parse_frame(json.dumps(whole)).type == type_
    for name in whole.keys() - {"type"}:
        without = {key: value for key, value in whole.items() if key != name}
        assert complaints(DOCUMENT, without)
        with pytest.raises(MozaiksError):
            parse_frame(json.dumps(without))


@pytest.mark.parametrize("agent", ["Host", "Clerk"])
def test_open_requests_are_told_as_described(agent: str) -> None:
    pending = (
        pending_input(agent=agent, prompt="?", expires_at=NOW),
        pending_input("ui_tool", agent=agent, tool_name="t", tool_call_id="c", payload="x" * 60_000, mode="modal"),
        pending_input("approval", agent=agent, tool_name="t", tool_call_id="d", payload={"a": 1}),
    )
    meta = {
        "workflow_name": "W",
        "app_id": "a",
        "user_id": "u",
        "status": "waiting",
        "waiting_for": "input",
        "last_seq": 3,
        "cache_seed": 1,
        "pending": shown_all(pending, GREETING, sees_everything=False),
        "last_artifact": None,
        "parent_chat_id": None,
    }
    assert complaints(DOCUMENT, envelope("chat_meta", "c", meta, at=NOW)) == []


def test_a_reference_to_what_is_too_large_is_as_described() -> None:
    frame = envelope("chat.text", "c", {"content": "x" * 200_000}, at=NOW, seq=1)
    reference = json.loads(encode(frame))
    assert reference["data"].keys() == {"kind", "oversize", "bytes"}
    assert complaints(DOCUMENT, reference) == []


def test_a_batch_holds_frames_as_described_and_no_others() -> None:
    pong = envelope("pong", "c", {}, at=NOW)
    (batch,) = batched([pong], "c", NOW)
    assert complaints(DOCUMENT, batch) == []
    assert complaints(DOCUMENT, {**batch, "data": {**batch["data"], "events": [{"type": "nonsense"}]}})


def test_the_codes_are_those_of_the_code() -> None:
    assert DOCUMENT["x-error-codes"].keys() == CODES.keys()


def test_nothing_that_is_deployed_imports_the_generator() -> None:
    importing = [path for path in SOURCES if re.search(r"^\s*(from|import) .*\basyncapi\b", path.read_text(), re.M)]
    assert importing == []
