"""A conversation that says everything the protocol has, frame by frame as ``docs/protocol.md`` shows it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
import pytest
import yaml
from websockets.asyncio.client import ClientConnection, connect

from mozaiks.chats.asyncapi import COMMANDS, document

from ..unit.protocol.page import complaints, data_schema, fields_of, section, sections
from .conftest import House
from .families import Family

Frame = dict[str, Any]

TOOLS = """
tools:
  - {name: look_up, file: tools/code.py, function: look_up, agent: Host, description: Looks an order up.}
  - {name: pass_on, file: tools/code.py, function: pass_on, agent: Host, description: Passes on to the planners.}
  - {name: ask_day, file: tools/code.py, function: ask_day, agent: Host, description: Asks for a day.}
  - {name: ask_size, file: tools/code.py, function: ask_size, agent: Host, description: Asks for a size.}
  - {name: refund, file: tools/code.py, function: refund, agent: Host, description: Pays back., requires_approval: true}
  - name: show_card
    tool_type: UI_Tool
    agent: Host
    description: Shows a card.
    parameters: {type: object, properties: {text: {type: string}}}
    ui: {component: Card, awaits_response: false}
  - name: show_plan
    tool_type: UI_Tool
    agent: Host
    description: Shows the delivery plan.
    timeout: 86400
    parameters: {type: object, properties: {title: {type: string}}}
    ui: {component: DeliveryPlan, mode: artifact}
  - name: ask_key
    tool_type: UI_Tool
    agent: Host
    description: Asks for the key of the user's own shop.
    parameters: {type: object, properties: {title: {type: string}}}
    ui:
      mode: modal
      response_schema: {type: object, properties: {shop: {type: string}, key: {type: string}}, required: [shop]}
      secrets: {key: shop_key}
"""
CODE = """
from mozaiks.authoring import ask_user, handoff


async def look_up(order: str, context_variables, progress) -> dict:
    await progress(50, "Asking the warehouse")
    context_variables["stage"] = "found"
    return {"order": order, "status": "packed"}


def pass_on():
    return handoff("Clerk")


def ask_day():
    return ask_user("Which day suits you?", schema={"type": "string", "enum": ["Monday", "Friday"]}, expires_in=86400)


def ask_size():
    return ask_user("Which size?", expires_in=0.05, on_timeout="default", default="M")


def refund(amount: int) -> dict:
    return {"paid": amount}
"""
VARIABLES = """
variables:
  stage: {type: str, default: new, client_visible: true}
  colour: {type: str, default: red, client_visible: true, client_writable: true}
"""
OUTPUTS = """
models:
  Plan: {fields: {title: {type: str}, steps: {type: int}}}
registry: {Planner: Plan}
"""
HANDOFFS = """
handoffs:
  - {from_agent: Clerk, to_agent: Planner}
  - {from_agent: Planner, to_agent: user}
  - {from_agent: user, to_agent: Host}
