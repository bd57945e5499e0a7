"""Parents and children at the same instant, twice, and without the execution that drove them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.chats import decisions

from .promise import broken
from .runtime import ANN, Runtime
from .theatre import Theatre

ROUNDS = 6
"""Times that what happens at once is tried: each interleaves differently."""


@dataclass
class Stage:
    theatre: Theatre
    others: tuple[Runtime, Runtime]

    @property
    def parts(self) -> Any:
        return self.theatre.runtime.parts

    def paused(self) -> tuple[str, list[str]]:
        """A new chat that waits for its children, and their ids."""
        theatre = self.theatre
        chat_id = theatre.open()
        theatre.runtime.submit(chat_id, "m1", theatre.play.lines[0])
        theatre.sent[chat_id] = {"m1": theatre.play.lines[0]}
        outcome = theatre.runtime.loop.run(theatre.runtime.slice(chat_id, 1))
        assert outcome["outcome"] == "children"
        return chat_id, self.parts.parents.children_of(ANN.app_id, chat_id, 1)["children"]

    def open_child(self, chat_id: str, child_id: str, token: str) -> None:
        self.parts.child_opener.open(ANN.app_id, chat_id, self.run_no(chat_id), child_id, token)

    def run_no(self, chat_id: str) -> int:
        return int(self.parts.service.get(ANN, chat_id).run_no)

    def finish(self, chat_id: str) -> list[str]:
        """What of the promise is broken when everything has come to rest."""
        runtime = self.theatre.runtime
        for _ in range(4):
            # Executions that are there go on; what is lost is found.
            for noted in list(runtime.executions.find({"over": False, "chat_id": chat_id})):
                runtime._execute(chat_id, noted["run_no"])
                runtime.executions.update_one({"_id": noted["_id"]}, {"$set": {"over": True}})
            for child in self.parts.database["chat_sessions"].find({"parent_chat_id": chat_id}):
                runtime.drive(child["_id"])
            runtime.a_minute_later()
        return broken(self.theatre.history(chat_id, {}))


@pytest.fixture
def stage(theatre_of: Callable[..., Theatre]) -> Iterator[Stage]:
    theatre = theatre_of("Family")
    others = (theatre.another(), theatre.another())
    yield Stage(theatre, others)
    for runtime in others:
        runtime.close()


def both(stage: Stage, *acts: Callable[[Runtime], Any]) -> list[Any]:
    """Let two workers act at the same time."""
    for runtime in stage.others:
        runtime.ahead = stage.theatre.runtime.ahead
    with ThreadPoolExecutor(2) as pool:
        going = [pool.submit(act, runtime) for act, runtime in zip(acts, stage.others, strict=True)]
        return [each.result(60) for each in going]


def test_two_children_that_end_in_the_same_instant_are_both_told_of(stage: Stage) -> None:
    for _ in range(ROUNDS):
        chat_id, children = stage.paused()
        for child_id in children:
            stage.open_child(chat_id, child_id, f"token-{child_id}")

        def end(child_id: str) -> Callable[[Runtime], None]:
            return lambda runtime: runtime.drive(child_id)

        both(stage, *(end(child_id) for child_id in children))
        told = [
            each["data"]["ended"]
            for each in stage.theatre.history(chat_id, {}).of_type("chat.workflow_child_completed")
        ]
        assert told == [1, 2]
        assert stage.finish(chat_id) == []


def test_an_end_that_is_told_twice_at_once_counts_once(stage: Stage) -> None:
    for _ in range(ROUNDS):
        chat_id, children = stage.paused()
        for child_id in children:
            stage.open_child(chat_id, child_id, f"token-{child_id}")
        first = stage.parts.service.get(ANN, children[0])
        ended = _ended_without_telling(stage, first.chat_id)
        both(stage, *[lambda runtime, ended=ended: runtime.parts.endings.settle(ended)] * 2)
        answers = stage.theatre.runtime.answers.count_documents({"chat_id": first.chat_id})
        assert answers == 1
        assert stage.finish(chat_id) == []


def _ended_without_telling(stage: Stage, chat_id: str) -> Any:
    """The chat as a worker leaves it that dies right after its end was stored."""
    now = stage.theatre.runtime.now()
    return stage.parts.chats.transact(
        Tenant(ANN.app_id), chat_id, lambda found: decisions.end(found, "cancelled", now)
    ).chat


def test_a_lost_execution_gets_one_successor_though_two_reconcile(stage: Stage) -> None:
    for opened in (0, 1, 2):
        chat_id, children = stage.paused()
        for child_id in children[:opened]:
            stage.open_child(chat_id, child_id, f"token-{child_id}")
        stage.theatre.runtime.executions.delete_many({"chat_id": chat_id})
        stage.theatre.runtime.ahead += 61.0
        repaired = both(stage, *[lambda runtime: runtime.repairs.run()["lost_parents"]] * 2)
        assert sorted(repaired) == [0, 1]
        assert stage.run_no(chat_id) == 2
        assert stage.finish(chat_id) == []
        assert stage.theatre.history(chat_id, {}).status == "completed"


def test_an_execution_that_was_taken_for_lost_does_no_harm(stage: Stage) -> None:
    chat_id, children = stage.paused()
    stage.theatre.runtime.executions.delete_many({"chat_id": chat_id})
    stage.theatre.runtime.a_minute_later()
    assert stage.run_no(chat_id) == 2
    for child_id in children:
        stage.parts.child_opener.open(ANN.app_id, chat_id, 1, child_id, f"old-{child_id}")
    assert stage.parts.database["chat_sessions"].count_documents({"parent_chat_id": chat_id}) == 0
    assert stage.parts.parents.join(ANN.app_id, chat_id, 1)["outcome"] == "waiting"
    assert stage.finish(chat_id) == []


def test_no_child_is_left_alone_by_a_parent_that_is_cancelled_meanwhile(stage: Stage) -> None:
    for number in range(ROUNDS):
        chat_id, children = stage.paused()
        child_id = children[number % 2]
        both(
            stage,
            lambda runtime, chat_id=chat_id, child_id=child_id: runtime.parts.child_opener.open(
                ANN.app_id, chat_id, 1, child_id, f"token-{child_id}"
            ),
            lambda runtime, chat_id=chat_id: runtime.parts.service.cancel(ANN, chat_id),
        )
        assert stage.finish(chat_id) == []
        history = stage.theatre.history(chat_id, {})
        assert history.status == "cancelled"
        assert {child.status for child in history.children} <= {"cancelled"}


def test_the_same_child_opened_twice_at_once_is_one_chat(stage: Stage) -> None:
    for _ in range(ROUNDS):
        chat_id, children = stage.paused()
        both(
            stage,
            *(
                lambda runtime, token=token, chat_id=chat_id, child_id=children[0]: runtime.parts.child_opener.open(
                    ANN.app_id, chat_id, 1, child_id, token
                )
                for token in ("one", "two")
            ),
        )
        assert stage.parts.database["chat_sessions"].count_documents({"parent_chat_id": chat_id}) == 1
        stage.theatre.runtime.answers.delete_many({})
        assert stage.finish(chat_id) == []
