"""The WebSocket API: handshake, routes, limits and closing, as API Gateway does them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from socket import SHUT_RDWR
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from mozaiks_local.stack import LocalStack, SocketLimits, StackConfig

from .conftest import TEMPLATE

Recorded = Callable[[str], list[dict[str, Any]]]


def ask(socket: ClientConnection, message: Any) -> Any:
    socket.send(message if isinstance(message, str) else json.dumps(message))
    return json.loads(socket.recv(timeout=10))


def id_of(socket: ClientConnection) -> str:
    """A route that crashes names the connection in its error frame."""
    return str(ask(socket, {"type": "crash"})["connectionId"])


def closed(socket: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(timeout=10)
    assert ended.value.rcvd is not None
    return ended.value.rcvd.code, ended.value.rcvd.reason


def test_events_are_powertools_own(stack: LocalStack, recorded: Recorded, eventually: Any) -> None:
    with connect(f"{stack.socket_url}?workflow=W&tag=1&tag=2") as socket:
        connection = id_of(socket)
    opened, message, ended = eventually(lambda: len(recorded(connection)) == 3 and recorded(connection))

    APIGatewayWebSocketConnectEventModel.model_validate(opened)
    APIGatewayWebSocketMessageEventModel.model_validate(message)
    APIGatewayWebSocketDisconnectEventModel.model_validate(ended)
    assert opened["queryStringParameters"] == {"workflow": "W", "tag": "2"}
    assert opened["multiValueQueryStringParameters"]["tag"] == ["1", "2"]
    assert "headers" not in message
    assert ended["requestContext"]["disconnectStatusCode"] == 1000
    assert {event["requestContext"]["connectedAt"] for event in (opened, message, ended)} == {
        opened["requestContext"]["connectedAt"]
    }


def test_a_chats_path_is_the_same_as_its_query(stack: LocalStack, recorded: Recorded) -> None:
    url = stack.socket_url.removesuffix("/dev")
    with connect(f"{url}/ws/Hello%20World/acme/chat_1/u1?last_seq=3") as socket:
        opened = recorded(id_of(socket))[0]

    assert opened["requestContext"]["stage"] == "dev"
    assert opened["queryStringParameters"] == {
        "workflow": "Hello World", "app_id": "acme", "chat_id": "chat_1", "user_id": "u1", "last_seq": "3",
    }  # fmt: skip


@pytest.mark.parametrize("status", [401, 403, 409])
def test_connect_refuses_with_the_handlers_status(stack: LocalStack, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{stack.socket_url}?how=refuse&status={status}"):
        pass
    assert refused.value.response.status_code == status


def test_connect_that_crashes_refuses(stack: LocalStack) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{stack.socket_url}?how=crash"):
        pass
    assert refused.value.response.status_code == 502


def test_nothing_can_be_posted_while_connecting(stack: LocalStack) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"{stack.socket_url}?how=post"):
        pass
    assert refused.value.response.status_code == 502
    log = stack.config.data_dir / "logs" / "SocketFunction.log"
    assert "GoneException" in log.read_text()


def test_an_unknown_stage_is_forbidden(stack: LocalStack) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(stack.socket_url + "x"):
        pass
    assert refused.value.response.status_code == 403


def test_the_handler_chooses_the_subprotocol(stack: LocalStack) -> None:
    with connect(stack.socket_url, subprotocols=["bearer", "a.b.c"]) as socket:  # type: ignore[list-item]
        assert socket.subprotocol == "bearer"


@pytest.mark.parametrize(
    "message",
    ["not json", "[1]", '"slow"', '{"type": 5}', '{"no": "type"}', '{"type": "unheard"}', '{"type": "$connect"}'],
)
def test_what_selects_no_route_goes_to_default(stack: LocalStack, message: str) -> None:
    with connect(stack.socket_url) as socket:
        assert ask(socket, message)["route"] == "$default"


def test_a_route_response_answers_the_client(stack: LocalStack) -> None:
    with connect(stack.socket_url) as socket:
        assert ask(socket, {"type": "ask"}) == {"answer": 42}


@pytest.mark.parametrize("kind", ["crash", "slow"])
def test_a_failed_integration_is_told_to_the_client(stack: LocalStack, kind: str) -> None:
    with connect(stack.socket_url) as socket:
        told = ask(socket, {"type": kind})

        assert told["message"] == "Internal server error"
        assert {"connectionId", "requestId"} <= set(told)


def test_a_frame_over_32_kilobytes_closes_with_1009(stack: LocalStack, recorded: Recorded, eventually: Any) -> None:
    with connect(stack.socket_url) as socket:
        connection = id_of(socket)
        socket.send("x" * 32768)
        assert json.loads(socket.recv(timeout=10))["route"] == "$default"
        socket.send("x" * 32769)
        assert closed(socket)[0] == 1009
    eventually(lambda: recorded(connection)[-1]["requestContext"].get("disconnectStatusCode") == 1009)


def test_a_message_in_frames_may_have_128_kilobytes(stack: LocalStack) -> None:
    with connect(stack.socket_url, max_size=None) as socket:
        socket.send(["x" * 30000] * 4)
        assert len(json.loads(socket.recv(timeout=10))["body"]) == 120000
        socket.send(["x" * 30000] * 5)
        assert closed(socket)[0] == 1009


def test_binary_frames_close_with_1003(stack: LocalStack) -> None:
    with connect(stack.socket_url) as socket:
        socket.send(b"binary")
        assert closed(socket)[0] == 1003


def test_text_that_is_not_utf8_closes_with_1007(stack: LocalStack) -> None:
    with connect(stack.socket_url) as socket:
        socket.send(b"\xff\xfe", text=True)
        assert closed(socket)[0] == 1007


def test_messages_of_one_socket_do_not_wait_for_each_other(stack: LocalStack) -> None:
    with connect(stack.socket_url) as socket:
        ask(socket, {"type": "first"})
        socket.send(json.dumps({"type": "slow"}))
        assert ask(socket, {"type": "quick"})["body"] == {"type": "quick"}


def test_a_client_that_vanishes_is_disconnected_with_1006(
    stack: LocalStack, recorded: Recorded, eventually: Any
) -> None:
    with connect(stack.socket_url) as socket:
        connection = id_of(socket)
        socket.socket.shutdown(SHUT_RDWR)
    eventually(lambda: recorded(connection)[-1]["requestContext"].get("disconnectStatusCode") == 1006)


def test_a_client_that_gives_no_code_is_disconnected_with_1005(
    stack: LocalStack, recorded: Recorded, eventually: Any
) -> None:
    with connect(stack.socket_url) as socket:
        connection = id_of(socket)
        with socket.send_context():
            socket.protocol.send_close()
        eventually(lambda: recorded(connection)[-1]["requestContext"].get("disconnectStatusCode") == 1005)


def test_idle_and_old_sockets_are_closed_with_1001(tmp_path: Path, cache_dir: Path) -> None:
    config = StackConfig(
        TEMPLATE, tmp_path, port=0, prewarm=False, schedule=False, cache_dir=cache_dir,
        socket_limits=SocketLimits(idle=0.4, duration=1.2),
    )  # fmt: skip
    with LocalStack(config) as stack:
        with connect(stack.socket_url) as idle:
            assert closed(idle) == (1001, "Going away")
        with connect(stack.socket_url) as old:
            started = time.monotonic()
            while time.monotonic() - started < 0.9:
                assert ask(old, {"type": "x"})
                time.sleep(0.1)
            assert closed(old)[0] == 1001


def test_many_messages_at_once_are_all_answered(stack: LocalStack) -> None:
    with connect(stack.socket_url) as socket:
        for number in range(200):
            socket.send(json.dumps({"type": "n", "number": number}))
        seen = {json.loads(socket.recv(timeout=20))["body"]["number"] for _ in range(200)}

    assert seen == set(range(200))
