"""With a valid token of another user or app, everything answers as if it were not there, and nothing is written.

The routes, frames and store functions are found, not listed: a new one is walked too, or fails here for want of a
value to give it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_type_hints

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from integration.handlers.aws import Aws
from mozaiks import store
from mozaiks.access.principal import Principal, Tenant
from mozaiks.access.sealed import SealedSecret
from mozaiks.bootstrap import Parts, now
from mozaiks.chats import commands
from mozaiks.chats.states import Join, Lease
from mozaiks.errors import MozaiksError
from mozaiks.journeys.states import Journey, MemberStatus, planned
from mozaiks.store.secrets import MongoSecrets
from mozaiks.store.tool_results import MongoToolResults
from mozaiks.themes.service import StoredTheme
from mozaiks.web.app import create_app

from .conftest import ANN, CHAT, STRANGERS, Invoke, Token

Make = Callable[..., Any]

# -- HTTP ------------------------------------------------------------------------------------------------------------

OF_NO_APP = {
    "/health",
    "/api/health",
    "/health/active-runs",
    "/metrics/perf/aggregate",
    "/metrics/perf/chats",
    "/metrics/perf/chats/{chat_id}",
    "/metrics/perf/chat/{chat_id}",
    "/metrics/prometheus",
    "/api/workflows",
    "/api/workflows/{workflow_name}/transport",
    "/api/workflows/{workflow_name}/tools",
    "/api/realtime/oauth/completed",
}
"""Routes that name no app: the service's own, which show nothing of any chat's contents."""

OF_ALL_USERS = {"/api/themes/{app_id}"}
"""Routes whose thing is no user's but the app's: another user with the scope it needs is no stranger."""


OF_ADMINISTRATORS = {"/api/users/{app_id}/{user_id}", "/api/users/{app_id}/{user_id}/export"}
"""Routes about one user that an administrator of the app may ask for any user."""


def everything(parts: Parts) -> dict[str, list[dict[str, Any]]]:
    return {
        name: sorted(parts.database[name].find(), key=lambda each: str(each["_id"]))
        for name in sorted(parts.database.list_collection_names())
    }


JOURNEY = Journey(
    CHAT,
    ANN.app_id,
    ANN.user_id,
    "build",
    planned(CHAT, [["ValueEngine"]], None, now()),
    now(),
    now(),
    client_request_id="r-1",
    initial_message="hello",
)
"""A run of Ann's."""


def wipe(parts: Parts) -> None:
    for name in parts.database.list_collection_names():
        parts.database[name].delete_many({})


def routes(app: Any) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            yield from ((method, str(route.path)) for method in sorted(route.original_route.methods))


def body_of(app: Any, method: str, path: str) -> dict[str, Any] | None:
    """The example of the route's body that its documentation gives."""
    document = app.openapi()
    operation = document["paths"].get(path, {}).get(method.lower(), {})
    if "requestBody" not in operation:
        return None
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    references = [each["$ref"] for each in (schema, *schema.get("anyOf", ())) if "$ref" in each]
    model = document["components"]["schemas"][references[0].rsplit("/", 1)[1]]
    examples = model.get("examples", [{}])
    return dict(examples[0])


VALUES = {
    "app_id": "acme",
    "user_id": "ann",
    "workflow_name": "HelloWorld",
    "journey_id": "j1",
    "journey_run_id": CHAT,
    "name": "key",
}


def test_every_route_names_its_app_or_is_known_not_to(api: TestClient) -> None:
    found = {path for _, path in routes(api.app)}
    assert {path for path in found if "{app_id}" not in path} <= OF_NO_APP
    assert len(found) > 20


