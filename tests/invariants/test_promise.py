"""Each clause notices what it is there for: a history in which it was broken by hand is refused, and by that clause."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from .promise import CLAUSES, Effect, History, Posted, broken
from .theatre import Theatre

Break = Callable[[History], History]


_PERFORMED: list[History] = []


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> History:
    """A chat of two runs that nothing disturbed. Performed once: it is never changed."""
    if not _PERFORMED:
        theatre: Theatre = request.getfixturevalue("theatre_of")("Desk")
        chat_id = theatre.open()
        _PERFORMED.append(theatre.history(chat_id, theatre.perform(chat_id)))
    (history,) = _PERFORMED
    assert broken(history) == []
    return history


def of_type(history: History, type_: str) -> dict[str, Any]:
    return next(dict(event) for event in history.events if event["type"] == type_)


def without(history: History, type_: str) -> History:
    """The log as if the first event of this type had never been there."""
    seq = of_type(history, type_)["seq"]
    left = [event for event in history.events if event["seq"] != seq]
    events = [{**event, "seq": place} for place, event in enumerate(left, start=1)]
    return replace(history, events=events, session={**history.session, "last_seq": len(events)})


def twice(history: History, type_: str, **data: Any) -> History:
    """The log with an event of this type told again at its end."""
    last = len(history.events) + 1
    again = of_type(history, type_)
    again |= {"seq": last, "event_id": "again", "data": {**again["data"], **data}}
    return replace(history, events=[*history.events, again], session={**history.session, "last_seq": last})


def session(history: History, **fields: Any) -> History:
    return replace(history, session={**history.session, **fields})


def ran_again(history: History) -> History:
    return replace(history, effects=[*history.effects, replace(history.effects[0], nonce="later")])


def never_ran(history: History) -> History:
    return replace(history, effects=[Effect(each.key, each.tool, "other") for each in history.effects])


def posted(history: History, change: Callable[[list[Posted]], list[Posted]]) -> History:
    ((name, frames),) = history.posted.items()
    return replace(history, posted={name: change(list(frames))})


def early(frames: list[Posted]) -> list[Posted]:
    first = next(place for place, each in enumerate(frames) if "seq" in each.frame)
    frames[first] = replace(frames[first], stored=False)
    return frames


def other_words(frames: list[Posted]) -> list[Posted]:
    changed = copy.deepcopy(frames)
    text = next(each for each in changed if each.frame["type"] == "chat.text")
    text.frame["data"]["content"] = "something else"
    return changed


def histories(history: History, change: Callable[[list[Any]], list[Any]]) -> History:
    return replace(history, histories={**history.histories, "Host": change(list(history.histories["Host"]))})


def no_replay(history: History) -> History:
    return replace(history, replays={seq: frames[:-3] for seq, frames in history.replays.items()})


BREAKS: list[tuple[str, str, Break]] = [
    ("order", "an event is missing", lambda h: replace(h, events=[*h.events[:3], *h.events[4:]])),
    ("order", "the counter is ahead", lambda h: session(h, last_seq=99)),
    ("state", "a run began twice", lambda h: twice(h, "chat.run_start")),
    ("state", "a run completed twice", lambda h: twice(h, "chat.run_complete")),
    ("state", "the last run never completed", lambda h: twice(h, "chat.run_start", run_no=3)),
    ("state", "an error became completed", lambda h: session(h, status="completed")),
    ("state", "it runs for ever", lambda h: session(h, status="running")),
    ("state", "a dead worker holds the lease", lambda h: session(h, lease={"token": "t"})),
    ("state", "a request is forgotten", lambda h: session(h, pending=[])),
    ("state", "a request is asked again", lambda h: twice(h, "chat.input_request")),
    ("state", "a request is answered twice", lambda h: twice(h, "chat.input_ack")),
    ("state", "an end in the middle", lambda h: twice(twice(h, "chat.run_complete", status="cancelled"), "chat.text")),
    ("tools", "a call is announced twice", lambda h: twice(h, "chat.tool_call")),
    ("tools", "a call is answered twice", lambda h: twice(h, "chat.tool_response")),
    ("tools", "a call is never answered", lambda h: without(h, "chat.tool_response")),
    ("tools", "another result is told", lambda h: twice(without(h, "chat.tool_response"), "chat.tool_response")),
    ("tools", "a tool ran after its result was stored", ran_again),
    ("tools", "a result that no tool returned", never_ran),
    ("usage", "a model call is not counted", lambda h: without(h, "chat.usage_delta")),
    ("usage", "a model call is counted twice", lambda h: twice(h, "chat.usage_delta")),
    ("commands", "a command is stored twice", lambda h: replace(h, commands=[*h.commands, h.commands[0]])),
    ("commands", "an accepted command is lost", lambda h: replace(h, commands=[])),
    ("commands", "a repeated command is answered differently", lambda h: replace(h, answers={"m1": [{"accepted": 1}]})),
    ("messages", "an accepted message is lost", lambda h: replace(h, sent={**h.sent, "m9": "hello?"})),
    ("messages", "a message stands twice", lambda h: twice(h, "chat.text")),
    ("messages", "no agent was told", lambda h: replace(h, histories={})),
    ("push", "an event was pushed before it was stored", lambda h: posted(h, early)),
    ("push", "another text was pushed than stored", lambda h: posted(h, other_words)),
    ("clients", "the replay ends too early", no_replay),
    ("histories", "a provider refused a request", lambda h: replace(h, refused=["Host: tool_calls_answered"])),
    ("histories", "an entry is missing", lambda h: histories(h, lambda entries: entries[:1] + entries[2:])),
    ("histories", "an entry stands twice", lambda h: histories(h, lambda entries: [*entries, entries[-1]])),
]


@pytest.mark.parametrize(("clause", "how", "break_it"), BREAKS, ids=[how for _, how, _ in BREAKS])
def test_a_broken_clause_is_noticed(clause: str, how: str, break_it: Break, kept: History) -> None:
    assert list(CLAUSES[clause](break_it(kept))), how


def test_a_client_that_lost_frames_sees_them_once_and_in_order_after_it_asked(kept: History) -> None:
    half = posted(kept, lambda frames: [each for each in frames if each.frame.get("seq") not in (5, 9, 10)])
    replays = {4: [kept.replays[0][0], *kept.replays[0][5:]]}
    assert broken(replace(half, replays={**kept.replays, **replays})) == []
