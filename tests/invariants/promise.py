"""The delivery promise, clause by clause, over the stored history of a chat that has come to rest.

1.  Order. ``seq`` counts from 1 without a gap, and the session's ``last_seq`` is the newest event's.
2.  State. The chat waits or has ended. The last ``chat.run_complete`` says the same. Each run begins once and completes
    once, or was taken over by the next; nothing follows the end of a chat but its retry. Nobody holds the lease; what
    is pending is what was asked and not answered, and each request is answered once.
3.  Tools. A tool whose result was stored ran once for it, and never again after it was stored. Each call that was
    announced was answered once, with the stored result.
4.  Usage. The chat's usage is the sum of its ``chat.usage_delta``; each run's is the sum of those within it.
5.  Commands. A command takes effect once per ``client_message_id``; a repeated one gets the first one's answer.
6.  Messages. What the user said and was accepted stands once in the log, as a text or as the answer to a tool that
    asked, and an agent was told it, unless the chat ended truthfully before.
7.  Push. Every pushed durable frame is a stored event as its viewer may see it, and was stored before it was pushed.
8.  Clients. A client that keeps the three rules (drop what it saw, hold what is ahead, ask for what is missing) sees
    each durable event once and in order.
9.  Histories. What an agent has seen and done stands without a gap, and a provider accepts it: no request of any slice
    was refused.
10. Families. A chat at rest waits for no child. Each child that was asked for was opened once, has ended, and its end
    was told once to its parent, which went on once; nobody is owed an answer, and every child is somebody's. What holds
    for a chat holds for each of its children.

Each clause is a function that takes a ``History`` and yields what is wrong with it, in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mozaiks_local.client.events import Event
from mozaiks_local.client.ordering import InOrder
from mozaiks_local.demo_model.errors import RuleViolation
from mozaiks_local.demo_model.message_rules import check_messages

__all__ = ["CLAUSES", "Effect", "History", "Posted", "broken", "reached"]

_FINAL: Final = frozenset({"completed", "failed", "cancelled", "timed_out"})
_COUNTED: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "total_tokens")
_ANSWERS: Final = frozenset({"chat.input_ack", "chat.ui_tool_complete"})
_OF_JOURNEYS: Final = frozenset({"chat.journey_progress", "chat.context_switched"})
"""What becomes of a journey is told in its chats, whether they have ended or not."""
_CLOSES: Final = _ANSWERS | {"chat.input_timeout", "chat.ui_tool_dismiss"}


@dataclass(frozen=True, slots=True)
class Effect:
    """One run of a tool, as the world outside noticed it."""

    key: str
    tool: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Posted:
    """One frame that ``@connections`` took. ``stored``: its event was in the log at that moment."""

    frame: Mapping[str, Any]
    stored: bool = True


@dataclass(frozen=True)
class History:
    """Everything that is stored of a chat, and everything its surroundings noticed.

    ``session`` has its ``state`` decoded; ``events`` are stored events with ``seq, type, data, event_id, agent``, in
    order of ``seq``; ``histories`` hold each agent's entries as (place, payload); ``results`` the tool journal by call
    id; ``commands`` the stored commands; ``sent`` the user's messages that were accepted, by ``client_message_id``;
    ``answers`` every answer each of them got; ``posted`` the frames of each connection; ``frames`` each event as the
    user may see it; ``replays`` the frames of a replay, by the ``last_seq`` it was asked with; ``refused`` the requests
    the model's rules refused; ``children`` the histories of the chats it spawned.
    """

    session: Mapping[str, Any]
    events: Sequence[Mapping[str, Any]]
    histories: Mapping[str, Sequence[tuple[int, Mapping[str, Any]]]] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    commands: Sequence[Mapping[str, Any]] = ()
    effects: Sequence[Effect] = ()
    sent: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    posted: Mapping[str, Sequence[Posted]] = field(default_factory=dict)
    frames: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    replays: Mapping[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    refused: Sequence[str] = ()
    children: Sequence[History] = ()

    def of_type(self, type_: str) -> list[Mapping[str, Any]]:
        return [event for event in self.events if event["type"] == type_]

    @property
    def status(self) -> str:
        return str(self.session["status"])


Clause = Callable[[History], Iterator[str]]


def order(history: History) -> Iterator[str]:
    seqs = [event["seq"] for event in history.events]
    if seqs != list(range(1, len(seqs) + 1)):
        yield f"the log's seqs are {seqs}"
    if history.session["last_seq"] != len(seqs):
        yield f"last_seq is {history.session['last_seq']} and the log has {len(seqs)} events"
    ids = Counter(event["event_id"] for event in history.events)
    yield from (f"the event_id {id_} stands {times} times" for id_, times in ids.items() if times > 1)


def state(history: History) -> Iterator[str]:
    status, completes = history.status, history.of_type("chat.run_complete")
    if status not in _FINAL | {"waiting"}:
        yield f"the chat is at rest and its state is {status!r}"
    begun = Counter(event["data"]["run_no"] for event in history.of_type("chat.run_start"))
    yield from (f"run {run} began {times} times" for run, times in begun.items() if times > 1)
    rested = Counter(each["data"]["run_no"] for each in completes if each["data"]["status"] == "waiting")
    yield from (f"run {run} completed {times} times" for run, times in rested.items() if times > 1)
    yield from (f"run {run} completed and never began" for run in rested if run not in begun)
    if begun and max(begun) not in {each["data"]["run_no"] for each in completes}:
        yield f"run {max(begun)} began last and never completed"
    ends = [each for each in completes if each["data"]["status"] in _FINAL]
    yield from (f"run {run} ended {n} times" for run, n in Counter(e["data"]["run_no"] for e in ends).items() if n > 1)
    if completes and completes[-1]["data"]["status"] != status:
        yield f"the chat is {status!r} and its last run_complete says {completes[-1]['data']['status']!r}"
    for end in ends:
        later = (event for event in history.events if event["seq"] > end["seq"] and event["type"] not in _OF_JOURNEYS)
        following = next(later, None)
        retried = following is not None and following["type"] == "chat.run_start"
        if following is not None and not (retried and end["data"]["status"] in ("failed", "timed_out")):
            yield f"the chat ended at seq {end['seq']} and {following['type']} follows"
    if status in _FINAL and not ends:
        yield f"the chat is {status!r} and no run_complete says so"
    if history.session["lease"] is not None:
        yield "somebody holds the lease of a chat at rest"
    yield from _pending(history)


def _pending(history: History) -> Iterator[str]:
    asked = Counter(_asked(event) for event in history.events)
    answered = Counter(event["data"]["request_id"] for event in history.events if event["type"] in _ANSWERS)
    closed = {event["data"]["request_id"] for event in history.events if event["type"] in _CLOSES}
    del asked[None]
    yield from (f"the request {id_} was asked {n} times" for id_, n in asked.items() if n > 1)
    yield from (f"the request {id_} was answered {n} times" for id_, n in answered.items() if n > 1)
    yield from (f"the request {id_} was closed and never asked" for id_ in closed if id_ not in asked)
    pending = {each["request_id"] for each in history.session["pending"]}
    open_ = set() if history.status in _FINAL else set(asked) - closed
    if pending != open_:
        yield f"pending are {sorted(pending)}; asked and not answered are {sorted(map(str, open_))}"
    if history.status == "waiting" and not pending:
        yield "the chat waits, and for nothing"


def _asked(event: Mapping[str, Any]) -> str | None:
    """The request that an event makes of a person."""
    if event["type"] == "chat.input_request":
        return str(event["data"]["request_id"])
    waits = event["type"] == "chat.tool_call" and event["data"]["awaiting_response"]
    return str(event["event_id"]) if waits else None


def tools(history: History) -> Iterator[str]:
    chat_id = history.session["_id"]
    announced = Counter(
        (event["data"]["tool_call_id"], event["data"].get("interaction_type"))
        for event in history.of_type("chat.tool_call")
    )
    calls = {id_ for id_, _ in announced} | {id_ for id_ in history.results if ":" not in id_}
    answers = Counter(event["data"]["tool_call_id"] for event in history.of_type("chat.tool_response"))
    yield from (f"the call {id_} was announced {n} times" for (id_, _), n in announced.items() if n > 1)
    yield from (f"the call {id_} was answered {n} times" for id_, n in answers.items() if n > 1)
    if history.status in ("completed", "waiting"):
        waiting = {each.get("tool_call_id") for each in history.session["pending"]}
        yield from (f"the call {id_} was never answered" for id_ in sorted(calls - waiting) if id_ not in answers)
    yield from (f"the call {id_} was answered and never announced" for id_ in answers if id_ not in calls)
    content = {event["data"]["tool_call_id"]: event["data"] for event in history.of_type("chat.tool_response")}
    for call_id, result in history.results.items():
        if ":" in call_id:
            continue  # what a person said to a call, not what came of it
        ran = [effect.nonce for effect in history.effects if effect.key == f"{chat_id}:{call_id}"]
        value = result["content"]
        nonce = value.get("nonce") if isinstance(value, Mapping) else None
        if nonce is not None and nonce not in ran:
            yield f"the stored result of {call_id} comes from no run of the tool"
        elif nonce is not None and ran[-1] != nonce:
            yield f"the tool of {call_id} ran again after its result was stored"
        if call_id in content and content[call_id]["content"] != value:
            yield f"the log tells another result of {call_id} than the journal"


def usage(history: History) -> Iterator[str]:
    deltas = [event["data"] for event in history.of_type("chat.usage_delta")]
    for name in _COUNTED:
        total = sum(delta[name] for delta in deltas)
        if history.session["usage"][name] != total:
            yield f"the chat's {name} are {history.session['usage'][name]}, their parts sum up to {total}"
    if history.session["usage"]["model_calls"] != len(deltas):
        yield f"the chat counts {history.session['usage']['model_calls']} model calls and tells of {len(deltas)}"
    spent = 0
    for event in history.events:
        if event["type"] == "chat.run_start":
            spent = 0
        elif event["type"] == "chat.usage_delta":
            spent += event["data"]["total_tokens"]
        elif event["type"] == "chat.usage_summary":
            if event["data"]["total_tokens"] != spent:
                yield f"a run is summed up as {event['data']['total_tokens']} tokens, its parts sum up to {spent}"
        elif event["type"] == "chat.run_complete" and event["data"]["usage"]:
            told = event["data"]["usage"]["total_tokens"]
            if told != spent:
                yield f"run {event['data']['run_no']} tells of {told} tokens, its parts sum up to {spent}"
            spent = 0


def commands(history: History) -> Iterator[str]:
    stored = Counter(command["client_message_id"] for command in history.commands)
    yield from (f"the command {id_} is stored {n} times" for id_, n in stored.items() if n > 1)
    yield from (f"the accepted command {id_} is not stored" for id_ in history.sent if id_ not in stored)
    for id_, answers in history.answers.items():
        first = next((command["answer"] for command in history.commands if command["client_message_id"] == id_), None)
        if any(answer != first for answer in answers):
            yield f"the command {id_} was answered {answers}; stored is {first}"


def messages(history: History) -> Iterator[str]:
    texts = history.of_type("chat.text")
    for message_id, text in history.sent.items():
        said = [each["data"]["content"] for each in texts if each["data"]["message_id"] == message_id]
        said += [
            each["data"]["response"]
            for each in history.of_type("chat.input_ack")
            if each["data"]["client_message_id"] == message_id and "response" in each["data"]
        ]
        if said != [text]:
            yield f"the accepted message {message_id} stands {len(said)} times in the log"
        elif not _told(history, text) and history.status not in ("failed", "cancelled", "timed_out"):
            yield f"the accepted message {message_id} was told to no agent, and the chat is {history.status!r}"
    finals = Counter(each["data"]["message_id"] for each in texts)
    yield from (f"the text {id_} stands {n} times" for id_, n in finals.items() if n > 1)


def _told(history: History, text: str) -> bool:
    for entries in history.histories.values():
        for _, payload in entries:
            heard = [payload["text"]] if payload["kind"] == "request" else payload.get("results", ())
            if any(text in (each if isinstance(each, str) else each["text"]) for each in heard):
                return True
    return False


def push(history: History) -> Iterator[str]:
    for connection, posted in history.posted.items():
        for each in posted:
            seq = each.frame.get("seq")
            if seq is None:
                continue
            if not each.stored:
                yield f"{connection} was told of seq {seq} before it was stored"
            if each.frame != history.frames.get(seq):
                yield f"{connection} was told {each.frame}; stored at seq {seq} is {history.frames.get(seq)}"


def clients(history: History) -> Iterator[str]:
    wanted = [seq for seq, frame in sorted(history.frames.items()) if frame["type"] != "chat.hidden"]
    for connection, posted in (*history.posted.items(), ("a new client", ())):
        client, seen = InOrder(), list[int]()
        for each in posted:
            seen += [event.seq for event in client.accept(_event(each.frame)) if event.seq is not None]
        replay = history.replays.get(client.last_seq)
        if replay is None:
            yield f"{connection} asked for what follows seq {client.last_seq} and got no answer"
            continue
        for frame in replay:
            seen += [event.seq for event in client.accept(_event(frame)) if event.seq is not None]
        if seen != wanted:
            yield f"{connection} saw the seqs {seen}"
        if client.gap:
            yield f"{connection} still misses something after it asked"


def reached(posted: Sequence[Posted]) -> int:
    """How far a client came in order that took these frames: the ``last_seq`` it would ask with."""
    client = InOrder()
    for each in posted:
        client.accept(_event(each.frame))
    return client.last_seq


def histories(history: History) -> Iterator[str]:
    yield from (f"a request was refused: {rule}" for rule in history.refused)
    for agent, entries in history.histories.items():
        places = [place for place, _ in entries]
        if places != list(range(len(places))):
            yield f"the history of {agent} has the places {places}"
        if history.session["state"]["histories"].get(agent) != len(places):
            yield f"the history of {agent} has {len(places)} entries; the chat says otherwise"
        payloads = [payload for _, payload in entries]
        if history.status in ("failed", "cancelled", "timed_out"):
            # A turn that was broken off may have called tools without results; nobody shows that to a model again.
            while payloads and payloads[-1]["kind"] == "response" and payloads[-1]["calls"]:
                payloads.pop()
        try:
            check_messages([{"role": "system", "content": ""}, *_as_messages(payloads)])
        except RuleViolation as error:
            yield f"a provider would refuse the history of {agent}: {error}"


def _as_messages(payloads: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A stored history as OpenAI's API takes it."""
    for payload in payloads:
        match payload["kind"]:
            case "request":
                yield {"role": "user", "content": payload["text"]}
            case "response":
                message: dict[str, Any] = {"role": "assistant", "content": payload["text"]}
                if payload["calls"]:
                    message["tool_calls"] = [
                        {
                            "id": call["id"],
                            "type": "function",
                            "function": {"name": call["name"], "arguments": call["arguments"]},
                        }
                        for call in payload["calls"]
                    ]
                yield message
            case "results":
                for result in payload["results"]:
                    yield {"role": "tool", "tool_call_id": result["id"], "content": result["text"]}