"""
HOOKS = "hooks:\n  on_workflow_start: greeting.look_up_the_weather\n"
HOOK_CODE = "def look_up_the_weather(context):\n    raise RuntimeError('no weather today')\n"


def calls(words: str, tool: str, **arguments: Any) -> Frame:
    return {"after": "user", "user_matches": words, "call": {"tool": tool, "arguments": arguments}}


AGENTS = {
    "Host": [
        calls("order", "look_up", order="A-17"),
        calls("plan", "pass_on"),
        calls("day", "ask_day"),
        calls("size", "ask_size"),
        calls("refund", "refund", amount=12),
        calls("deliver", "show_plan", title="Delivery"),
        calls("card", "show_card", text="A present"),
        calls("shop", "ask_key", title="Your shop"),
        {"after": "tool", "say": "That is done."},
        {"say": "Welcome! How can I help?"},
    ],
    "Clerk": [{"say": "A note for the planner alone."}],
    "Planner": [{"json": {"title": "Delivery", "steps": 2}}],
}


DOCUMENT = document()
TYPED = "sk-ann-5512"
"""What the user types into a field that is kept as a secret."""


@dataclass
class Played:
    """What went over the sockets of the conversation."""

    heard: list[Frame] = field(default_factory=list)
    sent: list[Frame] = field(default_factory=list)
    refusals: set[tuple[str, str]] = field(default_factory=set)

    def of(self, type_: str) -> list[Frame]:
        return [frame for frame in self.heard if frame["type"] == type_]


class Socket:
    """A socket, whose frames are noted."""

    def __init__(self, played: Played, url: str, **parameters: Any) -> None:
        self._played = played
        self._url = "&".join([url, *(f"{name}={value}" for name, value in parameters.items())])
        self._socket: ClientConnection

    async def __aenter__(self) -> Self:
        self._socket = await connect(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def send(self, frame: Frame) -> None:
        self._played.sent.append(frame)
        await self._socket.send(json.dumps(frame))

    async def until(self, type_: str, **data: Any) -> Frame:
        """The next frame of a type with such data."""
        while True:
            frame: Frame = json.loads(await asyncio.wait_for(self._socket.recv(), 20))
            self._played.heard.append(frame)
            if frame["type"] == type_ and data.items() <= frame["data"].items():
                return frame

    async def turn(self, text: str, **fields: Any) -> Frame:
        """Say something and wait for the end of the run."""
        await self.send({**example("user.input.submit"), "text": text, "client_message_id": None, **fields})
        return await self.until("chat.run_complete", status="waiting")

    async def refused(self, text: str | list[str]) -> str:
        """Send what is wrong, maybe in pieces, and get the code."""
        await self._socket.send(text)
        return str((await self.until("error"))["data"]["code"])

    async def note_refusal(self, type_: str, **fields: Any) -> None:
        code = await self.refused(json.dumps({"type": type_, **fields}))
        self._played.refusals.add((type_, code))


def example(type_: str) -> Frame:
    """The example of a command, as the page has it."""
    return sections("What a client sends")[type_].examples[0]


async def first_socket(house: House, played: Played, url: str) -> int:
    """Words, tools, questions, an approval. Ends while a component is shown; returns the last ``seq``."""
    async with Socket(played, url) as socket:
        await socket.until("chat.resume_boundary")
        await socket.until("chat.run_complete", status="waiting")

        await socket.send(example("user.input.submit"))
        await socket.until("chat.run_complete", status="waiting")
        await socket.turn("Make a plan.")
        await socket.turn("Show me the card.")

        await socket.turn("I choose a day.")
        request_id = played.of("chat.input_request")[-1]["data"]["request_id"]
        await socket.note_refusal("user.input.submit", text="Sunday", request_id=request_id)
        await socket.turn("Friday", request_id=request_id)

        await socket.turn("I choose a size.")
        await asyncio.sleep(0.1)  # its request expires
        await asyncio.to_thread(house.stack.tick, "ReconcileFunction")
        await socket.until("chat.run_complete", status="waiting")

        await socket.turn("I want a refund.")
        asked = played.of("chat.tool_call")[-1]
        await socket.note_refusal("user.input.submit", text="now!", on_busy="reject")
        await socket.send({**example("chat.approval"), "eventId": asked["event_id"]})
        await socket.until("chat.run_complete", status="waiting")

        await socket.turn("I have a shop of my own.")
        form = played.of("chat.tool_call")[-1]
        await socket.note_refusal("ui_tool_response", eventId=form["event_id"], response={"key": TYPED})
        answer = {"shop": "Ann's", "key": TYPED}
        await socket.send({**example("ui_tool_response"), "eventId": form["event_id"], "response": answer})
        await socket.until("chat.run_complete", status="waiting")

        await socket.send(example("chat.component_action"))
        await socket.until("component_action_ack")
        await asyncio.to_thread(tell_of_an_account, house, socket_chat(played))
        await socket.until("oauth_completed")
        await socket.send(example("ping"))
        await socket.until("pong")
        return int((await socket.turn("When do you deliver?"))["seq"])


def socket_chat(played: Played) -> str:
    return str(played.heard[0]["chat_id"])


def tell_of_an_account(house: House, chat_id: str) -> None:
    """What the platform posts when its user has connected an account."""
    notice = {"chatSessionId": chat_id, "correlationId": "oauth-state", "appId": "acme", "userId": "ann"}
    outcome = {"platform": "Reddit", "success": True, "accountId": "t2_9x", "accountName": "ann_makes_tea"}
    httpx2.post(f"{house.stack.http_url}/api/realtime/oauth/completed", json={**notice, **outcome}).raise_for_status()


async def second_socket(played: Played, url: str, last_seq: int) -> None:
    """Comes back to a component, answers it, makes every mistake, and cancels."""
    async with Socket(played, url, last_seq=last_seq) as socket:
        meta = await socket.until("chat_meta")
        (request,) = meta["data"]["pending"]
        await socket.until("chat.resume_boundary")
        await socket.send({**example("ui_tool_response"), "eventId": request["request_id"]})
        await socket.until("chat.run_complete", status="waiting")
        await socket.turn("When do you deliver?")

        await socket.note_refusal("user.input.submit", text=" ")
        for type_, fields in ANSWERS.items():
            await socket.note_refusal(type_, **fields)
            await socket.note_refusal(type_)
        await socket.note_refusal("chat.component_action", **{**ACTION, "set": {"stage": "mine"}})
        await socket.note_refusal("chat.component_action")

        await socket.send(example("chat.cancel"))
        await socket.until("chat.run_complete", status="cancelled")
        for type_, fields in {**ANSWERS, "chat.component_action": ACTION}.items():
            if type_ != "user.input.submit" or "request_id" in fields:
                await socket.note_refusal(type_, **fields)

        await socket.send(example("client.hello"))
        await socket.until("chat.resume_boundary")
        await socket.send(example("client.resume"))
        await socket.until("chat.batch")


ANSWERS: dict[str, Frame] = {
    "user.input.submit": {"text": "hi", "request_id": "nobody-asked"},
    "ui_tool_response": {"eventId": "nobody-asked", "response": 1},
    "chat.approval": {"eventId": "nobody-asked", "approved": True},
}
ACTION: Frame = {"component_id": "palette", "action_type": "pick", "set": {"colour": "red"}}


async def socket_that_starts(house: House, played: Played) -> None:
    """Starts other chats, one by one and together, and is told what comes too early."""
    delivery, invoice = {"workflow_name": "Delivery"}, {"workflow_name": "Invoice"}
    needs = {"id": "Delivery", "reason": "The invoice lists what was delivered."}
    pack = house.workflows / "_pack" / "workflow_graph.json"
    pack.write_text(json.dumps({"workflows": [{"id": "Invoice", "dependencies": [needs]}]}))
    async with Socket(played, (await house.start("Silent")).websocket_url) as socket:
        await socket.until("chat.resume_boundary")
        await socket.send({"type": "chat.start_workflow", **invoice, "client_message_id": "invoice-1"})
        await socket.until("chat.prereq_blocked", workflow_name="Invoice")
        await socket.send({"type": "chat.start_workflow", **invoice, "client_request_id": "invoice-2"})
        await socket.until("chat.prereq_blocked", client_request_id="invoice-2")
        await socket.send(example("chat.start_workflow_batch"))
        batch = await socket.until("chat.workflow_batch_started")
        assert [each["code"] for each in batch["data"]["skipped"]] == ["PREREQUISITES_MISSING"]
        await socket.send({"type": "chat.start_workflow_batch", "runs": [delivery]})
        await socket.until("chat.run_complete", status="completed")

        await socket.send(example("chat.start_workflow"))
        await socket.until("chat.workflow_started", reused=False)
        await socket.send({"type": "chat.start_workflow", **invoice, "client_request_id": "invoice-2"})
        await socket.until("chat.workflow_started", client_request_id="invoice-2")

        await socket.note_refusal("chat.start_workflow", workflow_name="Delivry")
        await socket.note_refusal("chat.start_workflow", workflow_name="Torn")
        pack.write_text("{")
        await socket.note_refusal("chat.start_workflow", **delivery)


async def socket_of_a_journey(house: House, played: Played) -> None:
    """Is carried along from the first chat of a journey to the second."""
    pack = house.workflows / "_pack" / "workflow_graph.json"
    pack.write_text(json.dumps({"journeys": [{"id": "moving", "steps": ["Delivery", "Invoice"]}]}))
    async with Socket(played, (await house.start("Delivery")).websocket_url) as socket:
        await socket.until("chat.context_switched")
        await socket.until("chat.journey_progress", status="completed")


async def socket_of_a_family(played: Played, house: House) -> None:
    """Hears of a chat that spawns another and goes on with what it made."""
    started = await house.start("Parent")
    async with Socket(played, started.websocket_url) as socket:
        batch = await socket.until("chat.workflow_batch_started")
        assert [each["code"] for each in batch["data"]["skipped"]] == ["WORKFLOW_NOT_FOUND"]
        await socket.until("chat.workflow_child_completed", status="completed")
        await socket.until("chat.workflow_resumed", completed=1)
        await socket.until("chat.run_complete", status="completed")


async def conversation(house: House) -> Played:
    played = Played()
    started = await house.start("Protocol")
    last_seq = await first_socket(house, played, started.websocket_url)
    await second_socket(played, started.websocket_url, last_seq)
    silent = await house.start("Silent")
    async with Socket(played, silent.websocket_url, batch="true") as socket:
        await socket.until("chat.batch")
        await socket.note_refusal("user.input.submit", text="hello?")
    await socket_that_starts(house, played)
    await socket_of_a_journey(house, played)
    await socket_of_a_family(played, house)
    return played


@pytest.fixture(scope="module")
def played(house: House) -> Iterator[Played]:
    before, house.demo.token_delay_ms = house.demo.token_delay_ms, 0
    house.workflow("Protocol", AGENTS, tools=TOOLS, code=CODE, visual_agents=["Host", "Planner"])
    spoken: dict[str, Any] = {name: {"system_message": f"You are {name}."} for name in AGENTS}
    # A model that nobody knows a price of.
    spoken["Planner"]["llm_config"] = {"model": "in-house"}
    (house.workflows / "Protocol" / "agents.yaml").write_text(yaml.safe_dump({"agents": spoken}, sort_keys=False))
    house.workflow("Silent", {"Host": [{"say": "Nobody asked."}]}, startup_mode="BackendOnly")
    for name in ("Delivery", "Invoice"):
        house.workflow(name, {"Host": [{"say": "That is on its way."}]}, human_in_the_loop=False)
    part = {"initial_agent": None, "initial_message": None}
    Family(house).parent(
        "Parent", {"name": "Delivery", **part}, {"name": "Delivry", **part}, nested={"timeout_seconds": 300}
    )
    house.workflow("Torn", {"Host": [{"say": "Nothing."}]})
    (house.workflows / "Torn" / "agents.yaml").unlink()
    folder = house.workflows / "Protocol"
    (folder / "hooks").mkdir()
    (folder / "hooks" / "greeting.py").write_text(HOOK_CODE)
    parts = {"context_variables": VARIABLES, "structured_outputs": OUTPUTS, "handoffs": HANDOFFS, "hooks": HOOKS}
    for name, text in parts.items():
        (folder / f"{name}.yaml").write_text(text)
    pack, kept = house.workflows / "_pack", house.workflows / "_kept"
    if pack.exists():
        pack.rename(kept)
    pack.mkdir()
    spoken = asyncio.run(conversation(house))
    shutil.rmtree(pack)
    if kept.exists():
        kept.rename(pack)
    yield spoken
    house.demo.token_delay_ms = before


def test_every_frame_is_as_the_document_describes_it(played: Played) -> None:
    assert {complaint for frame in played.heard for complaint in complaints(DOCUMENT, frame)} == set()


def test_every_event_that_is_described_was_said(played: Played) -> None:
    described = {message["$ref"].rsplit("/", 1)[1] for message in DOCUMENT["operations"]["chat.tell"]["messages"]}
    assert {frame["type"] for frame in played.heard} == described


def test_every_command_was_sent_as_the_page_shows_it(played: Played) -> None:
    assert {frame["type"] for frame in played.sent} == COMMANDS.keys()
    for type_ in COMMANDS:
        assert example(type_).keys() in [frame.keys() for frame in played.sent if frame["type"] == type_]


@pytest.mark.parametrize("type_", sections("What the server says"))
def test_an_example_of_the_page_has_the_fields_of_a_frame_that_was_said(played: Played, type_: str) -> None:
    said = [(frame.keys(), frame["data"].keys()) for frame in played.of(type_)]
    for shown in sections("What the server says")[type_].examples:
        assert (shown.keys(), shown["data"].keys()) in said


def test_every_field_was_said_but_for_those_that_are_said_to_be_missing(played: Played) -> None:
    said: dict[str, set[str]] = defaultdict(set)
    for frame in played.heard:
        said[frame["type"]] |= frame["data"].keys()
    unsaid = {
        (type_, name)
        for type_, names in said.items()
        for name in fields_of(data_schema(DOCUMENT, type_)).keys() - names
    }
    (paragraph,) = (part for part in section("Not built yet").split("\n\n") if part.startswith("**Fields"))
    assert unsaid == {(type_, name) for name, type_ in re.findall(r"`(\w+)`\s+of\s+`([a-z_.]+)`", paragraph)}


def test_a_field_that_may_be_missing_was_missing_once(played: Played) -> None:
    for type_, told_of in sections("What the server says").items():
        # Stored before there was such a field. This version always tells it.
        of_earlier = re.findall(r"^\| `(\w+)`\?.* not in events of earlier versions \|$", told_of.text, re.MULTILINE)
        for told in fields_of(data_schema(DOCUMENT, type_)).values():
            if told.name in of_earlier:
                assert all(told.name in frame["data"] for frame in played.of(type_)), (type_, told.name)
            elif told.optional:
                assert any(told.name not in frame["data"] for frame in played.of(type_)), (type_, told.name)


def test_each_command_was_refused_with_the_codes_the_page_names(played: Played) -> None:
    named = {(told.type, code) for told in sections("What a client sends").values() for code in told.errors}
    outages = {pair for pair in named if pair[1] in ("RUN_START_FAILED", "SECRETS_UNAVAILABLE")}
    # Only where the form is opened between the look at it and the write.
    race = {("ui_tool_response", "CHAT_BUSY")}
    assert played.refusals == named - outages - race


def test_what_is_kept_as_a_secret_was_told_to_nobody(played: Played) -> None:
    assert TYPED not in json.dumps(played.heard)


def test_the_numbers_of_a_chat_have_no_gap(played: Played) -> None:
    chat_id = played.heard[0]["chat_id"]
    numbers = {frame["seq"] for frame in played.heard if "seq" in frame and frame["chat_id"] == chat_id}
    assert numbers == set(range(1, max(numbers) + 1))


def test_what_the_visitor_may_not_see_was_not_said(played: Played) -> None:
    assert "A note for the planner" not in json.dumps(played.heard)
    assert "Clerk" not in json.dumps(played.heard).replace("Handed over to Clerk.", "")
    assert None in [frame["data"]["agent"] for frame in played.of("chat.select_speaker")]


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        (["{"], "BAD_JSON"),
        (["[]"], "BAD_FRAME"),
        (['{"type":"chat.unheard_of"}'], "UNKNOWN_TYPE"),
        (['{"type":"ping","data":{"text":"', "x" * 20_000, "x" * 20_000, '"}}'], "FRAME_TOO_LARGE"),
        (['{"type":"client.resume","last_seq":-1}'], "VALIDATION"),
        (['{"type":"ping","chat_id":"another"}'], "CHAT_NOT_FOUND"),
        (['{"type":"chat.start_workflow_batch","runs":[]}'], "VALIDATION"),
    ],
)
def test_any_command_may_be_refused_with_these(house: House, play: Any, pieces: list[str], code: str) -> None:
    assert f"`{code}`" in section("What a client sends") + section("Not built yet")

    async def scenario() -> None:
        started = await house.start("Silent")
        async with Socket(Played(), started.websocket_url) as socket:
            assert await socket.refused(pieces) == code
            await socket.send(example("ping"))
            await socket.until("pong")

    house.workflow("Silent", {"Host": [{"say": "Nobody asked."}]}, startup_mode="BackendOnly")
    play(scenario())
