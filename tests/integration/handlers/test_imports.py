"""What a handler does not use, it does not load: that is most of a cold start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

LOADED = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert callable(module.handler)
print(json.dumps(sorted(sys.modules)))
"""


@cache
def modules_of(function: str) -> frozenset[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(ROOT / "functions" / function / "app.py")],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "layers" / "runtime"),
            "MONGODB_URI": "mongodb://127.0.0.1:1/?directConnection=true",
            "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
            "STAGE": "local",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def loaded_by(function: str) -> set[str]:
    return {name.partition(".")[0] for name in modules_of(function)}


def own_packages(function: str) -> set[str]:
    """Packages and top modules of the runtime that the function loads."""
    return {name.split(".")[1] for name in modules_of(function) if name.startswith("mozaiks.")}


@pytest.mark.parametrize("function", ["connect", "message", "reconcile"])
def test_a_connection_function_loads_neither_engine_nor_web_framework(function: str) -> None:
    heavy = {"ag2", "openai", "httpx", "fastapi", "starlette", "mangum", "boto3", "yaml", "jsonschema"}
    assert not loaded_by(function) & heavy


AT_THE_SOCKET = {
    "access", "bootstrap", "chats", "emf", "errors", "flow", "logs", "metrics", "push", "settings", "store", "usage",
}  # fmt: skip


def test_opening_a_socket_loads_the_least() -> None:
    assert own_packages("connect") == AT_THE_SOCKET
    assert not modules_of("connect") & {
        "mozaiks.chats.service", "mozaiks.chats.commands", "mozaiks.push.socket", "mozaiks.push.sender",
    }  # fmt: skip


def test_a_frame_loads_neither_manifests_nor_children_nor_what_journeys_are_made_of() -> None:
    assert own_packages("message") == AT_THE_SOCKET | {"journeys"}
    assert {name for name in modules_of("message") if name.startswith("mozaiks.journeys.")} == {
        "mozaiks.journeys.standing"
    }


@pytest.mark.parametrize("function", ["connect", "message"])
def test_the_driver_does_not_load_cryptography_in_vain(function: str) -> None:
    assert "cryptography" not in loaded_by(function)


def test_the_api_loads_no_engine_and_no_aws_client() -> None:
    found = loaded_by("api")
    assert "fastapi" in found
    assert not found & {"ag2", "openai", "httpx", "boto3"}


def test_the_engine_loads_no_web_framework() -> None:
    found = loaded_by("orchestrate")
    assert "ag2" in found
    assert not found & {"fastapi", "starlette", "mangum"}
