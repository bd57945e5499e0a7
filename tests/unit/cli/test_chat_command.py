"""``mozaiks chat`` as a script would use it: a real process, a real socket, lines in and plain text out."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from .bad_server import Line, bad_server, delta, frame, text

ROOT = Path(__file__).parents[3]


def run(test: Coroutine[Any, Any, None]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(60):
            await test

    asyncio.run(limited())


async def chat(url: str, said: str, *options: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a chat whose user says ``said``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mozaiks_local.cli",
        "chat",
        "--url",
        url,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))},
    )
    out, errors = await process.communicate(said.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


def asks(seq: int, prompt: str = "") -> str:
    return frame("chat.input_request", seq, request_id=f"r{seq}", prompt=prompt, agent=None)


async def greet(line: Line, *events: str) -> None:
    await line.say(frame("chat_meta", last_seq=len(events), status="waiting", pending=[]), *events)
    await line.say(frame("chat.resume_boundary", last_seq=len(events), replayed_count=len(events), status="waiting"))


async def hear_message(line: Line, seq: int) -> str:
    heard = await line.hear()
    assert heard["type"] == "user.input.submit"
    await line.say(frame("chat.input_ack", seq, request_id="r", client_message_id=heard["client_message_id"]))
    await line.say(text(seq + 1, heard["text"], heard["client_message_id"], role="user"))
    words: str = heard["text"]
    return words


async def two_messages(line: Line) -> None:
    await greet(line, text(1, "Welcome"), asks(2, "Welcome"))
    assert await hear_message(line, 3) == "first"
    await line.say(frame("chat.run_start", 5), frame("chat.select_speaker", 6, agent="Alice"))
    await line.say(frame("chat.tool_call", 7, tool_name="look_up", tool_call_id="t1", arguments={"id": "A-1"}))
    await line.say(frame("chat.tool_response", 8, tool_name="look_up", tool_call_id="t1", success=True, content="ok"))
    await line.say(frame("chat.select_speaker", 9, agent="Bob"), delta("m10", 0, "One"), text(10, "One, then", "m10"))
    await line.say(asks(11))
    usage = {"prompt_tokens": 30, "completion_tokens": 12, "total_tokens": 42}
    await line.say(frame("chat.run_complete", 12, status="waiting", turns=2, usage=usage, duration_ms=1500))
    assert await hear_message(line, 13) == "second"
    await line.say(frame("chat.run_start", 15), text(16, "Bye"), frame("chat.run_complete", 17, status="completed"))
    await line.stay()


def test_each_line_is_sent_when_the_chat_asks_and_the_end_of_the_chat_is_exit_code_0() -> None:
    async def scenario() -> None:
        async with bad_server(two_messages) as server:
            code, out, errors = await chat(server.url, "first\n\nsecond\nnever sent\n")
        assert (code, errors) == (0, "")
        assert out.splitlines() == [
            "Alice: Welcome",
            "you: first",
            "⚙ look_up(id=A-1) → ok",
            "→ Bob",
            "Alice: One, then",
            "· 2 turns · 42 tokens (30 in, 12 out) · 1.5 s",
            "you: second",
            "Alice: Bye",
            "· completed",
        ]

    run(scenario())


def test_the_end_of_the_input_leaves_a_waiting_chat_with_exit_code_0() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1, "What is it?"))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server:
            assert await chat(server.url, "") == (0, "? What is it?\n", "")

    run(scenario())


def test_a_failed_chat_is_exit_code_1_with_its_error_in_words() -> None:
    async def script(line: Line) -> None:
        problem = frame(
            "chat.error", 1, code="MODEL_UNAVAILABLE", message="the model does not answer", severity="error"
        )
        await greet(line, problem, frame("chat.run_complete", 2, status="failed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            code, out, errors = await chat(server.url, "hello\n")
        assert code == 1
        assert "the model does not answer (MODEL_UNAVAILABLE)" in out
        assert "the chat failed" in errors

    run(scenario())


def test_a_refused_message_is_exit_code_1_and_says_why() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1))
        await line.hear()
        await line.say(frame("error", code="VALIDATION", message="not like this", retryable=False))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            code, _, errors = await chat(server.url, "hello\n")
        assert (code, "not like this (VALIDATION)" in errors) == (1, True)

    run(scenario())


def test_a_message_that_met_a_passing_error_is_sent_again() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1))
        first = await line.hear()
        await line.say('{"message": "Internal server error", "connectionId": "x", "requestId": "y"}')
        again = await line.hear()
        assert again == first
        await line.say(text(2, "hello", again["client_message_id"], role="user"))
        await line.say(frame("chat.run_complete", 3, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            assert await chat(server.url, "hello\n") == (0, "you: hello\n· completed\n", "")

    run(scenario())


def test_a_chat_goes_on_over_a_new_socket_when_the_first_is_lost() -> None:
    async def first(line: Line) -> None:
        await greet(line, asks(1))
        assert await hear_message(line, 2) == "hello"
        line.cut()

    async def second(line: Line) -> None:
        assert line.query["last_seq"] == "3"
        await line.say(frame("chat_meta", last_seq=5, status="completed", pending=[]))
        await line.say(text(4, "Here again"), frame("chat.run_complete", 5, status="completed"))
        await line.say(frame("chat.resume_boundary", last_seq=5))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(first, second) as server:
            code, out, _ = await chat(server.url, "hello\n")
        assert code == 0
        assert out.splitlines() == ["you: hello", "Alice: Here again", "· completed"]

    run(scenario())


def test_slash_cancel_cancels_the_chat() -> None:
    async def script(line: Line) -> None:
        await greet(line, asks(1))
        assert (await line.hear())["type"] == "chat.cancel"
        await line.say(frame("chat.run_complete", 2, status="cancelled"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            assert await chat(server.url, "/cancel\n") == (0, "· cancelled\n", "")

    run(scenario())


def test_slash_usage_shows_tokens_by_agent() -> None:
    async def script(line: Line) -> None:
        tokens = {"prompt_tokens": 30, "completion_tokens": 12, "cached_tokens": 5, "total_tokens": 42}
        await greet(line, *(frame("chat.usage_delta", n, agent="Alice", model="m", **tokens) for n in (1, 2)), asks(3))
        await line.hear_nothing_more()

    async def scenario() -> None:
        async with bad_server(script) as server:
            _, out, _ = await chat(server.url, "/usage\n/quit\n")
        assert out.splitlines()[1].split() == ["Alice", "m", "60", "10", "24", "84"]

    run(scenario())


def test_what_a_model_says_cannot_steer_the_terminal() -> None:
    async def script(line: Line) -> None:
        await greet(line, text(1, "\x1b[2Jboo\x07\x9b2J\nok"), frame("chat.run_complete", 2, status="completed"))
        await line.stay()

    async def scenario() -> None:
        async with bad_server(script) as server:
            _, out, _ = await chat(server.url, "")
        assert out.splitlines()[:2] == ["Alice: [2Jboo2J", "ok"]

    run(scenario())


def test_a_token_of_the_environment_is_sent_and_never_printed() -> None:
    async def script(line: Line) -> None:
        assert line.headers["Authorization"] == "Bearer s3cret-token"
        await line.socket.close(1008, "token expired")

    async def scenario() -> None:
        async with bad_server(script) as server:
            code, out, errors = await chat(server.url, "", "--token", "s3cret-token")
        assert (code, "s3cret" in out + errors) == (1, False)
        assert "token expired" in errors

    run(scenario())


def test_no_backend_is_one_sentence_on_what_to_do() -> None:
    async def scenario() -> None:
        code, out, errors = await chat("http://127.0.0.1:9", "", "HelloWorld")
        assert (code, out) == (1, "")
        assert "no answer from http://127.0.0.1:9" in errors
        assert "make dev" in errors
        assert len(errors.splitlines()) == 1

    run(scenario())


def test_an_address_that_is_none_is_refused() -> None:
    async def scenario() -> None:
        code, _, errors = await chat("banana", "", "HelloWorld")
        assert (code, "expected http://host:port" in errors) == (1, True)

    run(scenario())
