"""The HTTP API: payload 2.0 events, API Gateway's precedence, limits and error bodies."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model

from mozaiks_local.stack import LocalStack


def request(
    stack: LocalStack, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(stack.http_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    try:
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def event_of(answer: tuple[int, Any, bytes]) -> dict[str, Any]:
    assert answer[0] == 200
    event: dict[str, Any] = json.loads(answer[2])
    return event


def test_the_event_is_powertools_own(stack: LocalStack) -> None:
    event = event_of(request(stack, "GET", "/a?x=1", headers={"Cookie": "a=1; b=2", "User-Agent": "me"}))

    model = APIGatewayProxyEventV2Model.model_validate(event)
    assert model.requestContext.http.userAgent == "me"
    assert model.cookies == ["a=1", "b=2"]


def test_repeated_headers_and_parameters_are_joined(stack: LocalStack) -> None:
    event = event_of(request(stack, "GET", "/a%20b/c?x=1&x=2&empty=", headers={"X-One": "1"}))

    assert event["queryStringParameters"] == {"x": "1,2", "empty": ""}
    assert event["rawQueryString"] == "x=1&x=2&empty="
    assert event["rawPath"] == "/a b/c"
    assert event["headers"]["x-one"] == "1"


def test_the_most_specific_route_wins(stack: LocalStack) -> None:
    item = event_of(request(stack, "GET", "/items/7"))
    other = event_of(request(stack, "POST", "/items/7", b"{}"))

    assert (item["routeKey"], item["pathParameters"]) == ("GET /items/{id}", {"id": "7"})
    assert (other["routeKey"], other["pathParameters"]) == ("ANY /{proxy+}", {"proxy": "items/7"})


def test_text_bodies_pass_as_text_and_others_as_base64(stack: LocalStack) -> None:
    text = event_of(request(stack, "POST", "/a", "grüezi".encode()))
    binary = event_of(request(stack, "POST", "/a", b"\xff\x00"))

    assert (text["body"], text["isBase64Encoded"]) == ("grüezi", False)
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\xff\x00", True)


def test_a_binary_answer_is_decoded(stack: LocalStack) -> None:
    status, headers, body = request(stack, "GET", "/binary")

    assert (status, headers["content-type"], body) == (200, "image/png", b"\x89PNG")


def test_cookies_of_an_answer_are_set_one_by_one(stack: LocalStack) -> None:
    address = urlsplit(stack.http_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.request("GET", "/cookies")
    answer = connection.getresponse()
    answer.read()
    connection.close()

    assert answer.status == 204
    assert answer.headers.get_all("set-cookie") == ["a=1; Path=/", "b=2"]


def test_an_answer_without_a_status_is_the_body(stack: LocalStack) -> None:
    status, headers, body = request(stack, "GET", "/plain")

    assert (status, headers["content-type"], json.loads(body)) == (200, "application/json", {"plain": True})


def test_a_failing_function_is_an_internal_server_error(stack: LocalStack) -> None:
    status, _, body = request(stack, "GET", "/fail")

    assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


def test_a_path_without_a_route_is_not_found(stack: LocalStack) -> None:
    status, _, body = request(stack, "GET", "/")

    assert (status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_body_over_ten_megabytes_is_refused(stack: LocalStack) -> None:
    status, _, body = request(stack, "POST", "/a", b"x" * (10 * 1024 * 1024 + 1))

    assert (status, json.loads(body)) == (413, {"message": "Request Entity Too Large"})


def test_one_connection_carries_many_requests(stack: LocalStack) -> None:
    address = urlsplit(stack.http_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    seen = []
    for number in range(3):
        connection.request("GET", f"/n/{number}")
        seen.append(json.loads(connection.getresponse().read())["rawPath"])
    connection.close()

    assert seen == ["/n/0", "/n/1", "/n/2"]


def test_what_is_not_http_gets_an_answer(stack: LocalStack) -> None:
    import socket

    address = urlsplit(stack.http_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as raw:
        raw.sendall(b"this is not http\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "DELETE", "PUT"])
def test_any_method_reaches_the_function(stack: LocalStack, method: str) -> None:
    assert event_of(request(stack, method, "/m"))["requestContext"]["http"]["method"] == method


def test_head_answers_without_a_body(stack: LocalStack) -> None:
    status, headers, body = request(stack, "HEAD", "/m")

    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
