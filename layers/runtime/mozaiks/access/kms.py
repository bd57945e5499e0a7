"""Encrypts and decrypts with AWS KMS. The key never leaves it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from mozaiks.errors import MozaiksError

__all__ = ["KmsCipher"]

log = logging.getLogger("mozaiks.access")

_FOREIGN: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
"""What KMS says of a ciphertext that was made under another context or key, or was changed."""


class KmsCipher:
    """One key of KMS.

    Every ciphertext is bound to an encryption context: KMS authenticates it with the text, and refuses to decrypt
    under any other. The client is made at the first call: importing it costs a tenth of a second, and most invocations
    touch no secret.

    Parameters
    ----------
    key_id
        Id, ARN or alias of a symmetric key. ``None``: every call is refused with ``CONFIGURATION``.
    """

    def __init__(self, key_id: str | None) -> None:
        self._key_id = key_id

    def encrypt(self, text: str, context: Mapping[str, str]) -> bytes:
        """The ciphertext of ``text``, of at most 4096 bytes, bound to ``context``.

        Raises
        ------
        MozaiksError
            ``SECRETS_UNAVAILABLE`` where KMS does not do it; ``CONFIGURATION`` without a key.
        """
        answer = self._call("encrypt", Plaintext=text.encode(), EncryptionContext=dict(context))
        return bytes(answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> str:
        """The text that ``ciphertext`` was made of, under the same context.

        Raises
        ------
        MozaiksError
            ``SECRET_UNREADABLE`` for a ciphertext of another context or key; ``SECRETS_UNAVAILABLE`` where KMS does
            not answer; ``CONFIGURATION`` without a key.
        """
        answer = self._call("decrypt", CiphertextBlob=ciphertext, EncryptionContext=dict(context))
        return bytes(answer["Plaintext"]).decode()

    @cached_property
    def _client(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "kms", config=Config(connect_timeout=2.0, read_timeout=5.0, retries={"total_max_attempts": 3})
        )

    def _call(self, operation: str, **parameters: Any) -> Any:
        if self._key_id is None:
            raise MozaiksError("CONFIGURATION", "SECRETS_KEY_ID is not set; expected a key of KMS for users' secrets")
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, operation)(KeyId=self._key_id, **parameters)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _FOREIGN:
                raise MozaiksError(
                    "SECRET_UNREADABLE",
                    "a secret cannot be decrypted: it was stored for another app, user, name or key",
                ) from None
            # The answer's text may repeat the request.
            log.warning("KMS refused to %s: %s", operation, code)
        except BotoCoreError as error:
            log.warning("KMS was not reached to %s: %s", operation, type(error).__name__)
        raise MozaiksError("SECRETS_UNAVAILABLE", "the store of secrets does not answer; try again shortly")
