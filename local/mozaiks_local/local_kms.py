"""Plays the part of KMS that the runtime uses, with a key in a file: what it encrypted can be read after a restart.

A stand-in that keeps its keys in memory alone would make every stored secret unreadable at the next start. The
encryption context is authenticated with the text, as AWS does it: under another context nothing is decrypted.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["KmsRefusal", "LocalKms", "key_of_file"]

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_MAX_PLAINTEXT: Final = 4096
_FORMAT: Final = b"\x01"


class KmsRefusal(Exception):
    """An error that KMS would answer, with its name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def key_of_file(path: Path) -> bytes:
    """The key in ``path``; made there, readable by its owner alone, the first time.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link is made once, and with the whole key in it: of two starts at the same time one wins.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise ValueError(f"{path} has {len(key)} bytes; expected the {_KEY_BYTES} of a key")
    return key


class LocalKms:
    """``Encrypt``, ``Decrypt`` and ``GenerateDataKey``, in AWS's shapes, under any key id."""

    def __init__(self, key: bytes) -> None:
        # The process that plays AWS is started often and asked for this rarely.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._cipher = AESGCM(key)

    @property
    def actions(self) -> Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]:
        """What is played, by the name in ``X-Amz-Target``."""
        return {
            "TrentService.Encrypt": self.encrypt,
            "TrentService.Decrypt": self.decrypt,
            "TrentService.GenerateDataKey": self.generate_data_key,
        }

    def encrypt(self, request: dict[str, Any]) -> dict[str, Any]:
        plaintext = _bytes(request, "Plaintext")
        if not 1 <= len(plaintext) <= _MAX_PLAINTEXT:
            raise KmsRefusal("ValidationException", f"Plaintext has {len(plaintext)} bytes; expected 1 to 4096")
        key_id = _key_id(request)
        return {
            "CiphertextBlob": base64.b64encode(self._seal(key_id, plaintext, request)).decode(),
            "KeyId": key_id,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }

    def decrypt(self, request: dict[str, Any]) -> dict[str, Any]:
        blob = _bytes(request, "CiphertextBlob")
        size = int.from_bytes(blob[1:3], "big")
        named, nonce, sealed = blob[3 : 3 + size], blob[3 + size : 3 + size + _NONCE_BYTES], blob[15 + size :]
        key_id = named.decode("utf-8", "replace")
        if request.get("KeyId", key_id) != key_id:
            raise KmsRefusal("IncorrectKeyException", "the ciphertext was made with another key")
        from cryptography.exceptions import InvalidTag

        try:
            if blob[:1] != _FORMAT:
                raise KmsRefusal("InvalidCiphertextException", "")
            plaintext = self._cipher.decrypt(nonce, sealed, _authenticated(key_id, request))
        except (InvalidTag, ValueError):
            raise KmsRefusal("InvalidCiphertextException", "") from None
        return {
            "Plaintext": base64.b64encode(plaintext).decode(),
            "KeyId": key_id,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }

    def generate_data_key(self, request: dict[str, Any]) -> dict[str, Any]:
        sizes = {"AES_256": 32, "AES_128": 16}
        size = request.get("NumberOfBytes") or sizes.get(str(request.get("KeySpec")))
        if not isinstance(size, int) or not 1 <= size <= 1024:
            raise KmsRefusal("ValidationException", "expected a KeySpec, or a NumberOfBytes from 1 to 1024")
        key_id, plaintext = _key_id(request), secrets.token_bytes(size)
        return {
            "CiphertextBlob": base64.b64encode(self._seal(key_id, plaintext, request)).decode(),
            "Plaintext": base64.b64encode(plaintext).decode(),
            "KeyId": key_id,
        }

    def _seal(self, key_id: str, plaintext: bytes, request: Mapping[str, Any]) -> bytes:
        nonce, named = secrets.token_bytes(_NONCE_BYTES), key_id.encode()
        sealed = self._cipher.encrypt(nonce, plaintext, _authenticated(key_id, request))
        return _FORMAT + len(named).to_bytes(2, "big") + named + nonce + sealed


def _authenticated(key_id: str, request: Mapping[str, Any]) -> bytes:
    """Key and encryption context as bytes, each pair told apart from every other."""
    context = request.get("EncryptionContext") or {}
    return json.dumps([key_id, sorted((str(k), str(v)) for k, v in context.items())]).encode()


def _key_id(request: Mapping[str, Any]) -> str:
    key_id = request.get("KeyId")
    if not isinstance(key_id, str) or not 1 <= len(key_id.encode()) <= 2048:
        raise KmsRefusal("ValidationException", "expected a KeyId")
    return key_id


def _bytes(request: Mapping[str, Any], field: str) -> bytes:
    try:
        return base64.b64decode(request[field], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise KmsRefusal("ValidationException", f"{field} is no base64") from None
