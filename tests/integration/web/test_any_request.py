"""Whatever is sent, the API answers: as documented, or with a problem document, and never breaks."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mozaiks.errors import CODES

from .conftest import Start

OF_HTTP = {"METHOD_NOT_ALLOWED", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
ROUTES = (
    ("POST", "/api/chats/{app}/{workflow}/start"),
    ("GET", "/api/chats/{app}/{workflow}"),
    ("GET", "/api/chats/exists/{app}/{workflow}/{chat}"),
    ("GET", "/api/chats/meta/{app}/{workflow}/{chat}"),
    ("GET", "/api/chats/{app}/{workflow}/{chat}/events"),
    ("POST", "/api/chats/{app}/{workflow}/{chat}/messages"),
    ("POST", "/api/chats/{app}/{workflow}/{chat}/cancel"),
)


def mostly(usual: st.SearchStrategy[Any], else_: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 15).flatmap(lambda die: else_ if die == 15 else usual)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = {
    "initial_message": st.just("hello"),
    "client_request_id": st.just("r-1"),
    "client_message_id": st.just("m-1"),
    "request_id": st.just(None) | st.just("q-1"),
    "force_new": st.booleans(),
    "on_busy": st.sampled_from(["enqueue", "reject", "interrupt"]),
}
bodies = mostly(
    st.fixed_dictionaries(
        {"user_id": st.just("ann"), "text": mostly(st.just("hello"), anything)},
        optional={key: mostly(each, anything) for key, each in FIELDS.items()},
    ),
    anything,
)
QUERY = {
    "limit": st.integers(-1, 600).map(str),
    "after": st.integers().map(str),
    "before": st.just("c1"),
    "status": st.sampled_from(["running", "waiting"]),
}
queries = st.fixed_dictionaries(
    {"user_id": mostly(st.just("ann"), st.text(max_size=10))},
    optional={key: mostly(each, st.text(max_size=10)) for key, each in QUERY.items()},
)
header_text = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=20)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_the_api(api: TestClient, start: Start, data: Any) -> None:
    odd = st.text(min_size=1, max_size=12)
    values = {
        "app": data.draw(mostly(st.just("acme"), odd), "app"),
        "workflow": data.draw(mostly(st.sampled_from(["Greeter", "greeter", "Speaker", "Broken"]), odd), "workflow"),
        "chat": data.draw(mostly(st.just(start(force_new=data.draw(st.booleans()))["chat_id"]), odd), "chat"),
    }
    method, template = data.draw(st.sampled_from(ROUTES), "route")
    path = template.format(
        **{key: quote(value.encode("utf-8", "surrogatepass"), safe="") for key, value in values.items()}
    )
    query = {key: value.encode("utf-8", "surrogatepass") for key, value in data.draw(queries, "query").items()}
    answer = api.request(
        method,
        f"{path}?{urlencode(query)}",
        content=data.draw(mostly(bodies.map(lambda body: json.dumps(body).encode()), st.binary(max_size=30)), "body"),
        headers={
            "content-type": data.draw(mostly(st.just("application/json"), header_text), "content type").encode(
                "latin-1"
            ),
            "accept": data.draw(st.sampled_from(["*/*", "text/event-stream"])),
            "last-event-id": data.draw(header_text, "last event").encode("latin-1"),
        },
    )
    if answer.status_code >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["code"] in CODES.keys() | OF_HTTP
        assert problem["code"] != "INTERNAL", problem
        assert answer.status_code < 500 or problem["code"] == "NOT_BUILT"
