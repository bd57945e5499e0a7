"""What clients get: whole and streamed completions, usage, models, errors in OpenAI's shape."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from ag2 import Agent
from ag2.config import OpenAIConfig
from hypothesis import given
from hypothesis import strategies as st
from openai import BadRequestError, OpenAI

from mozaiks_local.demo_model import DELAY_VARIABLE, DemoModel
from mozaiks_local.demo_model.tokens import split_tokens
from unit.demo_model.messages import answered, called, offered

Ask = Callable[..., Any]
Give = Callable[..., None]
Raw = Callable[..., tuple[int, dict[str, str], Any]]
TWO_CALLS = {
    "say": "Looking.",
    "call": [{"tool": "f", "arguments": {"city": "Łódź", "days": 3}}, {"tool": "g"}],
}


def collect(stream: Any) -> tuple[str, list[tuple[str, str, str]], str, Any]:
    """Text, calls as (id, name, arguments), finish reason and usage of a stream."""
    text, finish, usage = "", "", None
    calls: dict[int, list[str]] = {}
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
            for delta in choice.delta.tool_calls or ():
                call = calls.setdefault(delta.index, ["", "", ""])
                call[0] += delta.id or ""
                call[1] += delta.function.name or ""
                call[2] += delta.function.arguments or ""
    return text, [(c[0], c[1], c[2]) for c in calls.values()], finish, usage


def test_a_stream_brings_the_text_in_several_pieces_and_the_reason_it_ended(ask: Ask, script: Give) -> None:
    script({"say": "Grüße aus Łódź, und bis bald! 👋🏽"})
    chunks = list(ask("hi", stream=True))
    assert sum(1 for chunk in chunks if chunk.choices and chunk.choices[0].delta.content) > 4
    assert collect(chunks) == ("Grüße aus Łódź, und bis bald! 👋🏽", [], "stop", None)


def test_streamed_and_whole_replies_say_the_same(ask: Ask, script: Give) -> None:
    script(TWO_CALLS)
    options = {"tools": [offered("f"), offered("g")]}
    whole = ask("hi", **options)
    text, calls, finish, usage = collect(ask("hi", stream=True, stream_options={"include_usage": True}, **options))
    message = whole.choices[0].message
    assert (text, finish) == (message.content, whole.choices[0].finish_reason) == ("Looking.", "tool_calls")
    assert [call[1:] for call in calls] == [(c.function.name, c.function.arguments) for c in message.tool_calls]
    assert json.loads(calls[0][2]) == {"city": "Łódź", "days": 3}
    assert usage == whole.usage


def test_every_call_has_an_id_of_its_own_in_every_reply(ask: Ask, script: Give) -> None:
    script(TWO_CALLS)
    ids = [call.id for _ in range(2) for call in ask("hi").choices[0].message.tool_calls]
    assert len(set(ids)) == 4
    assert all(len(call_id) <= 40 for call_id in ids)


def test_usage_comes_only_when_asked_for(ask: Ask) -> None:
    assert collect(ask("hi", stream=True))[3] is None
    assert collect(ask("hi", stream=True, stream_options={"include_usage": True}))[3].total_tokens > 0


def test_usage_depends_on_the_text_alone(ask: Ask, script: Give) -> None:
    script({"say": "one two three"})
    first, second, longer = ask("hello"), ask("HELLO"), ask("hello " * 100)
    assert first.usage == second.usage
    assert first.usage.completion_tokens == 3
    assert longer.usage.prompt_tokens > first.usage.prompt_tokens


def test_what_was_sent_before_counts_as_cached_from_1024_tokens_on(ask: Ask, script: Give) -> None:
    script({"say": "ok"})
    said = {"role": "assistant", "content": "ok"}
    assert ask("x" * 8000).usage.prompt_tokens_details.cached_tokens == 0
    assert ask("x" * 400, said, "y" * 8000).usage.prompt_tokens_details.cached_tokens == 0
    assert ask("x" * 8000, said, "y").usage.prompt_tokens_details.cached_tokens == 1920


def test_reasoning_comes_before_the_text_and_is_counted(ask: Ask, script: Give) -> None:
    script({"think": "Hm, well now.", "say": "Yes."})
    pieces = [chunk.choices[0].delta for chunk in ask("hi", stream=True)]
    thought = "".join(getattr(piece, "reasoning_content", None) or "" for piece in pieces)
    assert thought == "Hm, well now."
    assert ask("hi").usage.completion_tokens_details.reasoning_tokens == len(split_tokens(thought))


def test_a_token_limit_cuts_the_reply_and_says_so(ask: Ask, script: Give) -> None:
    script({"say": "one two three four"})
    choice = ask("hi", max_completion_tokens=2).choices[0]
    assert (choice.message.content, choice.finish_reason) == ("one two", "length")


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(split_tokens(text)) == text


def test_the_models_list_and_any_models_name_work(client: OpenAI) -> None:
    assert [entry.id for entry in client.models.list()] == ["mozaiks-demo"]
    assert client.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"


def test_a_refused_request_names_rule_and_place_in_openais_shape(raw: Raw) -> None:
    body = {"model": "any", "messages": [{"role": "user", "content": "x"}, answered("ok")]}
    status, _, answer = raw("POST", "/v1/chat/completions", body)
    assert status == 400
    assert set(answer) == {"error"}
    assert answer["error"]["type"] == "invalid_request_error"
    assert answer["error"]["code"] == "tool_message_follows_call"
    assert answer["error"]["param"] == "messages.1"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/v1/chat/completions", b"{", 400, "body_json"),
        ("POST", "/v1/chat/completions", b"\xff", 400, "body_json"),
        ("GET", "/v1/chat/completions", None, 404, "unknown_url"),
        ("POST", "/v1/embeddings", {}, 404, "unknown_url"),
        ("POST", "/demo/faults", {"kind": "fire"}, 400, "invalid_fault"),
        ("POST", "/demo/faults", {"kind": "drop", "after": 3}, 400, "invalid_fault"),
        ("PUT", "/demo/scripts/Shop", {"agents": 3}, 400, "demo_script_invalid"),
        ("GET", "/demo/nothing", None, 404, "unknown_url"),
    ],
)
def test_bad_requests_get_their_status_and_code(
    raw: Raw, method: str, path: str, body: Any, status: int, code: str
) -> None:
    got, _, answer = raw(method, path, body)
    assert (got, answer["error"]["code"]) == (status, code)


def test_bytes_that_are_no_http_get_an_error_and_the_connection_closes(model: DemoModel) -> None:
    port = int(model.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw_socket:
        raw_socket.sendall(b"HELLO\r\n\r\n")
        data = b"".join(iter(lambda: raw_socket.recv(4096), b""))
    assert data.startswith(b"HTTP/1.1 400")


def test_a_connection_serves_several_requests(model: DemoModel) -> None:
    with httpx.Client(base_url=model.url, timeout=5) as http:
        body = {"model": "any", "messages": [{"role": "user", "content": "x"}], "stream": True}
        ports = {
            http.post("/chat/completions", json=body).extensions["network_stream"].get_extra_info("client_addr")[1]
            for _ in range(3)
        }
    assert len(ports) == 1


def test_requests_are_remembered_without_credentials(ask: Ask, model: DemoModel) -> None:
    ask("hi")
    record = model.requests[-1]
    assert (record.workflow, record.agent, record.chat, record.status, record.finished) == (
        "Shop",
        "Clerk",
        "chat1",
        200,
        True,
    )
    assert record.body["messages"][0]["content"] == "hi"
    assert "sk-secret" not in repr(record)


def test_refused_requests_are_remembered_with_their_rule(ask: Ask, model: DemoModel) -> None:
    with pytest.raises(BadRequestError):
        ask("hi", called("f"))
    assert (model.requests[-1].status, model.requests[-1].rule) == (400, "tool_calls_answered")


def test_only_the_latest_requests_are_kept(workflows: Path) -> None:
    async def scenario() -> int:
        model = DemoModel(workflows, remember=3, token_delay_ms=0)
        await model.start()
        async with httpx.AsyncClient(base_url=model.url) as http:
            for _ in range(5):
                await http.post("/chat/completions", json={})
        await model.stop()
        return len(model.requests)

    assert asyncio.run(scenario()) == 3


def test_stopping_ends_streams_that_are_being_written(workflows: Path) -> None:
    async def scenario() -> tuple[bool, bool]:
        model = DemoModel(workflows, token_delay_ms=60_000)
        await model.start()
        async with httpx.AsyncClient(base_url=model.url, timeout=10) as http:
            body = {"model": "any", "messages": [{"role": "user", "content": "x"}], "stream": True}
            async with http.stream("POST", "/chat/completions", json=body) as answer:
                await asyncio.wait_for(model.stop(), 5)
                with pytest.raises(httpx.RemoteProtocolError):
                    await answer.aread()
        return model.requests[0].finished, model.requests[0].status == 200

    assert asyncio.run(scenario()) == (False, True)


def test_the_environment_sets_the_pause_between_tokens(workflows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DELAY_VARIABLE, "2.5")
    assert DemoModel(workflows).token_delay_ms == 2.5
    monkeypatch.setenv(DELAY_VARIABLE, "fast")
    with pytest.raises(ValueError, match=DELAY_VARIABLE):
        DemoModel(workflows)


def test_many_conversations_stream_at_once(model: DemoModel) -> None:
    model.scripts.set("Shop", {"agents": {"*": [{"say": "{user} " * 50}]}})

    async def one(http: httpx.AsyncClient, number: int) -> bool:
        body = {"model": "any", "messages": [{"role": "user", "content": f"n{number}n"}]}
        answer = await http.post("/chat/completions", json=body, headers={"x-mozaiks-workflow": "Shop"})
        return bool(answer.json()["choices"][0]["message"]["content"] == f"n{number}n " * 50)

    async def scenario() -> list[bool]:
        async with httpx.AsyncClient(base_url=model.url, timeout=20) as http:
            return await asyncio.gather(*(one(http, number) for number in range(50)))

    assert all(asyncio.run(scenario()))


def test_an_ag2_agent_calls_a_tool_and_speaks(model: DemoModel) -> None:
    model.scripts.set(
        "Shop",
        {
            "agents": {
                "*": [
                    {"tool": "weather", "say": "It is {tool} there."},
                    {
                        "user_matches": "in (?P<city>\\w+)",
                        "call": {"tool": "weather", "arguments": {"city": "{match.city}"}},
                    },
                ]
            }
        },
    )

    def weather(city: str) -> str:
        """Weather of a city."""
        return f"sunny in {city}"

    async def scenario() -> tuple[str | None, int]:
        headers = {"x-mozaiks-workflow": "Shop"}
        config = OpenAIConfig("any", api_key="none", base_url=model.url, streaming=True, default_headers=headers)
        reply = await Agent("clerk", config=config, tools=[weather]).ask("How is it in Rome?")
        return reply.body, (await reply.usage()).total.total_tokens or 0

    body, tokens = asyncio.run(scenario())
    assert body == "It is sunny in Rome there."
    assert tokens > 0
