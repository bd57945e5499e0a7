"""Deployed functions have the ARNs of their secrets in the environment, never the secrets."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from moto import mock_aws

from mozaiks.errors import MozaiksError
from mozaiks.settings import settings

VARIABLES = (
    "MONGODB_URI", "MONGO_URI", "DATABASE_URI", "JWT_SECRET", "OPENAI_API_KEY", "PLATFORM_API_KEY",
    "REALTIME_GATEWAY_SHARED_SECRET", "USAGE_WEBHOOK_SECRET", "OTEL_EXPORTER_OTLP_HEADERS",
)  # fmt: skip
ARNS = (
    "MONGODB_URI_SECRET_ARN", "JWT_SECRET_ARN", "OPENAI_API_KEY_SECRET_ARN", "PLATFORM_API_KEY_SECRET_ARN",
    "REALTIME_GATEWAY_SHARED_SECRET_ARN", "USAGE_WEBHOOK_SECRET_ARN",
)  # fmt: skip
HEADERS_ARN = "OTEL_EXPORTER_OTLP_HEADERS_SECRET_ARN"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in (*VARIABLES, *ARNS, HEADERS_ARN, "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    parameters.clear_caches()
    settings.cache_clear()
    with mock_aws():
        parameters.base.DEFAULT_PROVIDERS.clear()
        yield boto3.client("secretsmanager")
    parameters.base.DEFAULT_PROVIDERS.clear()
    parameters.clear_caches()
    settings.cache_clear()


def test_secrets_come_from_the_arns(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ARNS:
        arn = secrets.create_secret(Name=variable, SecretString=f"what {variable} holds, well over 32 bytes\n")["ARN"]
        monkeypatch.setenv(variable, arn)
    made = settings()
    found = (
        made.mongodb_uri, made.jwt_secret, made.openai_api_key, made.platform_api_key,
        made.realtime_gateway_shared_secret, made.usage_webhook_secret,
    )  # fmt: skip
    assert [each.get_secret_value() if each else None for each in found] == [
        f"what {variable} holds, well over 32 bytes" for variable in ARNS
    ]
    assert "what" not in repr(made)


def test_headers_of_spans_come_from_their_arn(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "authorization=Basic%20aHVzaA==, x-set=chats"
    monkeypatch.setenv(HEADERS_ARN, secrets.create_secret(Name="headers", SecretString=text)["ARN"])
    monkeypatch.setenv("MONGODB_URI", "mongodb://mine/")
    made = settings()
    assert made.otel_headers == (("authorization", "Basic aHVzaA=="), ("x-set", "chats"))
    assert "aHVz" not in repr(made)


@pytest.mark.parametrize("text", ["hush", "=hush", "x-key=", "x key=hush", "x-key=hush%0d%0ax-other:%20y"])
def test_headers_that_are_none_are_refused_and_not_repeated(
    secrets: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", text)
    monkeypatch.setenv("MONGODB_URI", "mongodb://mine/")
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_HEADERS holds something that is no name=value") as caught:
        settings()
    assert "hush" not in str(caught.value)


def test_spans_go_to_an_address_of_the_web(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")
    monkeypatch.setenv("MONGODB_URI", "mongodb://mine/")
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_ENDPOINT is no http:// or https:// address"):
        settings()


def test_a_value_in_the_environment_wins_and_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, secrets: Any) -> None:
    monkeypatch.setenv("MONGODB_URI_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:1:secret:there-is-none")
    monkeypatch.setenv("MONGO_URI", "mongodb://mine/")
    uri = settings().mongodb_uri
    assert uri is not None
    assert uri.get_secret_value() == "mongodb://mine/"


def test_a_secret_that_cannot_be_read_is_named_by_its_variable_and_cause(
    secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_ARN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:there-is-none")
    with pytest.raises(MozaiksError, match=r"JWT_SECRET_ARN names cannot be read: ResourceNotFoundException") as caught:
        settings()
    assert caught.value.code == "CONFIGURATION"


def test_an_empty_secret_is_refused(secrets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = secrets.create_secret(Name="blank", SecretString=" ")["ARN"]
    monkeypatch.setenv("MONGODB_URI_SECRET_ARN", arn)
    with pytest.raises(MozaiksError, match="MONGODB_URI_SECRET_ARN names holds no text"):
        settings()


def test_the_built_layer_can_read_secrets(built: Path, bare_python: Path) -> None:
    code = """
from mozaiks.errors import MozaiksError
from mozaiks.settings import settings
try:
    settings()
except MozaiksError as error:
    print(error.message)
"""
    done = subprocess.run(
        [bare_python, "-P", "-c", code],
        env={
            "PYTHONPATH": str(built / "layers" / "runtime" / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MONGODB_URI_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:any",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_MAX_ATTEMPTS": "1",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == (
        "the secret that MONGODB_URI_SECRET_ARN names cannot be read: EndpointConnectionError"
    ), done.stderr
