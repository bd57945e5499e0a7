"""Where plays are performed and disturbed: a database, a model, sockets, workers to kill, and a look at the rest."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pymongo

from mozaiks.access.principal import Tenant
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.visibility import present
from mozaiks.errors import MozaiksError
from mozaiks.manifests import Workflows
from mozaiks.push.connections import Connection
from mozaiks.store.text import from_text
from mozaiks_local.demo_model import DemoModel
from session_mongod import DatabaseServer

from .outside import ConnectionsApi
from .plays import Play, write_workflow
from .promise import Effect, History, reached
from .runtime import ANN, Place, Runtime
from .writes import Point

__all__ = ["AWS", "Ended", "Theatre", "Workers", "story"]

AWS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
"""What botocore must find in the environment to sign a post; nobody checks the signature."""

_ROOT: Final = Path(__file__).parents[2]

_PATIENCE_SECONDS: Final = 30.0
"""For what the tests themselves read and write, whatever the patience of the workers is."""


@dataclass(frozen=True)
class Ended:
    """How a worker process ended: ``killed`` at its point, or by itself having ``met`` these points."""

    killed: bool
    met: list[Point]
    sessions: list[bytes]


class Workers:
    """A source of worker processes."""

    def __init__(self) -> None:
        paths = (_ROOT / "layers/runtime", _ROOT / "local", _ROOT / "tests")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "invariants.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **AWS, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        )
        self._read()

    def run(
        self,
        place: Place,
        chat_id: str,
        play: Play,
        *,
        ahead: float,
        point: Point | None,
        run_no: int | None = None,
        journey_run_id: str | None = None,
    ) -> Ended:
        """Perform the play, one slice of a run, or a journey, in a process of its own, which is killed at ``point``.

        Raises
        ------
        RuntimeError
            The process failed by itself.
        """
        job = {
            "place": asdict(place),
            "chat_id": chat_id,
            "play": play.name,
            "ahead": ahead,
            "point": None if point is None else asdict(point),
            "run_no": run_no,
            "journey_run_id": journey_run_id,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._read())
        met, sessions = list[Point](), list[bytes]()
        for line in answer["said"].splitlines():
            word, _, rest = line.partition(" ")
            if word == "session":
                sessions.append(bytes.fromhex(rest))
            elif word == "met":
                met = [Point(**each) for each in json.loads(rest)]
            else:
                raise RuntimeError(f"a worker failed: {line}")
        return Ended(answer["killed"], met, sessions)

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the source of workers ended with status {self._process.wait()}")
        return line

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class Theatre:
    """A place where one play is performed over and over, each time as a new chat."""

    def __init__(
        self, play: Play, folder: Path, mongod: DatabaseServer, database: str, demo: DemoModel, **settings: Any
    ) -> None:
        self.play, self.demo, self._mongod = play, demo, mongod
        self._effects = folder / "effects.jsonl"
        self.workflows = folder / "workflows"
        if not (self.workflows / play.name).exists():
            write_workflow(play, self.workflows)
        for each in (play, *play.children):
            demo.scripts.set(each.name, {"delay_ms": 0, "agents": each.agents})
        self.watcher: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongod.uri)
        self._stored: pymongo.collection.Collection[dict[str, Any]] = self.watcher[database]["chat_events"]
        self.api = ConnectionsApi(self._is_stored)
        self.place = Place(
            uri=mongod.uri,
            database=database,
            workflows=str(self.workflows),
            model_url=demo.url,
            callback_url=self.api.url,
            appname=f"inv-{secrets.token_hex(6)}",
            settings={**play.settings, **settings},
        )
        self.runtime = Runtime(self.place)
        self.runtime.use_clock()
        self.facts = facts_of(Workflows(self.workflows).get(play.name).spec)
        self.sent: dict[str, dict[str, str]] = {}

    def another(self) -> Runtime:
        """Another worker at the same place."""
        made = Runtime(self.place, self.runtime.ahead)
        made.use_clock()
        return made

    def open(self, connection_age: float = 60.0) -> str:
        """A new chat with one socket, the chat's id for its connection's. Seconds."""
        with pymongo.timeout(_PATIENCE_SECONDS):
            chat_id = self.runtime.parts.service.start(ANN, self.facts, force_new=True).chat.chat_id
            self.connect(chat_id, chat_id, age=connection_age)
        return chat_id

    def connect(self, chat_id: str, connection_id: str, *, age: float = 60.0) -> None:
        now = self.runtime.now()
        self.runtime.parts.connections.add(
            Connection(
                connection_id,
                ANN.app_id,
                ANN.user_id,
                chat_id,
                frozenset({"chat"}),
                now - timedelta(seconds=age),
                now + timedelta(days=30),
            )
        )

    def forget(self, sessions: list[bytes]) -> None:
        """End what killed workers left open in the database, as its own time limit would a minute later."""
        if self._mongod.admin_uri is None or not sessions:
            return
        with pymongo.MongoClient[dict[str, Any]](self._mongod.admin_uri) as admin:
            known = admin.admin.aggregate([{"$listLocalSessions": {"allUsers": True}}])
            lost = [each["_id"] for each in known if bytes(each["_id"]["id"]) in sessions]
            if lost:
                admin.admin.command("killAllSessionsByPattern", [{"lsid": lsid} for lsid in lost])

    def history(self, chat_id: str, answers: Mapping[str, list[dict[str, Any]]]) -> History:
        """Everything there is to know of a chat at rest. ``answers``: what each message of the user was answered."""
        with pymongo.timeout(_PATIENCE_SECONDS):
            return self._history(chat_id, answers)

    def _history(self, chat_id: str, answers: Mapping[str, list[dict[str, Any]]]) -> History:
        parts = self.runtime.parts
        tenant = Tenant(ANN.app_id)
        here = {"app_id": ANN.app_id, "chat_id": chat_id}
        session = dict(parts.database["chat_sessions"].find_one({"_id": chat_id}) or {})
        session["state"] = from_text(session["state"])
        greeting = parts.service.get(ANN, chat_id).greeting
        events = list(parts.events.after(tenant, chat_id, 0, 5000))
        entries: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for entry in parts.database["agent_histories"].find(here).sort([("agent", 1), ("n", 1)]):
            entries.setdefault(entry["agent"], []).append((entry["n"], from_text(entry["payload"])))
        commands = [
            {**command, "answer": from_text(command["answer"])} for command in parts.database["commands"].find(here)
        ]
        posted = {
            name: list(frames)
            for name, frames in self.api.posted.items()
            if any(each.frame["chat_id"] == chat_id for each in frames)
        }
        seen = {0, *(reached(frames) for frames in posted.values())}
        replays = {seq: list(parts.service.replay(ANN, chat_id, seq)) for seq in seen}
        return History(
            session=session,
            events=[
                {"seq": each.seq, "type": each.type, "data": each.data, "event_id": each.event_id, "agent": each.agent}
                for each in events
            ],
            histories=entries,
            results={each["call_id"]: from_text(each["result"]) for each in parts.database["tool_results"].find(here)},
            commands=commands,
            effects=self.effects(chat_id),
            sent=self.sent.get(chat_id, {}),
            answers=answers,
            posted=posted,
            frames={each.seq: present(each, greeting, sees_everything=False) for each in events},
            replays=replays,
            refused=[
                f"{each.agent}: {each.rule}"
                for each in self.demo.requests
                if each.chat == chat_id and each.status == 400
            ],
            children=[
                self.history(each["_id"], {}) for each in parts.database["chat_sessions"].find(whose_parent(chat_id))
            ],
        )

    def effects(self, chat_id: str) -> list[Effect]:
        if not self._effects.exists():
            return []
        lines = [json.loads(line) for line in self._effects.read_text().splitlines()]
        return [Effect(**line) for line in lines if line["key"].startswith(f"{chat_id}:")]

    def perform(self, chat_id: str) -> dict[str, list[dict[str, Any]]]:
        """The play to its end in this process; what each message was answered."""
        answers = self.runtime.perform(chat_id, self.play)
        if self.play.children:
            # Of a child whose worker died in telling of its end, the schedule tells.
            self.runtime.settle_family(chat_id)
        self.sent[chat_id] = {f"m{number}": line for number, line in enumerate(self.play.lines, start=1)}
        return answers

    def perform_while_it_lasts(self, chat_id: str) -> dict[str, list[dict[str, Any]]]:
        """The play as far as the chat lets the user speak."""
        answers = dict[str, list[dict[str, Any]]]()
        for number, line in enumerate(self.play.lines, start=1):
            try:
                answers[f"m{number}"] = [self.runtime.submit(chat_id, f"m{number}", line)]
            except MozaiksError as error:
                if error.code != "CHAT_ENDED":
                    raise
                break
            self.sent.setdefault(chat_id, {})[f"m{number}"] = line
            self.runtime.drive(chat_id)
            self.runtime.answer_people(chat_id, self.play, answers)
        return answers

    def _is_stored(self, frame: dict[str, Any]) -> bool:
        found = self._stored.find_one({"chat_id": frame["chat_id"], "seq": frame["seq"]}, {"_id": 1})
        return found is not None and found["_id"] == frame["event_id"]

    def close(self) -> None:
        with suppress(RuntimeError):
            self.runtime.close()
        self.api.close()
        self.watcher.close()


def whose_parent(chat_id: str) -> dict[str, Any]:
    return {"app_id": ANN.app_id, "parent_chat_id": chat_id}


def spent(usage: dict[str, int]) -> dict[str, int]:
    """A run's usage as every version tells it."""
    return {name: count for name, count in usage.items() if name != "reasoning_tokens"}


def story(history: History) -> list[tuple[Any, ...]]:
    """What happened, without what differs from one performance to the next (ids, times) and without warnings."""
    told = list[tuple[Any, ...]]()
    for event in history.events:
        data = event["data"]
        match event["type"]:
            case "chat.text":
                told.append(("text", data["agent"], data["content"]))
            case "chat.error" if data["severity"] == "warning":
                continue
            case "chat.usage_summary":
                continue  # earlier versions had none; it repeats what the run's end says
            case "chat.tool_call" | "chat.tool_response" | "chat.ui_tool_complete" as type_:
                told.append((type_, data["tool_name"], data["tool_call_id"], data.get("status")))
            case "chat.run_complete":
                told.append(("run_complete", data["status"], data["result"], data["turns"], spent(data["usage"])))
            case type_:
                told.append((type_, event["agent"]))
    return told