@pytest.mark.parametrize("stranger", STRANGERS)
def test_no_route_tells_a_stranger_of_anybodys_things(
    parts: Parts, api: TestClient, token: Token, start: Make, stranger: str
) -> None:
    app, user = STRANGERS[stranger]
    walked = 0
    for method, path in routes(create_app(parts)):
        # There an administrator of the app is no stranger.
        scopes = ("chat", "trace") if app == "acme" and path in OF_ADMINISTRATORS else ("chat", "trace", "admin")
        headers = {"authorization": f"Bearer {token(app, user, *scopes)}"}
        if "{app_id}" not in path or (app == "acme" and path in OF_ALL_USERS):
            continue
        # In their own name a stranger may begin things; what is there already they may ask for under any name.
        themselves = {"app_id": app, "user_id": user}
        names = [{"app_id": "acme", "user_id": "ann"}, {"app_id": "acme", "user_id": user}]
        existing = "{chat_id}" in path or "{journey_run_id}" in path
        names += [themselves] if existing or method == "GET" else []
        for claimed in names:
            if claimed == themselves and method != "GET" and not existing:
                continue
            chat_id = start()
            parts.journeys.journeys.create(JOURNEY)
            MongoSecrets(parts.database).put(ANN.tenant, SealedSecret("key", b"ciphertext"), now())
            url = path.format(**{**VALUES, **claimed, "chat_id": chat_id})
            body = body_of(api.app, method, path)
            request: dict[str, Any] = {"params": {"user_id": claimed["user_id"]}, "headers": headers}
            if body is not None:
                request["json"] = {**body, "user_id": claimed["user_id"]}
            before = everything(parts)
            there = api.request(method, url, **request)
            assert everything(parts) == before, f"{method} {path} wrote something"
            wipe(parts)
            missing = api.request(method, url, **request)
            wipe(parts)
            answers = [(each.status_code, dict(each.headers), each.text) for each in (there, missing)]
            assert answers[0] == answers[1], f"{method} {path}"
            assert there.status_code in (200, 404, 501), f"{method} {path}: {there.text}"
            assert '"hello"' not in there.text, "what Ann said"
            walked += 1
    assert walked > 30


def test_the_owner_gets_something_from_the_same_requests(api: TestClient, token: Token, start: Make) -> None:
    chat_id = start()
    headers = {"authorization": f"Bearer {token()}"}
    base = "/api/chats"
    assert api.get(f"{base}/acme/HelloWorld", headers=headers).json()["chats"]
    assert api.get(f"{base}/exists/acme/HelloWorld/{chat_id}", headers=headers).json()["exists"] is True
    assert "hello" in api.get(f"{base}/acme/HelloWorld/{chat_id}/events", headers=headers).text


# -- sockets ---------------------------------------------------------------------------------------------------------

FRAMES: dict[str, dict[str, Any]] = {
    "client.hello": {"last_seq": 0},
    "client.resume": {"last_seq": 0},
    "user.input.submit": {"text": "x", "client_message_id": "m-1"},
    "ui_tool_response": {"eventId": CHAT, "response": {"a": 1}},
    "chat.approval": {"eventId": CHAT, "approved": True},
    "chat.cancel": {},
    "chat.start_workflow": {"workflow_name": "HelloWorld"},
    "chat.start_workflow_batch": {"runs": [{"workflow_name": "HelloWorld"}]},
    "chat.component_action": {"component_id": "c", "action_type": "a", "set": {"x": 1}},
    "ping": {},
}


def test_every_frame_is_walked() -> None:
    assert set(commands._TYPES) <= set(FRAMES)


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("type_", FRAMES)
def test_no_frame_reaches_anothers_chat(
    parts: Parts,
    invoke: Invoke,
    opening: Make,
    frame: Make,
    token: Token,
    start: Make,
    aws: Aws,
    stranger: str,
    type_: str,
) -> None:
    principal = Principal(*STRANGERS[stranger])
    own, theirs = start(principal), start()
    event = opening(own, *STRANGERS[stranger], Authorization=f"Bearer {token(*STRANGERS[stranger])}")
    assert invoke("connect", event) == {"statusCode": 200}
    before = everything(parts)
    answers = []
    for chat_id in (theirs, CHAT):
        invoke("message", frame(type=type_, chat_id=chat_id, **FRAMES[type_]))
        (answer,) = aws.frames.pop("BFHPhfCWIAMCKlQ=")
        answers.append((answer["chat_id"], answer["type"], answer["data"]["code"]))
        assert answer["data"]["message"].count(chat_id) == answer["data"]["message"].count("there is no chat")
    assert everything(parts) == before
    assert answers[0] == answers[1]
    assert answers[0][2] == "CHAT_NOT_FOUND"


