"""The service that is told of usage, over HTTP. Its address comes from the configuration and from nowhere else."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

__all__ = ["Webhook"]

_READ: Final = 4096
"""Of an answer nothing counts but its status."""


class Webhook:
    """Posts to one address. A redirect is an answer like any other that is no success: it is not followed."""

    def __init__(self, url: str, timeout_seconds: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError("the address of the usage webhook names no host")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        self._timeout = timeout_seconds

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer.

        Raises
        ------
        OSError
            If there is none.
        """
        from http.client import HTTPConnection, HTTPException, HTTPSConnection

        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            answer.read(_READ)
        except HTTPException as error:
            raise OSError(f"no HTTP is spoken there: {type(error).__name__}") from error
        finally:
            connection.close()
        return answer.status
