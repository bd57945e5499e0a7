"""Chats as this version of the product stores them, kept in files for later versions to go on with.

``python -m invariants.stored`` (with ``tests``, ``local`` and ``layers/runtime`` on the path) performs each play as far
as each stop and writes what the database then holds to a new folder ``stored/<n>/``. Folders are added when what is
stored has changed, and never made again: they are what people's databases hold.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from bson import json_util

from mozaiks.store.indexes import ensure_indexes
from mozaiks_local.demo_model import DemoModel, Fault, run_in_thread
from session_mongod import DatabaseServer, TestRun, server_of_this_run

from .plays import PLAYS, Play, write_workflow
from .runtime import ANN
from .theatre import AWS, Theatre, Workers
from .writes import Point

__all__ = ["FOLDER", "KeptChat", "kept_chats", "put_back"]

FOLDER: Final = Path(__file__).with_name("stored")

_JSON: Final = json_util.CANONICAL_JSON_OPTIONS


@dataclass(frozen=True)
class KeptChat:
    """One chat at one stop. ``documents``: by collection; ``effects``: what its tools had done to the world outside."""

    stop: str
    play: Play
    chat_id: str
    documents: dict[str, list[dict[str, Any]]]
    effects: list[str]
    workflows: Path


def kept_chats() -> Iterator[KeptChat]:
    """Every chat of every version, the oldest version first."""
    for path in sorted(FOLDER.glob("*/*.json")):
        found = json_util.loads(path.read_text(), json_options=_JSON)
        play = Play(**{**found["play"], "lines": tuple(found["play"]["lines"])})
        yield KeptChat(
            stop=f"{path.parent.name}/{path.stem}",
            play=play,
            chat_id=found["chat_id"],
            documents=found["documents"],
            effects=found["effects"],
            workflows=path.parent / "workflows",
        )


def put_back(kept: KeptChat, theatre: Theatre, folder: Path) -> None:
    """Let the database of ``theatre`` hold the chat, and the world what its tools did."""
    for collection, documents in kept.documents.items():
        theatre.watcher[theatre.place.database][collection].insert_many(documents)
    with (folder / "effects.jsonl").open("a") as file:
        file.writelines(line + "\n" for line in kept.effects)


# --- the stops ------------------------------------------------------------------------------------------------------


def _greeted(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    """Nothing was said yet."""


def _between_calls_and_results(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    _killed(theatre, workers, chat_id, Point("insert tool_results", 1))


def _first_write_of_the_run(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    _killed(theatre, workers, chat_id, Point("commitTransaction", 2))


def _after_the_first_line(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    theatre.runtime.submit(chat_id, "m1", theatre.play.lines[0])
    theatre.runtime.drive(chat_id)


def _after_one_answer(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    _after_the_first_line(theatre, workers, chat_id)
    asked = [each for each in theatre.runtime.parts.service.get(ANN, chat_id).pending if each["tool_name"] is not None]
    last = asked[-1]
    theatre.runtime.reply(chat_id, last["kind"], last["request_id"], theatre.play.replies[str(last["tool_name"])])


def _failed(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    theatre.demo.faults.add(Fault("server_error", agent="Host", times="forever"))
    _after_the_first_line(theatre, workers, chat_id)
    theatre.demo.faults.clear()


def _at_its_end(theatre: Theatre, workers: Workers, chat_id: str) -> None:
    theatre.perform(chat_id)


_Stop = Callable[[Theatre, Workers, str], None]

STOPS: Final[dict[str, tuple[_Stop, ...]]] = {
    "Desk": (_greeted, _first_write_of_the_run, _between_calls_and_results, _after_the_first_line, _failed),
    "Form": (_between_calls_and_results, _at_its_end),
    "Batch": (_between_calls_and_results,),
    "Pieces": (_between_calls_and_results,),
    "Panel": (_after_the_first_line,),
    "People": (_after_the_first_line, _after_one_answer, _between_calls_and_results),
}


def _killed(theatre: Theatre, workers: Workers, chat_id: str, point: Point) -> None:
    ended = workers.run(theatre.place, chat_id, theatre.play, ahead=0.0, point=point)
    if not ended.killed:
        raise RuntimeError(f"the worker of {theatre.play.name} never came to {point}")
    theatre.forget(ended.sessions)


def _documents(theatre: Theatre, chat_id: str) -> dict[str, list[dict[str, Any]]]:
    """All there is of the chat but its sockets; with its executions, which outlive a deployment."""
    database = theatre.watcher[theatre.place.database]
    found = {
        name: list(database[name].find({"$or": [{"chat_id": chat_id}, {"_id": chat_id}]}))
        for name in sorted(database.list_collection_names())
        if name != "connections"
    }
    return {name: documents for name, documents in found.items() if documents}


@contextmanager
def _theatre(play: Play, folder: Path, mongod: DatabaseServer, demo: DemoModel) -> Iterator[Theatre]:
    theatre = Theatre(play, folder, mongod, f"stored_{play.name.lower()}", demo)
    ensure_indexes(theatre.runtime.parts.database)
    try:
        yield theatre
    finally:
        theatre.close()


def main() -> None:
    """Keep the chats of this version in a new folder."""
    import os

    os.environ.update(AWS)
    folder = FOLDER / f"{1 + max((int(path.name) for path in FOLDER.glob('[0-9]*')), default=0)}"
    run, workers = TestRun(), Workers()
    try:
        for name, stops in STOPS.items():
            play = PLAYS[name]
            write_workflow(play, folder / "workflows")
            for stop in stops:
                with tempfile.TemporaryDirectory() as made:
                    place = Path(made)
                    (place / "workflows").mkdir()
                    with (
                        run_in_thread(place / "workflows") as demo,
                        _theatre(play, place, server_of_this_run(), demo) as theatre,
                    ):
                        chat_id = theatre.open()
                        stop(theatre, workers, chat_id)
                        kept = {
                            "play": asdict(play),
                            "chat_id": chat_id,
                            "documents": _documents(theatre, chat_id),
                            "effects": [json.dumps(asdict(effect)) for effect in theatre.effects(chat_id)],
                        }
                path = folder / f"{name}{stop.__name__}.json"
                path.write_text(json_util.dumps(kept, json_options=_JSON, indent=1) + "\n")
                sys.stdout.write(f"{path.name}\n")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        workers.close()
        run.close()


if __name__ == "__main__":
    main()