# -- the store -------------------------------------------------------------------------------------------------------

WITHOUT_TENANT = {
    "MongoChats.create": "the chat that is stored says whose it is",
    "MongoChats.lost_starts": "reconcile looks for what is broken, whosever it is",
    "MongoFigures.apps": "names apps on a developer's machine, where no token does",
    "MongoUnfinished": "reconcile looks for what is broken, whosever it is",
    "MongoJourneys.create": "the run that is stored says whose it is",
    "MongoUnfinishedJourneys": "reconcile looks for what is broken, whosever it is",
    "MongoErasures.unfinished": "reconcile goes on with what was interrupted, whosever it is",
    "MongoErasures.sweep": "reconcile looks for what late workers left, whosever it is",
    "MongoErasures.finish": "the erasure says whose it is",
    "MongoErasures.delete_chat": "the erasure says whose it is",
    "MongoErasures.delete_user": "the erasure says whose it is",
    "MongoReports": "reconcile tells of runs that are over, whosever they are",
    "PoolWatch": "hears of the driver's connections, which are no tenant's",
    "MongoStats": "counts runs that are over, whosever they are, and says so of each",
    "MongoConnections.add": "the connection that is stored says whose it is",
    "MongoConnections.get": "the id is API Gateway's, which vouches for it on every frame",
    "MongoConnections.remove": "the id is API Gateway's, which vouches for it on every frame",
    "MongoConnections.delete_expired": "what is over belongs to nobody",
}
OF_THE_APP = {
    "MongoSpending.of_app": "the whole app's: budgets, and figures for its administrators",
    "MongoSpending.of_day": "the whole app's: budgets",
    "MongoHistories.read": "the engine's own: it works for the app, and no use case of a client reaches it",
    "MongoToolResults.keep": "the engine's own, and it writes in the name of the tenant it is given",
    "MongoToolResults.read": "the engine's own",
    "MongoDrafts.write": "writes in the name of the tenant it is given",
    "MongoErasures.begin": "notes what is asked for in the name of the tenant it is given",
    "MongoSecrets.put": "writes in the name of the tenant it is given",
    "MongoThemes.write": "writes in the name of the tenant it is given",
}


