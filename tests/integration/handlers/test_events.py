"""The canonical events have the shapes AWS sends, belong together, and leave no route or trigger out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayProxyEventV2Model,
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
    EventBridgeModel,
)
from fastapi.routing import APIRoute
from pydantic import BaseModel

from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import parse_frame
from mozaiks.flow.greeter import GREET
from mozaiks.web.app import create_app

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "events").glob("*.json"))
EVENTS: dict[str, dict[str, Any]] = {path.stem: json.loads(path.read_text()) for path in FILES}
CHAT = "5f0c6a5d2b8e4a1f9c3d7e6b1a2f4c8d"


def named(prefix: str) -> list[str]:
    found = [name for name in EVENTS if name.startswith(prefix)]
    assert found
    return found


def model_of(name: str) -> type[BaseModel]:
    match EVENTS[name].get("requestContext", {}).get("eventType"):
        case "CONNECT":
            return APIGatewayWebSocketConnectEventModel
        case "DISCONNECT":
            return APIGatewayWebSocketDisconnectEventModel
        case "MESSAGE":
            return APIGatewayWebSocketMessageEventModel
    return EventBridgeModel if name == "reconcile-schedule" else APIGatewayProxyEventV2Model


@pytest.mark.parametrize("name", [*named("http-"), *named("socket-"), "reconcile-schedule"])
def test_an_event_has_the_shape_powertools_knows(name: str) -> None:
    model_of(name).model_validate(EVENTS[name])


@pytest.mark.parametrize("name", named("http-"))
def test_an_http_event_says_the_same_in_all_its_parts(name: str) -> None:
    event = EVENTS[name]
    context = event["requestContext"]
    assert context["http"]["path"] == event["rawPath"] == f"/{event['pathParameters']['proxy']}"
    assert dict(parse_qsl(event["rawQueryString"])) == event.get("queryStringParameters", {})
    assert event["headers"]["host"] == context["domainName"]
    assert len(event.get("body", "")) == int(event["headers"].get("content-length", 0))


@pytest.mark.parametrize("name", [name for name, event in EVENTS.items() if "chat_id" in json.dumps(event)])
def test_events_are_about_one_chat(name: str) -> None:
    assert CHAT in json.dumps(EVENTS[name])


def test_socket_events_are_about_one_connection() -> None:
    contexts = [EVENTS[name]["requestContext"] for name in named("socket-")]
    same = ("connectionId", "connectedAt", "apiId", "domainName", "stage")
    assert len({tuple(context[key] for key in same) for context in contexts}) == 1
    assert {contexts[0]["connectionId"]} == {EVENTS["message-greet"]["connection_id"]}


@pytest.mark.parametrize("name", [name for name in named("socket-") if "body" in EVENTS[name]])
def test_a_socket_frame_is_a_command_that_is_understood(name: str) -> None:
    assert parse_frame(EVENTS[name]["body"]).type in EVENTS[name]["body"]


def test_every_route_of_the_api_has_an_event(parts: Parts) -> None:
    asked = [(EVENTS[name]["requestContext"]["http"]["method"], EVENTS[name]["rawPath"]) for name in named("http-")]
    document = create_app(parts).openapi()["paths"]
    routes = [
        APIRoute(path, lambda: None, methods=[method.upper()])
        for path, operations in document.items()
        for method in operations
    ]
    missing = [
        f"{route.methods} {route.path}"
        for route in routes
        if not any(method in route.methods and route.path_regex.match(path) for method, path in asked)
    ]
    assert not missing


def tasks_of(machine: dict[str, Any]) -> list[dict[str, Any]]:
    """The payloads of a machine's tasks, those within maps too."""
    found = []
    for state in machine["States"].values():
        if state["Type"] == "Task":
            found.append(state["Parameters"]["Payload"])
        elif state["Type"] == "Map":
            found += tasks_of(state["ItemProcessor"])
    return found


def test_every_trigger_of_the_template_has_an_event() -> None:
    class Loader(yaml.SafeLoader): ...

    Loader.add_multi_constructor("!", lambda _loader, _suffix, node: str(node.value))
    resources = yaml.load((ROOT / "template.yaml").read_text(), Loader)["Resources"]  # noqa: S506 - a safe loader
    routes = {key for resource in resources.values() for key in resource["Properties"].get("Routes", {})}
    assert routes == {EVENTS[name]["requestContext"]["routeKey"] for name in named("socket-")}
    kinds = {
        event["Type"] for resource in resources.values() for event in resource["Properties"].get("Events", {}).values()
    }
    assert kinds == {"HttpApi", "Schedule"}
    machines = [json.loads((ROOT / "statemachines" / f"{name}.asl.json").read_text()) for name in ("run", "journey")]
    tasks = [task for machine in machines for task in tasks_of(machine)]
    payloads = {task["action"]: {key.removesuffix(".$") for key in task} for task in tasks}
    assert payloads == {EVENTS[name]["action"]: set(EVENTS[name]) for name in named("orchestrate-")}
    assert EVENTS["message-greet"]["action"] == GREET
