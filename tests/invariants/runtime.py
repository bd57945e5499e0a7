"""One worker process of the product, as the functions make it, with a clock that can be set forward."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pymongo
from pydantic import SecretStr
from pymongo.errors import DuplicateKeyError, PyMongoError

from mozaiks import bootstrap
from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.states import ChatStatus
from mozaiks.engine.slice import Outcome, SliceRunner
from mozaiks.errors import MozaiksError
from mozaiks.flow.runs import execution_name
from mozaiks.settings import Settings

from .plays import Play

__all__ = ["ANN", "Place", "Runtime", "WentWrong"]

ANN: Final = Principal("acme", "ann")

_ATTEMPTS: Final = 6
"""How often ``run.asl.json`` tries a slice whose function failed: once, and five times more."""

_real_now = bootstrap.now


class WentWrong(Exception):
    """A run did not come to an end."""


@dataclass(frozen=True)
class Place:
    """Where a worker's surroundings are; JSON-ready, for it goes to other processes."""

    uri: str
    database: str
    workflows: str
    model_url: str
    callback_url: str
    appname: str
    settings: dict[str, Any] = field(default_factory=dict)

    def configuration(self) -> Settings:
        return Settings(
            mongodb_uri=SecretStr(self.uri),
            mongodb_db_name=self.database,
            mozaiks_workflows_path=Path(self.workflows),
            demo_model_url=self.model_url,
            websocket_callback_url=self.callback_url,
            **{
                "model_http_retries": 0,
                "model_timeout_seconds": 2.0,
                "slice_reserve_seconds": 0.1,
                "push_coalesce_seconds": 0.0,
                "push_timeout_seconds": 0.5,
                "push_drain_seconds": 1.0,
                **self.settings,
            },
        )


class _NotedRuns:
    """Where Step Functions would be: a run is noted once under its execution's name, and carried out by ``drive``."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        note = {"_id": execution_name(chat_id, run_no), "app_id": app_id, "chat_id": chat_id, "run_no": run_no}
        try:
            self._runtime.executions.insert_one({**note, "over": False})
        except DuplicateKeyError:
            return

    def going(self, chat_id: str, run_no: int) -> bool:
        note = {"_id": execution_name(chat_id, run_no), "over": False}
        return self._runtime.executions.find_one(note) is not None


class _NotedTokens:
    """Where Step Functions would be: the first answer to a task counts, any other comes too late."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def succeed(self, token: str, outcome: Mapping[str, str]) -> bool:
        try:
            self._runtime.answers.insert_one({"_id": token, **outcome})
        except DuplicateKeyError:
            return False
        return True


