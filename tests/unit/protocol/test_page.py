"""``docs/protocol.md`` says what the code does: every frame, its fields, an example, the codes and the limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mozaiks.access.bearer import token_of_socket
from mozaiks.access.connecting import connect_request
from mozaiks.chats import commands
from mozaiks.chats.asyncapi import COMMANDS, PASSING, document
from mozaiks.chats.commands import parse_frame
from mozaiks.errors import CODES
from mozaiks.push import batches, delivery
from mozaiks.push.connections import MOST_FOLLOWED
from mozaiks.push.sender import Pace
from mozaiks_local.stack.socket_connection import SocketLimits

from .page import PAGE, Section, complaints, data_schema, fields_of, frames_in, section, sections, table

DOCUMENT = document()
SCHEMAS = DOCUMENT["components"]["schemas"]
SAID = {message["$ref"].rsplit("/", 1)[1] for message in DOCUMENT["operations"]["chat.tell"]["messages"]}
SENT_SECTIONS = sections("What a client sends")
SAID_SECTIONS = sections("What the server says")


def test_every_frame_of_both_sides_has_its_place() -> None:
    assert SENT_SECTIONS.keys() == COMMANDS.keys()
    assert SAID_SECTIONS.keys() == SAID


@pytest.mark.parametrize("told", SENT_SECTIONS.values(), ids=lambda told: told.type)
def test_the_fields_of_a_command_are_told(told: Section) -> None:
    assert told.fields == fields_of(SCHEMAS[told.type])


@pytest.mark.parametrize("told", SAID_SECTIONS.values(), ids=lambda told: told.type)
def test_the_fields_of_an_event_are_told(told: Section) -> None:
    assert told.fields == fields_of(data_schema(DOCUMENT, told.type))


@pytest.mark.parametrize(("heading", "name"), [("of a request", "OpenRequest"), ("of an artifact", "LastArtifact")])
def test_what_chat_meta_holds_is_told(heading: str, name: str) -> None:
    rows = table(SAID_SECTIONS["chat_meta"].text, heading)
    told = {row[0].removesuffix("?"): (row[1], row[0].endswith("?")) for row in rows}
    assert told == {field.name: (field.type, field.optional) for field in fields_of(SCHEMAS[name], ()).values()}


@pytest.mark.parametrize("told", SENT_SECTIONS.values(), ids=lambda told: told.type)
def test_an_example_of_a_command_is_understood_at_the_top_and_under_data(told: Section) -> None:
    assert told.examples
    for frame in told.examples:
        nested = {"type": frame["type"], "data": {name: value for name, value in frame.items() if name != "type"}}
        assert parse_frame(json.dumps(frame)).type == told.type
        assert parse_frame(json.dumps(nested)) == parse_frame(json.dumps(frame))
        assert complaints(DOCUMENT, frame) == []


@pytest.mark.parametrize("told", SAID_SECTIONS.values(), ids=lambda told: told.type)
def test_an_example_of_an_event_is_one(told: Section) -> None:
    assert told.examples
    for frame in told.examples:
        assert frame["type"] == told.type
        assert complaints(DOCUMENT, frame) == []


def test_the_example_of_a_reference_is_one() -> None:
    (reference,) = frames_in(section("Too large for a frame"))
    assert reference["data"]["oversize"] is True
    assert complaints(DOCUMENT, reference) == []


def test_the_envelope_is_told() -> None:
    told = [row[0] for row in table(section("Frames"), "field")]
    assert told == list(SCHEMAS["chat.text"]["properties"])


def test_what_is_said_once_is_told() -> None:
    (paragraph,) = (part for part in section("Frames").split("\n\n") if "**durable**" in part)
    assert set(re.findall(r"`([a-z_.]+)`", paragraph)) - {"seq"} == PASSING


def test_the_table_of_codes_is_the_table_of_the_code() -> None:
    rows = table(section("Error codes"), "code")
    assert [(code, int(status), again == "yes") for code, status, again, _ in rows] == [
        (code, meaning.http_status, meaning.retryable) for code, meaning in CODES.items()
    ]
    assert all(row[3] for row in rows)


def test_codes_of_commands_exist() -> None:
    named = set().union(*(told.errors for told in SENT_SECTIONS.values()))
    assert named
    assert named <= CODES.keys()


def test_limits_are_those_of_the_code() -> None:
    limits = {row[0]: row[1] for row in table(section("Limits"), "what")}
    assert f"({commands.MAX_FRAME_BYTES} bytes)" in limits["one message of a client"]
    assert f"({delivery.MAX_FRAME_BYTES} bytes)" in limits["one frame of the server"]
    assert f"{SocketLimits().idle / 60:.0f} minutes" in limits["a socket on which nothing is said"]
    assert f"{SocketLimits().duration / 3600:.0f} hours" in limits["a socket"]
    assert limits["chats of one chat.start_workflow_batch"].startswith(f"{commands.MAX_BATCH}:")
    assert f"1 to {commands.MAX_BATCH} runs" in SENT_SECTIONS["chat.start_workflow_batch"].text
    assert limits["chats a socket follows beside its own"] == f"the newest {MOST_FOLLOWED}"
    assert f"at most {MOST_FOLLOWED} chats" in section("Following other chats")
    pace = Pace()
    assert f"{pace.coalesce_seconds * 1000:.0f} ms or {pace.coalesce_bytes // 1024} KB" in limits["deltas"]
    assert f"{batches.MAX_BATCH_BYTES // 1024} KB" in SAID_SECTIONS["chat.batch"].text


def test_parameters_of_the_address_are_those_that_are_read() -> None:
    told = {name for row in table(section("Connecting"), "parameter") for name in row[0].split(", ")}
    assert told == DOCUMENT["channels"]["chat"]["bindings"]["ws"]["query"]["properties"].keys()

    asked: set[str] = set()

    class Query(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    connect_request({}, Query(app_id="a", user_id="u", chat_id="c"), None)
    token_of_socket({}, Query())
    assert asked | {"workflow"} == told


def test_events_that_are_said_never_to_be_sent_are_none_of_those_described() -> None:
    paragraphs = [part for part in section("Not built yet").split("\n\n") if part.startswith("**Events")]
    named = {name for part in paragraphs for name in re.findall(r"`([a-z_.]+)`", part)}
    assert not named & SAID
    assert bool(paragraphs) == bool(named)


def test_each_section_is_in_the_list_at_the_top() -> None:
    text = PAGE.read_text(encoding="utf-8")
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    listed = re.findall(r"\[([^\]]+)\]\(#([a-z-]+)\)", text.split("\n## ")[0])
    assert [title for title, _ in listed] == titles
    for _, anchor in re.findall(r"\[([^\]]+)\]\(#([a-z-]+)\)", text):
        assert anchor in {title.lower().replace(" ", "-") for title in titles}