def store_functions() -> Iterator[tuple[str, Any]]:
    """Name and function of each public method of the store's classes."""
    for module in pkgutil.iter_modules(store.__path__):
        loaded = importlib.import_module(f"mozaiks.store.{module.name}")
        for name, class_ in inspect.getmembers(loaded, inspect.isclass):
            if class_.__module__ != loaded.__name__:
                continue
            for method, function in inspect.getmembers(class_, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function


def takes_tenant(function: Any) -> bool:
    return list(inspect.signature(function).parameters)[1:2] == ["tenant"]


@pytest.mark.parametrize(("name", "function"), list(store_functions()))
def test_a_store_function_cannot_be_called_without_a_tenant(name: str, function: Any) -> None:
    if name in WITHOUT_TENANT or name.split(".", maxsplit=1)[0] in WITHOUT_TENANT:
        return
    if name == "OffloadedStore.create":
        return
    parameter = list(inspect.signature(function).parameters.values())[1]
    assert (parameter.name, parameter.default) == ("tenant", inspect.Parameter.empty)
    assert get_type_hints(function, vars(inspect.getmodule(function)))["tenant"] is Tenant


def never(_chat: Any) -> Any:
    raise AssertionError("another's chat was reached")


def arguments(chat_id: str) -> dict[str, Any]:
    return {
        "chat_id": chat_id,
        "decide": never,
        "seq": 0,
        "limit": 10,
        "run_no": 1,
        "lease": Lease("t", now()),
        "join": Join("journey", "run1", "token"),
        "now": now(),
        "at": now(),
        "workflow_name": "HelloWorld",
        "client_request_id": "r-1",
        "before": None,
        "after": "",
        "status": None,
        "agent": "GreeterAgent",
        "message_id": "m",
        "content": "text",
        "call_id": "call",
        "call_ids": ["call"],
        "tool_name": "tool",
        "result": {},
        "name": "key",
        "sealed": SealedSecret("key", b"another"),
        "kind": "tool_result",
        "parents": [chat_id],
        "collection": "orders",
        "query": {},
        "fields": (),
        "types": ["chat.text"],
        "since": now() - timedelta(days=1),
        "position": None,
        "chat_ids": [chat_id],
        "theme": StoredTheme(1, {"name": "Acme"}, now()),
        "connection_id": "BFHPhfCWIAMCKlQ=",
        "next_chat_id": CHAT,
        "next_chat_ids": [CHAT],
        "journey_run_id": CHAT,
        "journey_id": "build",
        "place": 0,
        "member": replace(JOURNEY.members[0], status=MemberStatus.FAILED),
        "workflow_names": ["HelloWorld"],
        "day": now().date().isoformat(),
    }


def instance(parts: Parts, name: str) -> Any:
    loaded = next(
        value
        for module in pkgutil.iter_modules(store.__path__)
        for key, value in vars(importlib.import_module(f"mozaiks.store.{module.name}")).items()
        if key == name
    )
    given = {"database": parts.database, "clock": now}
    return loaded(**{each: given[each] for each in inspect.signature(loaded).parameters})


ASKED = [name for name, function in store_functions() if takes_tenant(function) and not name.startswith("Offloaded")]


@pytest.mark.parametrize("tenant", [Tenant("acme", "bob"), Tenant("other", "ann"), Tenant("other")], ids=str)
@pytest.mark.parametrize("name", ASKED)
def test_a_store_function_finds_nothing_of_anothers(parts: Parts, start: Make, name: str, tenant: Tenant) -> None:
    chat_id = start()
    parts.journeys.journeys.create(JOURNEY)
    parts.drafts.write(ANN.tenant, chat_id, "m", "GreeterAgent", "so far", now())
    MongoSecrets(parts.database).put(ANN.tenant, SealedSecret("key", b"ciphertext"), now())
    MongoToolResults(parts.database).keep(ANN.tenant, chat_id, "call", "tool", {}, now())
    parts.database["orders"].insert_one({"app_id": "acme", "user_id": "ann", "n": 1})
    class_name, method = name.split(".")
    call = getattr(instance(parts, class_name), method)
    wanted = [each for each in inspect.signature(call).parameters if each != "tenant"]
    known = arguments(chat_id)
    given = {
        each: known[each]
        for each in wanted
        if each in known or inspect.signature(call).parameters[each].default is inspect.Parameter.empty
    }

    def ask() -> Any:
        try:
            return call(tenant, **given)
        except MozaiksError as error:
            return error.code, error.message
        except ValueError as error:
            # What belongs to one user cannot be asked for in the name of a whole app.
            return "ValueError", str(error)

    before = everything(parts)
    there = ask()
    after = everything(parts)
    ours = {
        collection: [each for each in documents if each in after.get(collection, [])]
        for collection, documents in before.items()
    }
    assert ours == before, "what is Ann's is as it was"
    if name in OF_THE_APP:
        return
    assert after == before, "nothing is written"
    wipe(parts)
    assert there == ask(), "as of a missing one"
