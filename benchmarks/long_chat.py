"""Chats as long as one likes, without the hours that it takes to have them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from pymongo.database import Database

from benchmarks.engine_slices import EngineSlices
from benchmarks.talk import APP
from mozaiks.chats.events import new_id
from mozaiks.chats.states import Chat
from mozaiks.engine.state import EngineState
from mozaiks.manifests import InstalledWorkflow
from mozaiks.store.text import to_text

__all__ = ["LongChat", "make_log", "make_long_chat"]

_PAGE: Final = 5_000
_MESSAGES_OF_A_RUN: Final = 2
_Documents = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class LongChat:
    """A chat, and how to find it again as it was made."""

    chat_id: str
    _database: Database[dict[str, Any]]
    _session: dict[str, Any]
    _commands: list[Any]
    _histories: dict[str, int]

    def put_back(self) -> None:
        """Undo every run since, so that the next one meets a chat of the same length."""
        key = {"app_id": APP, "chat_id": self.chat_id}
        self._database["chat_events"].delete_many({**key, "seq": {"$gt": self._session["last_seq"]}})
        self._database["commands"].delete_many({**key, "_id": {"$nin": self._commands}})
        for agent, length in self._histories.items():
            self._database["agent_histories"].delete_many({**key, "agent": agent, "n": {"$gte": length}})
        self._database["chat_sessions"].replace_one({"_id": self.chat_id}, self._session)


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run left: its documents, and by how much it moved the chat's counters."""

    events: _Documents
    history: _Documents
    entries: dict[str, int]
    seqs: int


async def make_long_chat(
    database: Database[dict[str, Any]], slices: EngineSlices, workflow: InstalledWorkflow, messages: int
) -> LongChat:
    """A waiting chat of so many messages, half of them the user's; an even number, at least 4.

    One message and one reply make a run. Two are really played; the second is copied in the database, each copy with
    places and ids of its own. The session's counters are what they would be had every run been played.
    """
    chat, run = await _played(database, slices, workflow)
    return _copied(database, chat, run, messages // _MESSAGES_OF_A_RUN - 2)


async def make_log(
    database: Database[dict[str, Any]], slices: EngineSlices, workflow: InstalledWorkflow, events: int
) -> LongChat:
    """A chat made the same way, whose log has exactly so many events: of the last run, only some."""
    chat, run = await _played(database, slices, workflow)
    made = _copied(database, chat, run, math.ceil((events - chat.last_seq) / run.seqs))
    database["chat_events"].delete_many({"app_id": APP, "chat_id": chat.chat_id, "seq": {"$gt": events}})
    database["chat_sessions"].update_one({"_id": chat.chat_id}, {"$set": {"last_seq": events}})
    return made


async def _played(
    database: Database[dict[str, Any]], slices: EngineSlices, workflow: InstalledWorkflow
) -> tuple[Chat, _Run]:
    first = (await slices.play(workflow, "hello")).chat
    second = (await slices.go_on(first.chat_id, "and what came then?")).chat
    key = {"app_id": APP, "chat_id": first.chat_id}
    before, after = EngineState.load(first.state), EngineState.load(second.state)
    entries = {agent: length - before.histories.get(agent, 0) for agent, length in after.histories.items()}
    history: _Documents = []
    for agent, length in after.histories.items():
        newest = {**key, "agent": agent, "n": {"$gte": length - entries[agent]}}
        history += database["agent_histories"].find(newest, {"_id": 0})
    events = list(database["chat_events"].find({**key, "seq": {"$gt": first.last_seq}}))
    return second, _Run(events, history, entries, second.last_seq - first.last_seq)


def _copied(database: Database[dict[str, Any]], chat: Chat, run: _Run, copies: int) -> LongChat:
    numbers = range(1, copies + 1)
    events = [{**each, "_id": new_id(), "seq": each["seq"] + no * run.seqs} for no in numbers for each in run.events]
    history = [{**each, "n": each["n"] + no * run.entries[each["agent"]]} for no in numbers for each in run.history]
    for name, documents in (("chat_events", events), ("agent_histories", history)):
        for start in range(0, len(documents), _PAGE):
            database[name].insert_many(documents[start : start + _PAGE], ordered=False)
    further = copies * run.seqs
    state = EngineState.load(chat.state)
    state.run_no += copies
    state.turns += copies
    state.inbox_seen += further
    state.cursors = {agent: seq + further for agent, seq in state.cursors.items()}
    state.histories = {agent: length + copies * run.entries[agent] for agent, length in state.histories.items()}
    counters = {
        "last_seq": chat.last_seq + further,
        "inbox_seq": chat.inbox_seq + further,
        "run_no": chat.run_no + copies,
        "state": to_text(state.dump()),
    }
    sessions, commands = database["chat_sessions"], database["commands"]
    sessions.update_one({"_id": chat.chat_id}, {"$set": counters})
    session = sessions.find_one({"_id": chat.chat_id})
    assert session is not None
    known = [each["_id"] for each in commands.find({"app_id": APP, "chat_id": chat.chat_id}, {"_id": 1})]
    return LongChat(chat.chat_id, database, session, known, state.histories)