def _event(frame: Mapping[str, Any]) -> Event:
    return Event(frame["type"], frame["data"], frame.get("seq"), frame.get("chat_id"), frame.get("event_id"))


def families(history: History) -> Iterator[str]:
    asked = [
        each["chat_id"]
        for event in history.of_type("chat.workflow_batch_started")
        for each in event["data"]["children"]
    ]
    yield from (f"the child {id_} was asked for {n} times" for id_, n in Counter(asked).items() if n > 1)
    told = Counter(event["data"]["chat_id"] for event in history.of_type("chat.workflow_child_completed"))
    yield from (f"the end of the child {id_} was told {n} times" for id_, n in told.items() if n > 1)
    batch, join = history.session.get("batch"), history.session.get("join")
    if batch is not None and batch["open"]:
        yield "the chat is at rest and its children are waited for"
    if join is not None and history.status in _FINAL and not join["settled"]:
        yield "the chat has ended and somebody who waits for it does not know"
    if join is not None and history.status in _FINAL and join["token"] is not None:
        yield "a task token is kept that was answered"
    resumed = Counter(event["data"]["batch_id"] for event in history.of_type("chat.workflow_resumed"))
    yield from (f"the chat went on {n} times after {id_}" for id_, n in resumed.items() if n > 1)
    if resumed:
        yield from (f"the chat went on and was never told of {id_}" for id_ in asked if id_ not in told)
    for child in history.children:
        id_ = child.session["_id"]
        if id_ not in asked:
            yield f"nobody asked for the child {id_}"
        if child.status not in _FINAL:
            yield f"the child {id_} is {child.status!r}, and its parent {history.status!r}"
        yield from (f"child {id_}: {words}" for words in broken(child))


CLAUSES: Final[Mapping[str, Clause]] = {
    "order": order,
    "state": state,
    "tools": tools,
    "usage": usage,
    "commands": commands,
    "messages": messages,
    "push": push,
    "clients": clients,
    "histories": histories,
    "families": families,
}


def broken(history: History) -> list[str]:
    """Every clause that does not hold, as ``clause: what is wrong``; empty where the promise is kept."""
    return [f"{name}: {complaint}" for name, clause in CLAUSES.items() for complaint in clause(history)]
