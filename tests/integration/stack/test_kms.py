"""Secrets outlive the local stack: another start of it reads what an earlier one encrypted."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from mozaiks_local.stack import LocalStack, StackConfig

from .conftest import CREDENTIALS, TEMPLATE

CONTEXT = {"app_id": "acme", "user_id": "ann", "name": "crm"}


def test_what_one_stack_encrypted_the_next_one_decrypts(tmp_path: Path, cache_dir: Path) -> None:
    config = StackConfig(
        template=TEMPLATE, data_dir=tmp_path, port=0, prewarm=False, schedule=False, cache_dir=cache_dir
    )
    with LocalStack(config) as first:
        kms = boto3.client("kms", endpoint_url=first.sfn_endpoint, **CREDENTIALS)
        sealed = kms.encrypt(KeyId="SecretsKey", Plaintext=b"hush", EncryptionContext=CONTEXT)["CiphertextBlob"]
    with LocalStack(config) as second:
        kms = boto3.client("kms", endpoint_url=second.sfn_endpoint, **CREDENTIALS)
        opened = kms.decrypt(KeyId="SecretsKey", CiphertextBlob=sealed, EncryptionContext=CONTEXT)
        assert opened["Plaintext"] == b"hush"
        with pytest.raises(ClientError) as caught:
            kms.decrypt(CiphertextBlob=sealed, EncryptionContext={**CONTEXT, "user_id": "bob"})
    assert caught.value.response["Error"]["Code"] == "InvalidCiphertextException"
