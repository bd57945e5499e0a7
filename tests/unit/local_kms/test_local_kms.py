"""The local stack's KMS behaves as AWS's does where the runtime relies on it, and outlives a restart."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mozaiks_local.local_kms import KmsRefusal, LocalKms, key_of_file

CONTEXT = {"app_id": "acme", "user_id": "ann", "name": "crm"}
PLAINTEXT = base64.b64encode(b"hush").decode()


@pytest.fixture
def kms(tmp_path: Path) -> LocalKms:
    return LocalKms(key_of_file(tmp_path / "kms.key"))


def sealed(kms: LocalKms, **request: Any) -> str:
    asked = {"KeyId": "SecretsKey", "Plaintext": PLAINTEXT, "EncryptionContext": CONTEXT, **request}
    return str(kms.encrypt(asked)["CiphertextBlob"])


def test_what_was_encrypted_before_a_restart_is_read_after_it(tmp_path: Path) -> None:
    blob = sealed(LocalKms(key_of_file(tmp_path / "data" / "kms.key")))
    again = LocalKms(key_of_file(tmp_path / "data" / "kms.key"))
    assert again.decrypt({"CiphertextBlob": blob, "EncryptionContext": CONTEXT})["Plaintext"] == PLAINTEXT


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    key_of_file(tmp_path / "kms.key")
    assert stat.S_IMODE((tmp_path / "kms.key").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["kms.key"]


def test_starts_at_the_same_time_agree_on_the_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: key_of_file(tmp_path / "kms.key"), range(16)))
    assert len(set(keys)) == 1


def test_a_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kms.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="expected the 32 of a key"):
        key_of_file(tmp_path / "kms.key")


@pytest.mark.parametrize(
    "context",
    [
        {},
        {**CONTEXT, "app_id": "other"},
        {**CONTEXT, "user_id": "bob"},
        {**CONTEXT, "name": "other"},
        {**CONTEXT, "more": "x"},
        # The same letters, told apart differently.
        {"app_id": "acme", "user_id": "annname", "": "crm"},
    ],
)
def test_under_another_context_nothing_is_decrypted(kms: LocalKms, context: dict[str, str]) -> None:
    with pytest.raises(KmsRefusal) as caught:
        kms.decrypt({"CiphertextBlob": sealed(kms), "EncryptionContext": context})
    assert caught.value.kind == "InvalidCiphertextException"


def test_another_key_does_not_decrypt(kms: LocalKms) -> None:
    with pytest.raises(KmsRefusal) as caught:
        kms.decrypt({"CiphertextBlob": sealed(kms), "EncryptionContext": CONTEXT, "KeyId": "Another"})
    assert caught.value.kind == "IncorrectKeyException"


@pytest.mark.parametrize("blob", ["", "AA==", base64.b64encode(b"\x02" + b"x" * 60).decode(), "no base64"])
def test_what_is_no_ciphertext_is_refused_as_aws_does(kms: LocalKms, blob: str) -> None:
    with pytest.raises(KmsRefusal) as caught:
        kms.decrypt({"CiphertextBlob": blob, "EncryptionContext": CONTEXT})
    assert caught.value.kind in ("InvalidCiphertextException", "ValidationException")


@pytest.mark.parametrize("size", [0, 4097])
def test_a_text_of_another_size_is_refused(kms: LocalKms, size: int) -> None:
    with pytest.raises(KmsRefusal) as caught:
        sealed(kms, Plaintext=base64.b64encode(b"x" * size).decode())
    assert caught.value.kind == "ValidationException"


def test_a_data_key_is_read_again_by_its_ciphertext(kms: LocalKms) -> None:
    made = kms.generate_data_key({"KeyId": "SecretsKey", "KeySpec": "AES_256", "EncryptionContext": CONTEXT})
    read = kms.decrypt({"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": CONTEXT})
    assert len(base64.b64decode(made["Plaintext"])) == 32
    assert read["Plaintext"] == made["Plaintext"]
