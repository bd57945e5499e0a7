"""Whatever the OpenAPI document allows or forbids, the API answers as the document says."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pymongo
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws
from schemathesis import GenerationMode

from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.greeting import facts_of
from mozaiks.settings import Settings
from mozaiks.store.indexes import ensure_indexes
from mozaiks.web.app import create_app
from mozaiks.web.refusals import OWN
from mozaiks_local.cli.dev_token import make_token
from session_mongod import DatabaseServer

from .conftest import ROLE

ROOT = Path(__file__).parents[3]
ANN = Principal("acme", "ann")
bounded = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


class Side:
    """The API with or without tokens, and the ids of things that are there."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.app: FastAPI = create_app(parts)
        self.schema = schemathesis.openapi.from_asgi("/openapi.json", self.app)
        self._cases = 0

    @property
    def headers(self) -> dict[str, str]:
        if self.parts.tokens is None:
            return {}
        token = make_token(self.parts.config, "acme", "ann", ["chat", "trace", "admin"], timedelta(minutes=5))
        return {"Authorization": f"Bearer {token}"}

    def aim(self, case: Any) -> None:
        """Make two of three valid requests ask for what is there, so that more than 404 is tried."""
        self._cases += 1
        if isinstance(case.query.get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.1)  # whoever asks may wait long; a test need not
        if case.meta.generation.mode is not GenerationMode.POSITIVE or self._cases % 3 == 0:
            return
        there = {"app_id": "acme", "user_id": "ann", "workflow_name": "HelloWorld", "journey_id": "build"}
        if "chat_id" in case.path_parameters:
            spec = self.parts.workflows.get("HelloWorld").spec
            there["chat_id"] = self.parts.service.start(ANN, facts_of(spec)).chat.chat_id
        case.path_parameters.update({name: there[name] for name in case.path_parameters if name in there})
        if isinstance(case.body, dict) and "user_id" in case.body:
            case.body["user_id"] = "ann"


@pytest.fixture(scope="module")
def make_side(mongod: DatabaseServer) -> Iterator[Callable[..., Side]]:
    patch = pytest.MonkeyPatch()
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        patch.setenv(f"AWS_{name}", "test")
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    made: list[Parts] = []

    def make(name: str, **other: Any) -> Side:
        parts = Parts(
            Settings.model_validate(
                {
                    "mongodb_uri": mongod.uri,
                    "mongodb_db_name": f"contract_{name}_{secrets.token_hex(4)}",
                    "mozaiks_workflows_path": ROOT / "workflows",
                    "websocket_public_url": "wss://chat.example.com/dev",
                    "run_state_machine_arn": state_machine("run"),
                    "journey_state_machine_arn": state_machine("journey"),
                    "secrets_key_id": boto3.client("kms").create_key()["KeyMetadata"]["Arn"],
                    **other,
                }
            )
        )
        ensure_indexes(parts.database)
        made.append(parts)
        return Side(parts)

    with mock_aws():
        yield make
    for parts in made:
        with pymongo.timeout(60):
            parts.database.client.drop_database(parts.database.name)
        parts.database.client.close()
    patch.undo()


def state_machine(name: str) -> str:
    """One whose executions are recorded and do nothing."""
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    made = boto3.client("stepfunctions").create_state_machine(
        name=f"{name}-{secrets.token_hex(4)}", definition=json.dumps(definition), roleArn=ROLE
    )
    return str(made["stateMachineArn"])


@pytest.fixture(scope="module")
def open_side(make_side: Callable[..., Side]) -> Side:
    return make_side("open")


@pytest.fixture(scope="module")
def guarded_side(make_side: Callable[..., Side]) -> Side:
    return make_side("guarded", auth_enabled=True, jwt_secret="0123456789" * 4, allowed_issuers="us")


def tried(side: Side, method: str, path: str) -> None:
    """Requests of one operation, those the document allows and those it forbids."""
    operation = side.schema[path][method]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @bounded
    @given(case=cases)
    def answers_as_described(case: Any) -> None:
        side.aim(case)
        case.call_and_validate(headers=side.headers)

    answers_as_described()


@pytest.mark.parametrize(("method", "path"), sorted(OWN))
def test_the_api_is_as_described_where_no_tokens_are_checked(open_side: Side, method: str, path: str) -> None:
    tried(open_side, method, path)


@pytest.mark.parametrize(("method", "path"), sorted(OWN))
def test_the_api_is_as_described_where_tokens_are_checked(guarded_side: Side, method: str, path: str) -> None:
    tried(guarded_side, method, path)
