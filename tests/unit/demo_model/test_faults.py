"""Each fault does what its name says, to the requests it is meant for."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest
from openai import APIConnectionError, APIError, InternalServerError, RateLimitError

from mozaiks_local.demo_model import DemoModel, Fault
from unit.demo_model.messages import answered, called, offered

Ask = Callable[..., Any]
Give = Callable[..., None]
Raw = Callable[..., tuple[int, dict[str, str], Any]]
Open = Callable[..., socket.socket]
REPLY = {"say": "one two three four five six"}


@pytest.fixture(autouse=True)
def _reply(script: Give) -> None:
    script(REPLY)


def text(completion: Any) -> Any:
    return completion.choices[0].message.content


def read_until(made: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        piece = made.recv(65536)
        assert piece, f"the connection closed before {mark!r}"
        data += piece
    return data


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_a_rate_limit_strikes_once_and_says_when_to_come_back(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("rate_limit", retry_after=0.25))
    with pytest.raises(RateLimitError) as caught:
        ask("hi")
    assert caught.value.response.headers["retry-after-ms"] == "250"
    assert caught.value.response.headers["retry-after"] == "1"
    assert text(ask("hi")) == REPLY["say"]


def test_a_server_error_strikes_as_often_as_told(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("server_error", times=2))
    for _ in range(2):
        with pytest.raises(InternalServerError):
            ask("hi")
    assert text(ask("hi")) == REPLY["say"]
    assert [record.fault for record in model.requests] == ["server_error", "server_error", None]


def test_a_fault_may_let_requests_pass_first(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("empty", skip=1))
    assert [text(ask("hi")) for _ in range(3)] == [REPLY["say"], None, REPLY["say"]]


def test_a_fault_strikes_only_its_workflow_agent_and_chat(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("empty", workflow="Other"))
    model.faults.add(Fault("empty", agent="Other"))
    model.faults.add(Fault("empty", chat="chat2"))
    assert text(ask("hi")) == REPLY["say"]
    assert text(ask("hi", extra_headers={"x-mozaiks-chat": "chat2"})) is None
    assert [fault.workflow or fault.agent for fault in model.faults.pending()] == ["Other", "Other"]


def test_a_refused_request_uses_no_fault_up(raw: Raw, model: DemoModel) -> None:
    model.faults.add(Fault("empty"))
    raw("POST", "/v1/chat/completions", {"model": "any", "messages": []})
    assert len(model.faults.pending()) == 1


def test_a_drop_closes_the_connection_after_its_tokens(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("drop", after_tokens=3))
    seen: list[str] = []
    stream = ask("hi", stream=True)
    with pytest.raises((APIConnectionError, APIError)):
        seen.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(seen) == "one two three"
    assert model.requests[-1].finished is False


def test_a_drop_breaks_a_whole_answer_too(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("drop", after_tokens=1))
    with pytest.raises(APIConnectionError):
        ask("hi")


def test_a_stall_sends_its_tokens_then_nothing_until_the_client_leaves(stream_socket: Open, model: DemoModel) -> None:
    model.faults.add(Fault("stall", after_tokens=2))
    made = stream_socket()
    assert b"three" not in read_until(made, b" two")
    made.settimeout(0.2)
    with pytest.raises(TimeoutError):
        made.recv(1)
    assert model.requests[-1].disconnected is False
    made.close()
    assert eventually(lambda: model.requests[-1].disconnected)


def test_a_stall_from_the_beginning_sends_the_head_alone(stream_socket: Open, model: DemoModel) -> None:
    model.faults.add(Fault("stall"))
    made = stream_socket()
    assert read_until(made, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    made.settimeout(0.2)
    with pytest.raises(TimeoutError):
        made.recv(1)


def test_a_client_that_leaves_a_slow_stream_is_noticed(stream_socket: Open, model: DemoModel) -> None:
    model.faults.add(Fault("slow", delay_ms=20_000))
    made = stream_socket()
    read_until(made, b"assistant")
    made.close()
    assert eventually(lambda: model.requests[-1].disconnected)
    assert model.requests[-1].tokens == 0


def test_malformed_arguments_are_no_json(ask: Ask, script: Give, model: DemoModel) -> None:
    script({"call": {"tool": "f", "arguments": {"a": 1}}})
    model.faults.add(Fault("malformed_tool_call"))
    call = ask("hi", tools=[offered("f")]).choices[0].message.tool_calls[0]
    assert call.function.name == "f"
    with pytest.raises(json.JSONDecodeError):
        json.loads(call.function.arguments)


def test_malformed_arguments_need_no_scripted_call(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("malformed_tool_call"))
    call = ask("hi", tools=[offered("transfer_to_x"), offered("f")]).choices[0].message.tool_calls[0]
    assert call.function.name == "f"


def test_garbage_is_a_success_that_holds_no_completion(raw: Raw, model: DemoModel) -> None:
    model.faults.add(Fault("garbage"))
    with pytest.raises(json.JSONDecodeError):
        raw("POST", "/v1/chat/completions", {"model": "any", "messages": [{"role": "user", "content": "x"}]})
    assert model.requests[-1].status == 200


def test_a_tool_loop_calls_again_after_every_answer_until_removed(ask: Ask, model: DemoModel) -> None:
    model.faults.add(Fault("tool_loop"))
    city = offered("f", city={"type": "string"}, days={"type": "integer", "minimum": 2})
    messages: list[Any] = ["hi"]
    for number in range(5):
        call = ask(*messages, tools=[city]).choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments) == {"city": "demo", "days": 2}
        messages += [called("f", call_id=f"c{number}"), answered("ok", f"c{number}")]
    model.faults.clear()
    assert text(ask(*messages, tools=[city])) == REPLY["say"]


def test_a_script_may_hold_a_fault_that_strikes_every_time(ask: Ask, script: Give) -> None:
    script({"user_matches": "crash", "fault": {"kind": "server_error"}}, REPLY)
    for _ in range(2):
        with pytest.raises(InternalServerError):
            ask("crash please")
    assert text(ask("hi")) == REPLY["say"]


def test_another_process_injects_faults_and_scripts_and_reads_the_log_over_http(ask: Ask, raw: Raw) -> None:
    raw("PUT", "/demo/scripts/Shop", {"agents": {"*": [{"say": "over http"}]}})
    raw("POST", "/demo/faults", {"kind": "empty", "agent": "Clerk", "times": 1})
    assert [text(ask("hi")), text(ask("hi"))] == [None, "over http"]
    log = raw("GET", "/demo/requests")[2]["requests"]
    assert [entry["fault"] for entry in log] == ["empty", None]
    assert raw("GET", "/demo/faults")[2] == {"faults": []}


def test_a_web_page_cannot_inject_a_fault(raw: Raw, model: DemoModel) -> None:
    status, _, _ = raw("POST", "/demo/faults", {"kind": "empty"}, content_type="text/plain")
    assert status == 415
    assert model.faults.pending() == []
