"""``mozaiks chat`` in a terminal: a pseudo-terminal, a real process, a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import sys
from collections.abc import AsyncIterator

from .bad_server import Line, bad_server, delta, frame, text
from .test_chat_command import ROOT, asks, greet, hear_message, run


class Terminal:
    """A person in front of a terminal."""

    def __init__(self, master: int, process: asyncio.subprocess.Process) -> None:
        self._raw = b""
        self.process = process
        self._master = master
        self._grew = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    @property
    def seen(self) -> str:
        """What the terminal shows, without colours."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._raw.decode("utf-8", "replace")).replace("\r", "")

    def _read(self) -> None:
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            chunk = b""
        if not chunk:
            asyncio.get_running_loop().remove_reader(self._master)
        self._raw += chunk
        self._grew.set()

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self._raw = b""

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    async def sees(self, words: str) -> None:
        try:
            async with asyncio.timeout(15):
                while words not in self.seen:
                    self._grew.clear()
                    await self._grew.wait()
        except TimeoutError:
            raise AssertionError(f"{words!r} never came; the terminal shows:\n{self.seen}") from None

    async def end(self) -> int:
        async with asyncio.timeout(15):
            return await self.process.wait()


@contextlib.asynccontextmanager
async def terminal(url: str) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    paths = os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mozaiks_local.cli", "chat", "W", "--url", url,
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
        env={**os.environ, "PYTHONPATH": paths, "TERM": "xterm", "COLUMNS": "100"},
    )  # fmt: skip
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


