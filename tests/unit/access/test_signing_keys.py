"""When the issuer's keys are fetched, and what is done while they cannot be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mozaiks.access.signing_keys import SigningKeys, fetch_json
from mozaiks.errors import MozaiksError

from .conftest import ISSUER, URL, Clock, Issuer, Published


def test_keys_are_fetched_once_while_they_are_fresh(keys: SigningKeys, published: Published, clock: Clock) -> None:
    for moment in (0, 100, 299):
        clock.now = moment
        assert keys.key("rsa") is not None
    assert published.asked == [URL]


def test_keys_are_fetched_again_when_they_are_old(keys: SigningKeys, published: Published, clock: Clock) -> None:
    keys.key("rsa")
    published.answers[URL] = {"keys": []}
    clock.now = 300
    assert keys.key("rsa") is None


def test_an_unknown_key_is_asked_for_once(
    keys: SigningKeys, published: Published, clock: Clock, issuer: Issuer
) -> None:
    keys.key("rsa")
    published.answers[URL]["keys"].append(issuer.jwk("rsa-2"))
    clock.now = 11
    assert keys.key("rsa-2") is not None
    assert len(published.asked) == 2


def test_unknown_keys_do_not_make_us_ask_all_the_time(keys: SigningKeys, published: Published, clock: Clock) -> None:
    for number in range(200):
        clock.now = number * 0.1
        assert keys.key(f"made-up-{number}") is None
    assert len(published.asked) == 2


def test_known_keys_go_on_while_the_issuer_is_down(keys: SigningKeys, published: Published, clock: Clock) -> None:
    keys.key("rsa")
    published.down = True
    clock.now = 1000
    assert keys.key("rsa") is not None
    clock.now = 1005
    assert keys.key("rsa") is not None
    assert len(published.asked) == 2


def test_an_issuer_that_was_never_reached_is_no_verdict_on_a_token(
    keys: SigningKeys, published: Published, clock: Clock
) -> None:
    published.down = True
    with pytest.raises(MozaiksError) as caught:
        keys.key("rsa")
    assert (caught.value.code, caught.value.retryable) == ("KEYS_UNAVAILABLE", True)
    published.down = False
    clock.now = 1
    assert keys.key("rsa") is not None


@pytest.mark.parametrize("answer", [None, [], {}, {"keys": 5}, "text"])
def test_an_answer_that_is_no_key_set_is_none(keys: SigningKeys, published: Published, answer: Any) -> None:
    published.answers[URL] = answer
    with pytest.raises(MozaiksError, match="keys cannot be had"):
        keys.key("rsa")


def test_one_bad_key_does_not_cost_the_others(keys: SigningKeys, published: Published, issuer: Issuer) -> None:
    bad: list[Any] = [
        None,
        5,
        {},
        {"kty": "RSA", "kid": "x"},
        {"kty": "EC", "kid": "y", "crv": "P-1"},
        {"kty": ["RSA"]},
    ]
    published.answers[URL] = {"keys": [*bad, issuer.jwk("rsa")]}
    assert keys.key("rsa") is not None
    assert keys.key("x") is None


def test_a_published_secret_is_no_key(keys: SigningKeys, published: Published) -> None:
    published.answers[URL] = {"keys": [{"kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256"}]}
    assert keys.key("s") is None


CONFIGURATION = f"{ISSUER}/.well-known/openid-configuration"


def test_the_issuer_says_where_its_keys_are(published: Published, clock: Clock) -> None:
    published.answers[CONFIGURATION] = {"issuer": ISSUER, "jwks_uri": URL}
    assert SigningKeys(issuer=ISSUER, fetch=published, clock=clock).key("ec") is not None
    assert published.asked == [CONFIGURATION, URL]


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example.com", "jwks_uri": URL},
        {"jwks_uri": URL},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": 5},
        {"issuer": ISSUER, "jwks_uri": "http://id.example.com/keys"},
        [],
    ],
)
def test_a_discovery_document_of_another_kind_is_not_followed(
    published: Published, clock: Clock, document: Any
) -> None:
    published.answers[CONFIGURATION] = document
    with pytest.raises(MozaiksError):
        SigningKeys(issuer=ISSUER, fetch=published, clock=clock).key("rsa")
    assert URL not in published.asked


class _Server(ThreadingHTTPServer):
    status, body, location = 200, b"{}", ""


@pytest.fixture
def server() -> Iterator[_Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert isinstance(self.server, _Server)
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(self.server.body)))
            if self.server.location:
                self.send_header("Location", self.server.location)
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, format: str, *args: object) -> None: ...

    made = _Server(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(5)


def test_json_is_fetched(server: _Server) -> None:
    server.body = json.dumps({"keys": []}).encode()
    assert fetch_json(f"http://127.0.0.1:{server.server_port}/keys?x=1") == {"keys": []}


def test_a_redirect_is_not_followed(server: _Server) -> None:
    server.status, server.location = 302, f"http://127.0.0.1:{server.server_port}/"
    with pytest.raises(OSError, match="302"):
        fetch_json(f"http://127.0.0.1:{server.server_port}/keys")


@pytest.mark.parametrize("body", [b"no json", b"[" * 100_000, b'"' + b"x" * 600_000 + b'"'])
def test_an_answer_of_another_kind_is_refused(server: _Server, body: bytes) -> None:
    server.body = body
    with pytest.raises(ValueError):  # noqa: PT011 - the JSON parser's own words
        fetch_json(f"http://127.0.0.1:{server.server_port}/keys")


@pytest.mark.parametrize("url", ["http://id.example.com/keys", "file:///etc/passwd", "ftp://127.0.0.1/x", "keys", ""])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        fetch_json(url)
