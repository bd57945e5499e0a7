"""Everything at once: people who speak, repeat themselves, interrupt, leave and come back; triggers that come twice,
late, or to two workers; workers that die. What happens is drawn from a seed; how it interleaves is the machine's doing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Literal

import pytest

from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.states import FINAL, ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks_local.demo_model import Fault

from .pace import SOAK_SECONDS
from .promise import broken
from .runtime import ANN, Runtime
from .theatre import Theatre, Workers
from .writes import Point

SEEDS: Final = 4
"""Interleavings of each play in an ordinary test run."""

PLAYED: Final = ("Batch", "Desk", "Pieces", "People", "Family")

_DEATHS: Final = (
    "commitTransaction", "commitTransaction", "findAndModify chat_sessions", "insert tool_results",
    "insert chat_events in transaction",
)  # fmt: skip


OnBusy = Literal["enqueue", "interrupt", "reject"]


class Interleaving:
    """One chat, and everybody who does something to it."""

    def __init__(self, theatre: Theatre, workers: Workers, pair: tuple[Runtime, Runtime], seed: int) -> None:
        self.theatre, self.workers, self.pair = theatre, workers, pair
        self.random = random.Random(seed)
        self.chat_id = theatre.open()
        self.sent: dict[str, str] = {}
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.log: list[str] = []
        self.is_to_end = False
        self._going: list[Future[Any]] = []
        self._hands = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
        self._sockets = 1

    def run(self) -> list[str]:
        """What of the promise was broken."""
        acts = [
            self.speak, self.speak, self.repeat, self.trigger, self.trigger, self.trigger_both, self.trigger_late,
            self.die, self.come_again, self.answer_one, self.model_fails, self.interrupt, self.wait,
        ]  # fmt: skip
        if self.random.random() < 0.3:
            acts.append(self.cancel)
        try:
            self.speak()
            for _ in range(self.random.randint(6, 14)):
                self.random.choice(acts)()
        finally:
            self.settle()
            for hand in self._hands:
                hand.shutdown()
        self.theatre.demo.faults.clear()
        self.theatre.runtime.drive(self.chat_id)
        self.theatre.runtime.answer_people(self.chat_id, self.theatre.play, self.answers)
        if self.theatre.play.children:
            self.theatre.runtime.settle_family(self.chat_id)
        self.theatre.sent[self.chat_id] = self.sent
        return broken(self.theatre.history(self.chat_id, self.answers))

    def settle(self) -> None:
        for future in self._going:
            future.result(60)
        self._going.clear()

    # --- people -----------------------------------------------------------------------------------------------------

    def speak(self, on_busy: OnBusy = "enqueue") -> None:
        number = len(self.sent) + 1
        self._submit(f"m{number}", f"line {number} of {self.random.choice(('hello', 'again'))}", on_busy)

    def interrupt(self) -> None:
        self.speak("interrupt")

    def repeat(self) -> None:
        if self.sent:
            id_ = self.random.choice(sorted(self.sent))
            self._submit(id_, self.sent[id_], "enqueue")

    def _submit(self, id_: str, text: str, on_busy: OnBusy) -> None:
        command = SubmitInput(type="user.input.submit", text=text, client_message_id=id_, on_busy=on_busy)

        def act() -> None:
            answer = dict(self.theatre.runtime.parts.service.submit(ANN, self.chat_id, command))
            self.sent[id_] = text
            self.answers.setdefault(id_, []).append(answer)

        self._try(f"{id_} ({on_busy})", act)

    def cancel(self) -> None:
        self._try("cancel", lambda: self.theatre.runtime.parts.service.cancel(ANN, self.chat_id))
        self.is_to_end = True

    def answer_one(self) -> None:
        asked = [each for each in self._chat().pending if each["tool_name"] is not None]
        if not asked:
            return
        pending = self.random.choice(asked)
        reply = self.theatre.play.replies[pending["tool_name"] or ""]
        self._try(
            f"answer {pending['tool_name']}",
            lambda: self.theatre.runtime.reply(self.chat_id, pending["kind"], pending["request_id"], reply),
        )

    def come_again(self) -> None:
        self._sockets += 1
        self._try("another tab", lambda: self.theatre.connect(self.chat_id, f"{self.chat_id}-{self._sockets}"))
        list(self.theatre.runtime.parts.service.replay(ANN, self.chat_id, self.random.randint(0, 5)))

    # --- workers ----------------------------------------------------------------------------------------------------

    def trigger(self) -> None:
        self._slice(self.random.randrange(2), self._chat().run_no)

    def trigger_both(self) -> None:
        for hand in (0, 1):
            self._slice(hand, self._chat().run_no)

    def trigger_late(self) -> None:
        self._slice(self.random.randrange(2), max(1, self._chat().run_no - 1))

    def _slice(self, hand: int, run_no: int) -> None:
        self.log.append(f"slice of run {run_no} by {hand}")
        runtime = self.pair[hand]
        runtime.ahead = self.theatre.runtime.ahead

        def work() -> None:
            try:
                runtime.loop.run(runtime.slice(self.chat_id, run_no))
            except MozaiksError as error:
                # What Step Functions would try again.
                assert error.code in ("LEASE_LOST", "DATABASE_UNAVAILABLE"), error  # noqa: PT017

        self._going.append(self._hands[hand].submit(work))

    def die(self) -> None:
        """A worker dies in the middle of a slice, and its lease runs out before anybody else comes."""
        self.settle()
        point = Point(self.random.choice(_DEATHS), self.random.randint(1, 3), self.random.choice(("before", "after")))
        runtime = self.theatre.runtime
        ended = self.workers.run(
            self.theatre.place,
            self.chat_id,
            self.theatre.play,
            ahead=runtime.ahead,
            point=point,
            run_no=self._chat().run_no,
        )
        self.theatre.forget(ended.sessions)
        self.log.append(f"{'killed' if ended.killed else 'not killed'} {point}")
        runtime.ahead += 16.0

    def model_fails(self) -> None:
        kind = self.random.choice(("rate_limit", "server_error", "drop", "garbage", "empty", "malformed_tool_call"))
        self.log.append(f"model: {kind}")
        self.theatre.demo.faults.add(Fault(kind, chat=self.chat_id, skip=self.random.randint(0, 1), after_tokens=1))  # type: ignore[arg-type]

    def wait(self) -> None:
        time.sleep(self.random.random() * 0.05)

    # ----------------------------------------------------------------------------------------------------------------

    def _chat(self) -> Any:
        return self.theatre.runtime.parts.service.get(ANN, self.chat_id)

    def _try(self, what: str, act: Callable[[], object]) -> None:
        try:
            act()
            self.log.append(what)
        except MozaiksError as error:
            self.log.append(f"{what}: {error.code}")
            if error.code not in ("CHAT_ENDED", "REQUEST_NOT_OPEN", "NOT_BUILT", "CHAT_BUSY"):
                raise


def seeds(play: str) -> Iterator[int]:
    if not SOAK_SECONDS:
        yield from range(SEEDS)
        return
    first = random.SystemRandom().randrange(10**9)
    print(f"{play}: seeds from {first}")
    until = time.monotonic() + SOAK_SECONDS / len(PLAYED)
    while time.monotonic() < until:
        yield first
        first += 1


@pytest.mark.parametrize("play", PLAYED)
def test_whatever_happens_at_the_same_time_the_promise_is_kept(
    play: str, theatre_of: Callable[..., Theatre], workers: Workers, covered: Callable[[str, int], None]
) -> None:
    theatre = theatre_of(play, lease_seconds=15.0, model_backoff_seconds=0.1)
    theatre.demo.scripts.set(play, {"delay_ms": 3, "agents": theatre.play.agents})
    pair = (theatre.another(), theatre.another())
    complaints, number = [], 0
    try:
        for seed in seeds(play):
            number += 1
            interleaving = Interleaving(theatre, workers, pair, seed)
            found = interleaving.run()
            complaints += [f"seed {seed}: {words}\n    after: {'; '.join(interleaving.log)}" for words in found]
            at_rest = FINAL if interleaving.is_to_end else FINAL | {ChatStatus.WAITING}
            if (status := interleaving._chat().status) not in at_rest:
                complaints.append(f"seed {seed}: the chat is {status!r}\n    after: {'; '.join(interleaving.log)}")
    finally:
        for runtime in pair:
            runtime.close()
    assert complaints == [], "\n".join(complaints)
    covered("interleavings", number)
