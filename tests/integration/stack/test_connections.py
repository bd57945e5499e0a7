"""``@connections``: posts, limits, errors boto3 understands, and injected faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from mozaiks.push.gateway import CLOSE_CODE_HEADER
from mozaiks_local.stack import LocalStack

from .conftest import CREDENTIALS
from .test_sockets import id_of


@pytest.fixture
def socket(stack: LocalStack) -> Iterator[ClientConnection]:
    with connect(stack.socket_url, max_size=None) as opened:
        yield opened


@pytest.fixture
def once(stack: LocalStack) -> Any:
    """A client that neither retries nor waits long."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=0.5)
    return boto3.client("apigatewaymanagementapi", endpoint_url=f"{stack.http_url}/dev", config=config, **CREDENTIALS)


def test_a_post_reaches_its_client_and_is_counted(
    stack: LocalStack, connections: Any, socket: ClientConnection
) -> None:
    connection = id_of(socket)
    before = stack.gateway.posts()
    connections.post_to_connection(ConnectionId=connection, Data=b"hello")

    assert socket.recv(timeout=5) == "hello"
    assert stack.gateway.posts(connection) == 1
    assert stack.gateway.posts() == before + 1


def test_the_largest_message_is_split_into_frames(connections: Any, socket: ClientConnection) -> None:
    connections.post_to_connection(ConnectionId=id_of(socket), Data=b"x" * 131072)

    assert [len(part) for part in socket.recv_streaming()] == [32768] * 4


def test_a_larger_message_is_refused(connections: Any, socket: ClientConnection) -> None:
    with pytest.raises(connections.exceptions.PayloadTooLargeException):
        connections.post_to_connection(ConnectionId=id_of(socket), Data=b"x" * 131073)


def test_a_closed_connection_is_gone(connections: Any, stack: LocalStack, eventually: Any) -> None:
    with connect(stack.socket_url) as socket:
        connection = id_of(socket)
    eventually(lambda: connection not in stack.gateway.sockets.connection_ids)

    for call in (connections.get_connection, connections.delete_connection):
        with pytest.raises(connections.exceptions.GoneException):
            call(ConnectionId=connection)
    with pytest.raises(connections.exceptions.GoneException):
        connections.post_to_connection(ConnectionId=connection, Data=b"x")


def test_a_connection_is_described(connections: Any, socket: ClientConnection) -> None:
    described = connections.get_connection(ConnectionId=id_of(socket))

    assert described["Identity"]["SourceIp"] == "127.0.0.1"
    assert described["Identity"]["UserAgent"].startswith("Python/")
    assert described["ConnectedAt"] <= described["LastActiveAt"]


def test_a_deleted_connection_is_closed(connections: Any, socket: ClientConnection) -> None:
    connections.delete_connection(ConnectionId=id_of(socket))

    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(timeout=5)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1000


def test_a_function_may_ask_for_the_close_code_of_a_refusal(connections: Any, socket: ClientConnection) -> None:
    connections.meta.events.register(
        "before-call.*.DeleteConnection", lambda params, **_: params["headers"].update({CLOSE_CODE_HEADER: "1008"})
    )
    connections.delete_connection(ConnectionId=id_of(socket))

    with pytest.raises(ConnectionClosed) as ended:
        socket.recv(timeout=5)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1008


def test_an_unsigned_post_is_refused(stack: LocalStack, socket: ClientConnection) -> None:
    answer = httpx.post(f"{stack.http_url}/dev/@connections/{quote(id_of(socket))}", content=b"x")

    assert answer.status_code == 403
    assert answer.json()["message"] == "Missing Authentication Token"


@pytest.mark.parametrize(("kind", "code"), [("gone", "GoneException"), ("throttled", "LimitExceededException")])
def test_an_injected_fault_fails_as_many_posts_as_asked(
    stack: LocalStack, once: Any, socket: ClientConnection, kind: Any, code: str
) -> None:
    connection = id_of(socket)
    stack.gateway.faults.inject(kind, connection, times=2)

    for _ in range(2):
        with pytest.raises(ClientError) as failed:
            once.post_to_connection(ConnectionId=connection, Data=b"lost")
        assert failed.value.response["Error"]["Code"] == code
    once.post_to_connection(ConnectionId=connection, Data=b"arrives")

    assert socket.recv(timeout=5) == "arrives"


def test_a_hanging_post_does_not_hold_up_another(stack: LocalStack, once: Any, socket: ClientConnection) -> None:
    hanging = id_of(socket)
    stack.gateway.faults.inject("hang", hanging, seconds=2)
    with connect(stack.socket_url) as other, ThreadPoolExecutor() as pool:
        other_id = id_of(other)
        stuck = pool.submit(once.post_to_connection, ConnectionId=hanging, Data=b"never")
        once.post_to_connection(ConnectionId=other_id, Data=b"x")
        assert other.recv(timeout=5) == "x"
        with pytest.raises(ReadTimeoutError):
            stuck.result()


def test_a_slow_client_is_throttled_and_others_are_not(stack: LocalStack, once: Any) -> None:
    with connect(stack.socket_url, max_queue=1, close_timeout=0.1) as slow, connect(stack.socket_url) as other:
        slow_id, other_id = id_of(slow), id_of(other)

        def flood() -> None:
            for _ in range(1000):
                once.post_to_connection(ConnectionId=slow_id, Data=b"x" * 131072)

        with pytest.raises(ClientError) as refused:
            flood()
        once.post_to_connection(ConnectionId=other_id, Data=b"quick")

        assert refused.value.response["Error"]["Code"] == "LimitExceededException"
        assert other.recv(timeout=5) == "quick"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # once it reads again, it gets messages again
            slow.recv(timeout=5)
            try:
                once.post_to_connection(ConnectionId=slow_id, Data=b"again")
                break
            except ClientError:
                continue
        else:
            raise AssertionError("the slow client stayed throttled")