def test_a_text_is_shown_while_it_is_written_and_once() -> None:
    go_on = asyncio.Event()

    async def script(line: Line) -> None:
        await greet(line, asks(1))
        assert await hear_message(line, 2) == "hi there"
        await line.say(frame("chat.run_start", 4), delta("m5", 0, "Well, "), delta("m5", 6, "hel"))
        await go_on.wait()
        await line.say(text(5, "Well, hello!", "m5"), frame("chat.run_complete", 6, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("you › ")
            person.type("hi there\n")
            await person.sees("Alice › Well, hel")
            go_on.set()
            assert await person.end() == 0
            await person.sees("Well, hello!\n· completed")
            assert person.seen.count("Well,") == 1
            assert person.seen.count("hi there") == 1

    run(scenario())


def test_an_attempt_that_was_abandoned_is_told_and_begun_anew() -> None:
    async def script(line: Line) -> None:
        await greet(line)
        await line.say(delta("m1", 0, "First tr"), delta("m2", 0, "Second "), text(1, "Second try", "m2"))
        await line.say(frame("chat.run_complete", 2, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("Alice › First tr\n(started over)\nAlice › Second try\n")
            assert await person.end() == 0

    run(scenario())


def test_ctrl_d_leaves_and_says_how_to_come_back() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("you › ")
            person.type("\x04")
            await person.sees("come back with: mozaiks chat W --chat c1")
            assert await person.end() == 0

    run(scenario())


def test_ctrl_c_leaves_at_the_prompt() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("you › ")
            person.type("\x03")
            assert await person.end() == 0

    run(scenario())


def test_ctrl_c_stops_a_chat_that_runs() -> None:
    async def script(line: Line) -> None:
        await greet(line, frame("chat.run_start", 1), frame("chat.select_speaker", 2, agent="Alice"))
        await line.say(delta("m3", 0, "On and on "))
        assert (await line.hear())["type"] == "chat.cancel"
        await line.say(frame("chat.run_complete", 3, status="cancelled"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("On and on")
            person.type("\x03")
            await person.sees("· cancelled")
            assert await person.end() == 0

    run(scenario())


def test_a_lost_connection_is_told() -> None:
    async def first(line: Line) -> None:
        await greet(line, text(1, "Here"))
        await asyncio.sleep(0.2)
        line.cut()

    async def second(line: Line) -> None:
        await line.say(frame("chat_meta", last_seq=2, status="completed", pending=[]))
        await line.say(frame("chat.run_complete", 2, status="completed"), frame("chat.resume_boundary", last_seq=2))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(first, second) as server, terminal(server.url) as person:
            await person.sees("(connection lost, reconnecting …)\n(connected again)\n· completed")
            assert await person.end() == 0

    run(scenario())


CONNECT = {
    "tool_name": "connect_list",
    "tool_call_id": "t1",
    "awaiting_response": True,
    "interaction_type": "ui_tool",
    "secret_fields": ["api_key"],
    "schema": {
        "type": "object",
        "properties": {
            "account": {"type": "string", "title": "Account"},
            "api_key": {"type": "string", "title": "Key"},
            "days": {"type": "integer"},
        },
        "required": ["account", "api_key"],
    },
}


def test_a_component_is_answered_by_questions_and_a_secret_is_not_shown() -> None:
    async def script(line: Line) -> None:
        await greet(line, frame("chat.tool_call", 1, **CONNECT))
        heard = await line.hear()
        assert (heard["type"], heard["eventId"]) == ("ui_tool_response", "e1")
        assert heard["response"] == {"account": "harbour", "api_key": "not-for-eyes", "days": 3}
        await line.say(frame("chat.ui_tool_complete", 2, request_id="e1", eventId="e1", status="completed"), asks(3))
        assert await hear_message(line, 4) == "thanks"
        await line.say(frame("chat.run_complete", 6, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("Account: ")
            person.type("harbour\n")
            await person.sees("Key: ")
            person.type("not-for-eyes\n")
            await person.sees("days (whole number; may be left out): ")
            person.type("soon\n")
            await person.sees("! expected a number")
            person.type("3\n")
            await person.sees("you › ")
            person.type("thanks\n")
            assert await person.end() == 0
            assert "not-for-eyes" not in person.seen

    run(scenario())


def test_an_answer_that_is_refused_is_asked_for_again() -> None:
    async def script(line: Line) -> None:
        await greet(line, frame("chat.tool_call", 1, **CONNECT))
        await line.hear()
        await line.say(frame("error", code="VALIDATION", message="the key is too short", retryable=False))
        assert (await line.hear())["response"]["api_key"] == "longer"
        await line.say(frame("chat.run_complete", 2, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            for key, after in (("short", "the key is too short"), ("longer", "· completed")):
                await person.sees("Account: ")
                person.type("harbour\n")
                await person.sees("Key: ")
                person.type(f"{key}\n")
                await person.sees("days (whole number; may be left out): ")
                person.forget()
                person.type("\n")
                await person.sees(after)
            assert await person.end() == 0

    run(scenario())


def test_leave_is_given_or_refused_at_the_terminal() -> None:
    async def script(line: Line) -> None:
        approval = {"tool_name": "refund", "tool_call_id": "t1", "awaiting_response": True}
        await greet(line, frame("chat.tool_call", 1, interaction_type="approval", **approval))
        heard = await line.hear()
        assert (heard["type"], heard["eventId"], heard["approved"]) == ("chat.approval", "e1", False)
        await line.say(frame("chat.run_complete", 2, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("allow it? (yes/no): ")
            person.type("no\n")
            assert await person.end() == 0

    run(scenario())


def test_what_was_typed_for_a_request_that_is_over_is_not_said_in_the_chat() -> None:
    answered = asyncio.Event()

    async def script(line: Line) -> None:
        await greet(line, frame("chat.tool_call", 1, **CONNECT))
        await answered.wait()
        await line.say(frame("chat.ui_tool_complete", 2, request_id="e1", eventId="e1", status="completed"), asks(3))
        assert await hear_message(line, 4) == "hello"
        await line.say(frame("chat.run_complete", 6, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server, terminal(server.url) as person:
            await person.sees("Account: ")
            person.type("harbour\n")
            await person.sees("Key: ")
            answered.set()
            await person.sees("it was answered elsewhere")
            person.type("not-for-eyes\n")
            await person.sees("you › ")
            person.type("hello\n")
            assert await person.end() == 0
            assert "not-for-eyes" not in person.seen

    run(scenario())
