"""Tools get their user's secrets; what they say of them is masked before anybody hears it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mozaiks.access.principal import Principal

Bench = Any
OneAgent = Callable[..., str]

CANARY = 'sk-"canary"-7f3a/9d+ö'
CALL = {"after": "user", "call": {"tool": "use", "arguments": {"what": "contacts"}}}
TOLD = {"after": "tool", "say": "It said {tool}."}
TOOLS = "tools:\n  - {name: use, file: tools/code.py, function: use, agent: Host, description: Uses a service.}\n"


@pytest.fixture(autouse=True)
def _kms(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        bench.configure(secrets_key_id=boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
        yield


def everywhere(bench: Bench) -> str:
    """Everything that is stored, and everything a model was asked."""
    stored = [str(list(bench.parts.database[name].find())) for name in bench.parts.database.list_collection_names()]
    return "\n".join([*stored, *(str(request.body) for request in bench.demo.requests)])


def used(bench: Bench, one_agent: OneAgent, code: str) -> str:
    """What the model was told of a call of a tool with this code."""
    bench.parts.secrets.put(bench.ann, "crm", CANARY)
    chat_id = one_agent(CALL, {"after": "tool", "say": "Done."}, tools=TOOLS, code=code)
    assert bench.run(chat_id)["outcome"] == "waiting"
    (told,) = [message["content"] for message in bench.told("Host") if message["role"] == "tool"]
    return str(told)


def test_a_tool_has_the_secret_of_its_user(bench: Bench, one_agent: OneAgent) -> None:
    bench.parts.secrets.put(Principal("acme", "bob"), "crm", "bob's own key")
    code = """
async def use(what: str, secrets) -> dict:
    return {"length": len(await secrets.get("crm"))}
"""
    assert used(bench, one_agent, code) == f'{{"length": {len(CANARY)}}}'


def test_a_plain_function_has_it_too(bench: Bench, one_agent: OneAgent) -> None:
    code = """
def use(what: str, secrets) -> dict:
    return {"length": len(secrets.get_now("crm"))}
"""
    assert used(bench, one_agent, code) == f'{{"length": {len(CANARY)}}}'


def test_the_model_is_not_shown_the_parameter(bench: Bench, one_agent: OneAgent) -> None:
    used(bench, one_agent, "async def use(what: str, secrets) -> str:\n    return 'x'\n")
    (tool,) = bench.demo.requests[-1].body["tools"]
    assert list(tool["function"]["parameters"]["properties"]) == ["what"]


@pytest.mark.parametrize("name", ["other", "$ne", "../crm"])
def test_a_secret_that_is_not_there_is_told_by_its_name(bench: Bench, one_agent: OneAgent, name: str) -> None:
    code = f"async def use(what: str, secrets) -> str:\n    return await secrets.get({name!r})\n"
    told = used(bench, one_agent, code)
    assert told.startswith("Error: SecretNotFound: ")
    assert repr(name) in told


LEAKS = {
    "its result": "return key",
    "within its result": "return {'headers': ['Bearer ' + key], key: 1}",
    "its result as JSON": "import json; return json.dumps({'key': key})",
    "its result in base64": "import base64; return base64.b64encode(key.encode()).decode()",
    "its result in an address": "from urllib.parse import quote; return 'https://crm/?key=' + quote(key, safe='')",
    "an exception": "raise RuntimeError('401 for ' + key)",
    "an exception that is cut off in its middle": "raise RuntimeError('x' * 270 + key)",
    "an exception's cause": "raise RuntimeError('no') from ValueError(key)",
    "a variable": "context_variables['seen'] = key; return 'ok'",
    "its progress": "await progress(50, 'x' * 490 + key); return 'ok'",
    "its question": "from mozaiks.authoring import ask_user; return ask_user('Is it ' + key + '?', default=key)",
    "a handover": "from mozaiks.authoring import handoff; return handoff('user', reason=key, result=key)",
    "a log line": "import logging; logging.getLogger('mozaiks.x').warning('key %s', key); return 'ok'",
}


@pytest.mark.parametrize("way", LEAKS)
def test_a_secret_that_a_tool_lets_slip_is_masked_in(
    bench: Bench, one_agent: OneAgent, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    import logging

    from mozaiks.engine import secret_output

    monkeypatch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    monkeypatch.setattr("sys.stdout", __import__("sys").stdout)
    monkeypatch.setattr("sys.stderr", __import__("sys").stderr)
    secret_output.mask_output()
    shown: list[str] = []
    sender_of = bench.slices.open_sender

    def watched(chat: Any) -> Any:
        made = sender_of(chat)
        enter = made.__aenter__

        class Watched:
            async def __aenter__(self) -> Any:
                sender = await enter()
                show = sender.show
                sender.show = lambda agent, frame: (shown.append(str(frame)), show(agent, frame))
                return sender

            async def __aexit__(self, *of: Any) -> Any:
                return await made.__aexit__(*of)

        return Watched()

    object.__setattr__(bench.slices, "open_sender", watched)
    code = f"""
async def use(what: str, secrets, context_variables, progress) -> object:
    key = await secrets.get("crm")
    {LEAKS[way]}
"""
    bench.parts.secrets.put(bench.ann, "crm", CANARY)
    context = "variables: {seen: {type: str, default: '', source: {type: state}}}\n"
    chat_id = one_agent(CALL, {"after": "tool", "say": "Done."}, tools=TOOLS, code=code, context=context)
    assert bench.run(chat_id)["outcome"] in ("waiting", "completed")
    said = "\n".join([everywhere(bench), caplog.text, *shown])
    for piece in (CANARY, CANARY[:12], "canary", "c2stImNhbmFyeS"):
        assert piece not in said, way
    assert "[secret]" in said, way
