"""The API's own description: each route with its problems, each body with an example that fits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from mozaiks.bootstrap import Parts
from mozaiks.errors import CODES
from mozaiks.web.app import create_app
from mozaiks.web.examples import EXAMPLES
from mozaiks.web.problems import OF_HTTP
from mozaiks.web.refusals import OWN

from .conftest import MakeParts

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def document(api: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_says_which_problems_it_answers_with(document: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == OWN.keys()
    for method, path, operation in operations(document):
        refusals = {status: each for status, each in operation["responses"].items() if status >= "4"}
        assert {"500", "503"} <= refusals.keys(), (method, path)
        for status, refusal in refusals.items():
            schema = refusal["content"]["application/problem+json"]["schema"]
            for code in schema["allOf"][1]["properties"]["code"]["enum"]:
                known = CODES[code].http_status if code in CODES else {v: k for k, v in OF_HTTP.items()}[code]
                assert str(known) == status, (method, path, code)


def test_routes_are_hidden_only_where_another_name_is_shown(api: TestClient, document: dict[str, Any]) -> None:
    known = {
        (method, str(route.path))
        for route in iter_route_contexts(api.app.routes)  # type: ignore[attr-defined]
        if isinstance(route.original_route, APIRoute)
        for method in route.original_route.methods
    }
    shown = {(method, path) for method, path, _ in operations(document)}
    assert known - shown == {("GET", "/health"), ("GET", "/metrics/perf/chat/{chat_id}")}


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schema of each JSON body that is taken or answered."""
    for method, path, operation in operations(document):
        taken = operation.get("requestBody", {}).get("content", {}).get("application/json")
        answered = [each.get("content", {}).get("application/json") for each in operation["responses"].values()]
        for each in (taken, *answered):
            if each is not None and each["schema"]:
                yield f"{method} {path}", each["schema"]


def models(document: dict[str, Any]) -> set[str]:
    found = set()
    for where, schema in bodies(document):
        references = [each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
        assert len(references) == 1, where
        found.add(references[0].rsplit("/", 1)[1])
    return found


def test_every_body_has_an_example_that_fits_it(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    named = models(document)
    assert {name for name in named if not schemas[name].get("examples")} == set()
    for name in named:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        for example in schemas[name]["examples"]:
            complaints = [
                f"{each.json_path}: {each.message}" for each in Draft202012Validator(schema).iter_errors(example)
            ]
            assert complaints == [], name
            unknown = example.keys() - schemas[name]["properties"].keys() - {"timestampUtc"}
            assert unknown == set(), name


def test_there_is_no_example_of_something_that_is_not_there(document: dict[str, Any]) -> None:
    assert EXAMPLES.keys() <= models(document)


def test_what_can_be_polled_has_a_tag(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if method == "GET" and "application/json" in operation["responses"]["200"]["content"]:
            assert "ETag" in operation["responses"]["200"]["headers"], path
            assert "304" in operation["responses"], path


def test_where_tokens_are_checked_every_route_but_the_open_ones_asks_for_one(
    make_parts: MakeParts, parts: Parts
) -> None:
    made = make_parts(auth_enabled=True, jwt_secret="0123456789" * 4, allowed_issuers="us")
    document = create_app(made).openapi()
    without = {path for _, path, operation in operations(document) if "security" not in operation}
    assert without == {"/api/health", "/api/realtime/oauth/completed"}
    for _, path, operation in operations(document):
        if path not in without:
            assert {"401", "403"} <= operation["responses"].keys(), path
    made.database.client.close()