class Runtime:
    """The product's parts at a place.

    ``ahead`` is how many seconds its clock is set forward: what waits (a lease, a back-off, a lost start) is not waited
    for but skipped.
    """

    def __init__(self, place: Place, ahead: float = 0.0) -> None:
        self.place, self.ahead = place, ahead
        os.environ["AWS_LAMBDA_FUNCTION_NAME"] = place.appname
        try:
            self.parts = Parts(place.configuration())
        finally:
            del os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        # A client of its own: what happens to the product's shall not happen to the tests'.
        self._notes: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(place.uri)
        self.executions = self._notes[place.database]["executions"]
        self.answers = self._notes[place.database]["answers"]
        self.repairs = self.parts.parent_repairs
        object.__setattr__(self.parts.service, "runs", _NotedRuns(self))
        object.__setattr__(self.parts.reconciler, "runs", _NotedRuns(self))
        object.__setattr__(self.parts.parents, "executions", _NotedRuns(self))
        object.__setattr__(self.parts.endings, "tokens", _NotedTokens(self))
        object.__setattr__(self.parts.child_opener, "tokens", _NotedTokens(self))
        self.loop = asyncio.Runner()
        self.slices = self.loop.run(self._made())

    async def _made(self) -> SliceRunner:
        return self.parts.slices()

    def now(self) -> datetime:
        return _real_now() + timedelta(seconds=self.ahead)

    def submit(self, chat_id: str, message_id: str, text: str) -> dict[str, Any]:
        command = SubmitInput(type="user.input.submit", text=text, client_message_id=message_id)
        return dict(self.parts.service.submit(ANN, chat_id, command))

    async def slice(self, chat_id: str, run_no: int, seconds: float = 60.0) -> Outcome:
        """One invocation of the function ``orchestrate``."""
        end = asyncio.get_running_loop().time() + seconds
        return await self.slices.run(ANN.app_id, chat_id, run_no, lambda: end - asyncio.get_running_loop().time())

    def perform(self, chat_id: str, play: Play) -> dict[str, list[dict[str, Any]]]:
        """Let the user say the lines of the play, one after the other, each to its run's end, and answer what is asked.

        Safe to repeat, as a client repeats that does not know whether it was heard. Returns, by the command's id, what
        each was answered.
        """
        answers: dict[str, list[dict[str, Any]]] = {}
        for number, line in enumerate(play.lines, start=1):
            said = self.insist(partial(self.submit, chat_id, f"m{number}", line))
            answers[f"m{number}"] = [said]
            self.drive(chat_id)
            self.answer_people(chat_id, play, answers)
        return answers

    def answer_people(self, chat_id: str, play: Play, answers: dict[str, list[dict[str, Any]]]) -> None:
        """Answer what the tools of the play ask, the last one first, each twice, until nothing is open but the chat."""
        for _ in range(20):
            chat = self.insist(lambda: self.parts.service.get(ANN, chat_id))
            asked = [pending for pending in chat.pending if pending["tool_name"] is not None]
            if not asked:
                return
            for pending in reversed(asked):
                request_id, reply = pending["request_id"], play.replies[pending["tool_name"]]
                for repeated in (False, True):
                    act = partial(self.reply, chat_id, pending["kind"], request_id, reply, repeated=repeated)
                    said = self.insist(act)
                    answers.setdefault(f"answer:{request_id}", []).append(said)
            self.drive(chat_id)
        raise WentWrong(f"the chat asks and asks: {chat.pending}")

    def reply(self, chat_id: str, kind: str, request_id: str, reply: Any, *, repeated: bool = False) -> dict[str, Any]:
        """Answer one request. Who answers ``repeated``ly says something else: it must not count."""
        service = self.parts.service
        if kind == "approval":
            return dict(service.approve(ANN, chat_id, request_id, approved=reply is not repeated, reason="so be it"))
        return dict(service.answer(ANN, chat_id, request_id, reply if not repeated else f"not {reply}"))

    def drive(self, chat_id: str) -> None:
        """Do what Step Functions and the minute's schedule do, until the chat stands still."""
        for _ in range(30):
            for noted in list(self.executions.find({"chat_id": chat_id, "over": False}).sort("run_no")):
                self._execute(chat_id, noted["run_no"])
                self.executions.update_one({"_id": noted["_id"]}, {"$set": {"over": True}})
            chat = self.insist(lambda: self.parts.service.get(ANN, chat_id))
            if chat.status is not ChatStatus.RUNNING:
                return
            self.a_minute_later()
        raise WentWrong(f"the chat is still running after half an hour: run {chat.run_no}, lease {chat.lease}")

    def _execute(self, chat_id: str, run_no: int) -> None:
        """``run.asl.json`` for one run."""
        attempts = 0
        for _ in range(80):
            try:
                outcome = self.loop.run(self.slice(chat_id, run_no))
            except (MozaiksError, PyMongoError) as error:
                attempts += 1
                if attempts == _ATTEMPTS:
                    self._mark_failed(chat_id, run_no, type(error).__name__)
                    return
                self.ahead += min(30.0, 2.0 ** (attempts - 1))
                continue
            attempts = 0
            match outcome["outcome"]:
                case "continue":
                    continue
                case "backoff":
                    self.ahead += outcome["wait_seconds"]
                case "children" if self._children(chat_id, run_no):
                    continue
                case _:
                    return
        raise WentWrong(f"run {run_no} does not end: {outcome}")

    def _children(self, chat_id: str, run_no: int) -> bool:
        """The states of ``run.asl.json`` around children; whether a slice follows."""
        parents = self.parts.parents
        for _ in range(10):
            listed = self.insist(lambda: parents.children_of(ANN.app_id, chat_id, run_no))
            for child_id in listed["children"]:
                self._child(chat_id, run_no, child_id)
            outcome = self.insist(lambda: parents.join(ANN.app_id, chat_id, run_no))["outcome"]
            if outcome != "children":
                return bool(outcome == "continue")
        raise WentWrong(f"run {run_no} waits for children without end")

    def _child(self, chat_id: str, run_no: int, child_id: str) -> None:
        """Open a child with a task of its own, and wait until the task is answered."""
        token = f"task-{uuid.uuid4().hex}"
        self.insist(lambda: self.parts.child_opener.open(ANN.app_id, chat_id, run_no, child_id, token))
        for _ in range(10):
            if self.answers.find_one({"_id": token}) is not None:
                return
            self.drive(child_id)
            if self.answers.find_one({"_id": token}) is None:
                self.a_minute_later()
        raise WentWrong(f"nobody answered for the child {child_id}")

    def settle_family(self, chat_id: str) -> None:
        """Let a chat and its children come to rest together, and the schedule find what was left half done."""
        for _ in range(4):
            self.drive(chat_id)
            for child in self.parts.database["chat_sessions"].find({"parent_chat_id": chat_id}, {"_id": 1}):
                self.drive(child["_id"])
            self.a_minute_later()

    def a_minute_later(self) -> None:
        """Let the minute's schedule come by once."""
        self.ahead += 61.0
        self.parts.reconciler.run()
        self.repairs.run()

    def _mark_failed(self, chat_id: str, run_no: int, cause: str) -> None:
        self.insist(lambda: self.parts.service.mark_failed(ANN.app_id, chat_id, run_no, cause))

    def insist(self, act: Callable[[], Any]) -> Any:
        """Try again what may be tried again, as clients and Step Functions do."""
        for attempt in range(_ATTEMPTS):
            try:
                return act()
            except MozaiksError as error:
                if not error.retryable or attempt == _ATTEMPTS - 1:
                    raise
                self.ahead += 1.0
        raise AssertionError("unreachable")

    def use_clock(self) -> None:
        """Let everything of this process read this runtime's clock."""
        parts = self.parts
        children = (parts.family, parts.parents, parts.child_opener, self.repairs)
        for part in (parts.chats, parts.service, parts.reconciler, parts.sockets, self.slices, *children):
            for name in ("clock", "_clock"):
                if hasattr(part, name):
                    object.__setattr__(part, name, self.now)

    def close(self) -> None:
        self.loop.run(self.slices.models.close())
        self.loop.close()
        self.parts.database.client.close()
        self._notes.close()
