"""The client of the platform's API, against a real HTTP server, imported the way a tool imports it."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mozaiks.engine.binding import bind
from mozaiks.engine.functions import load_function
from mozaiks.manifests import load_workflow
from mozaiks.manifests.spec import FunctionRef

SHARED = Path(__file__).parents[3] / "workflows" / "_shared"
KEY = "sk-platform-secret"

TOOL = """
from workflows._shared import backend_client
from workflows._shared.backend_client import BackendClient

def module(): return backend_client

async def my_tool(app_id: str, user_id: str, data: dict):
    client = BackendClient(app_id, user_id)
    return await client.call_platform_api("endpoint", data)
"""


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answer = tuple[int, bytes | None]
"""Status and body; no body: the connection is cut instead of answering."""


@dataclass
class Platform:
    """A server that plays its answers in order and repeats the last."""

    answers: list[Answer] = field(default_factory=lambda: [(200, b'{"ok": true}')])
    seen: list[Seen] = field(default_factory=list)
    hold: threading.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def take(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    state = Platform()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.seen.append(Seen(self.command, self.path, headers, body))
            status, content = state.take()
            if state.hold is not None:
                state.hold.wait(30)
            if content is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/platform/v1"
    monkeypatch.setenv("PLATFORM_API_URL", state.url)
    monkeypatch.setenv("PLATFORM_API_KEY", KEY)
    try:
        yield state
    finally:
        if state.hold is not None:
            state.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Callable[..., Any]]:
    """Functions of a tool beside a copy of the shipped shared folder."""
    root = tmp_path / "anything"
    shutil.copytree(SHARED, root / "_shared", ignore=shutil.ignore_patterns("__pycache__"))
    folder = root / "Desk"
    (folder / "tools").mkdir(parents=True)
    (folder / "orchestrator.yaml").write_text("{}")
    (folder / "agents.yaml").write_text("Writer: {}")
    (folder / "tools" / "main.py").write_text(TOOL)
    spec = load_workflow(folder)
    return lambda name: load_function(spec, folder, FunctionRef(path="tools/main.py", function=name))


@pytest.fixture
def shipped(load: Callable[[str], Callable[..., Any]]) -> ModuleType:
    module = load("module")()
    assert isinstance(module, ModuleType)
    return module


@dataclass
class Caller:
    module: ModuleType

    def __call__(self, endpoint: str, *arguments: Any, **named: Any) -> Any:
        async def main() -> Any:
            client = self.module.BackendClient("acme", "ada", backoff_seconds=0.001)
            return await client.call_platform_api(endpoint, *arguments, **named)

        return asyncio.run(main())

    def refused(self, endpoint: str, *arguments: Any, **named: Any) -> Any:
        with pytest.raises(self.module.PlatformApiError) as caught:
            self(endpoint, *arguments, **named)
        assert KEY not in str(caught.value)
        assert "127.0.0.1" not in str(caught.value)
        return caught.value


@pytest.fixture
def call(platform: Platform, shipped: ModuleType) -> Caller:
    return Caller(shipped)


# --- what is sent ---------------------------------------------------------------------------------------------------


def test_a_tool_calls_the_platform_as_its_app_and_user(
    platform: Platform, load: Callable[[str], Callable[..., Any]]
) -> None:
    bound = bind(load("my_tool"), lambda: {"app_id": "acme", "user_id": "ada@x.org"}, None)
    assert asyncio.run(bound({"data": {"a": [1, "é"]}})) == {"ok": True}
    (seen,) = platform.seen
    assert (seen.method, seen.path, json.loads(seen.body)) == ("POST", "/platform/v1/endpoint", {"a": [1, "é"]})
    assert seen.headers["x-app-id"] == "acme"
    assert seen.headers["x-user-id"] == "ada@x.org"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"


def test_without_data_a_call_is_a_get_with_its_query(platform: Platform, call: Caller) -> None:
    call("/invoices", params={"state": "open & due", "limit": 3})
    assert (platform.seen[0].method, platform.seen[0].body) == ("GET", b"")
    assert platform.seen[0].path == "/platform/v1/invoices?state=open+%26+due&limit=3"


@pytest.mark.parametrize(
    ("method", "arguments"), [("get", ()), ("post", ({"a": 1},)), ("put", ({"a": 1},)), ("delete", ())]
)
def test_each_verb_has_a_method(
    platform: Platform, shipped: ModuleType, method: str, arguments: tuple[Any, ...]
) -> None:
    asyncio.run(getattr(shipped.BackendClient("acme", "ada"), method)("things/1", *arguments))
    assert (platform.seen[0].method, platform.seen[0].path) == (method.upper(), "/platform/v1/things/1")


def test_connections_are_kept_between_calls_and_clients_of_one_loop(platform: Platform, shipped: ModuleType) -> None:
    async def main() -> bool:
        await shipped.BackendClient("acme", "ada").get("a")
        first = shipped._client()
        await shipped.BackendClient("acme", "bob").get("b")
        return first is shipped._client()

    assert asyncio.run(main())
    assert asyncio.run(main()), "another loop gets a client of its own"
    assert len(shipped._CLIENTS) == 1, "those of closed loops are dropped"


@pytest.mark.parametrize("body", [b"", b"  \n", b"null"])
def test_an_empty_answer_is_none(platform: Platform, call: Caller, body: bytes) -> None:
    platform.answers = [(200, body)]
    assert call("x") is None


# --- repeating ------------------------------------------------------------------------------------------------------

FAILING = [(503, b""), (502, b""), (504, b""), (0, None)]


@pytest.mark.parametrize("failing", FAILING, ids=["503", "502", "504", "cut connection"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_call_that_may_be_repeated_is(platform: Platform, call: Caller, method: str, failing: Answer) -> None:
    platform.answers = [failing, failing, (200, b'"at last"')]
    assert call("x", None, method) == "at last"
    assert [seen.method for seen in platform.seen] == [method] * 3


@pytest.mark.parametrize("failing", FAILING, ids=["503", "502", "504", "cut connection"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_call_that_might_act_twice_is_not_repeated(
    platform: Platform, call: Caller, method: str, failing: Answer
) -> None:
    platform.answers = [failing, (200, b"1")]
    call.refused("x", {}, method)
    assert len(platform.seen) == 1


def test_a_post_with_an_idempotency_key_is_repeated_under_the_same_key(platform: Platform, call: Caller) -> None:
    platform.answers = [(503, b""), (0, None), (201, b"1")]
    assert call("x", {"a": 1}, idempotency_key="chat:call_1") == 1
    assert [(seen.headers["idempotency-key"], seen.body) for seen in platform.seen] == [
        ("chat:call_1", b'{"a": 1}')
    ] * 3


def test_after_its_attempts_the_last_answer_counts(platform: Platform, call: Caller) -> None:
    platform.answers = [(503, b"")]
    error = call.refused("x")
    assert (error.status, error.retryable, len(platform.seen)) == (503, True, 3)


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_an_answer_that_would_come_again_is_not_asked_for_again(platform: Platform, call: Caller, status: int) -> None:
    platform.answers = [(status, b"")]
    error = call.refused("x")
    assert (error.status, error.retryable, len(platform.seen)) == (status, False, 1)


def test_a_platform_nobody_listens_at_is_told_even_for_a_post(
    shipped: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PLATFORM_API_URL", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("PLATFORM_API_KEY", KEY)
        error = Caller(shipped).refused("x", {"a": 1})
    assert str(error) == "POST x: the platform could not be reached"
    assert (error.status, error.retryable) == (None, True)


def test_a_platform_that_falls_silent_is_given_up(platform: Platform, shipped: ModuleType) -> None:
    platform.hold = threading.Event()
    client = shipped.BackendClient("acme", "ada", timeout_seconds=0.05, attempts=2, backoff_seconds=0.001)
    with pytest.raises(shipped.PlatformApiError, match="GET x: the platform fell silent"):
        asyncio.run(client.get("x"))
    assert len(platform.seen) == 2


# --- errors ---------------------------------------------------------------------------------------------------------


def test_a_problem_s_code_and_detail_are_told_and_the_key_never(platform: Platform, call: Caller) -> None:
    problem = {"code": "QUOTA", "detail": f"the key {KEY} has no quota left"}
    platform.answers = [(403, json.dumps(problem).encode())]
    error = call.refused("x")
    assert str(error) == "GET x: the platform answered 403 (QUOTA): the key *** has no quota left"
    assert error.code == "QUOTA"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"detail": {"deep": 1}}', b"\xff"])
def test_an_error_without_a_problem_is_told_by_its_status(platform: Platform, call: Caller, body: bytes) -> None:
    platform.answers = [(404, body)]
    assert str(call.refused("x")) == "GET x: the platform answered 404"


def test_an_answer_that_is_no_json_is_an_error(platform: Platform, call: Caller) -> None:
    platform.answers = [(200, b"<html>")]
    assert "answered 200 with something that is no JSON" in str(call.refused("x"))


def test_a_redirect_is_not_followed(platform: Platform, call: Caller) -> None:
    platform.answers, platform.headers = [(302, b"")], {"location": platform.url + "/elsewhere"}
    assert call.refused("x").status == 302
    assert len(platform.seen) == 1


# --- where a call may go --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://169.254.169.254/latest",
        "https:evil.example://x",
        "//evil.example/x",
        "\\\\evil.example\\x",
        "a/../../admin",
        "..",
        "a/./b",
        "a/%2e%2e/admin",
        "a/%252e%252e/admin",
        "a%2f..%2f..%2fadmin",
        "%2525252525252e",
        "a?x=1",
        "a#b",
        "a b",
        "a\r\nX-App-Id: other",
        "a%0d%0ab",
        "a\x00",
        "",
        "/",
        "x" * 3000,
    ],
)
def test_an_endpoint_that_could_lead_elsewhere_is_refused_before_anything_is_sent(
    platform: Platform, call: Caller, endpoint: str
) -> None:
    with pytest.raises(ValueError, match="endpoint is"):
        call(endpoint)
    assert platform.seen == []


@pytest.mark.parametrize(
    ("endpoint", "path"),
    [
        ("users/1", "users/1"),
        ("/users/1/", "users/1/"),
        ("users/a%2Fb", "users/a%2Fb"),
        ("users/ada@x.org:80", "users/ada@x.org:80"),
        ("a..b/c...", "a..b/c..."),
        ("größe", "gr%C3%B6%C3%9Fe"),
    ],
)
def test_a_path_below_the_address_is_called(platform: Platform, call: Caller, endpoint: str, path: str) -> None:
    call(endpoint)
    assert platform.seen[0].path == f"/platform/v1/{path}"


@pytest.mark.parametrize(("app", "user"), [("a b", "ada"), ("", "ada"), ("acme", "a\r\nx: y"), ("acme", "é")])
def test_an_id_that_is_none_never_becomes_a_header(
    platform: Platform, shipped: ModuleType, app: str, user: str
) -> None:
    with pytest.raises(ValueError, match="_id is"):
        shipped.BackendClient(app, user)


def test_an_unknown_method_and_a_broken_key_are_refused(platform: Platform, call: Caller) -> None:
    with pytest.raises(ValueError, match="method is 'CONNECT'"):
        call("x", None, "CONNECT")
    with pytest.raises(ValueError, match="idempotency_key"):
        call("x", {}, idempotency_key="a\r\nb")
    assert platform.seen == []


@pytest.mark.parametrize(
    ("url", "key", "said"),
    [
        ("", KEY, "PLATFORM_API_URL is not set"),
        ("ftp://x", KEY, "PLATFORM_API_URL must be http"),
        ("platform.example", KEY, "PLATFORM_API_URL must be http"),
        ("http://user:pass@x", KEY, "PLATFORM_API_URL must be http"),
        ("http://x:99999", KEY, "PLATFORM_API_URL must be http"),
        ("http://x", "", "PLATFORM_API_KEY is not set"),
        ("http://x", "two words", "PLATFORM_API_KEY must be"),
    ],
)
def test_a_client_without_a_usable_address_or_key_says_which(
    shipped: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str, key: str, said: str
) -> None:
    monkeypatch.setenv("PLATFORM_API_URL", url)
    monkeypatch.setenv("PLATFORM_API_KEY", key)
    with pytest.raises(shipped.PlatformNotConfigured, match=said) as caught:
        shipped.BackendClient("acme", "ada")
    assert "pass" not in str(caught.value).replace("without user", "")
    assert "two words" not in str(caught.value)


def test_a_client_shows_no_key_when_printed(platform: Platform, shipped: ModuleType) -> None:
    assert KEY not in repr(shipped.BackendClient("acme", "ada"))
