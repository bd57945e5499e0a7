"""Secrets on the real database, under moto's KMS and under the local stack's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pymongo.database import Database

from mozaiks.access.kms import KmsCipher
from mozaiks.access.principal import Principal
from mozaiks.access.secrets import Secrets
from mozaiks.bootstrap import now
from mozaiks.settings import Settings
from mozaiks.store.client import connect
from mozaiks.store.indexes import ensure_indexes
from mozaiks.store.secrets import MongoSecrets
from session_mongod import DatabaseServer

ANN = Principal("acme", "ann")
CANARY = "sk-canary-7f3a9d-öß$&"


@pytest.fixture
def database(mongod: DatabaseServer, database_name: str) -> Database[dict[str, Any]]:
    made = connect(Settings(mongodb_uri=mongod.uri, mongodb_db_name=database_name))  # type: ignore[arg-type]
    ensure_indexes(made)
    return made


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield boto3.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def secrets(database: Database[dict[str, Any]], key: str) -> Secrets:
    return Secrets(MongoSecrets(database), KmsCipher(key), now)
