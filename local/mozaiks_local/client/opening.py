"""Opening one socket, and what a failure to do so means."""

from __future__ import annotations

import json
import logging
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from mozaiks_local.client.address import is_loopback, shown
from mozaiks_local.client.errors import ConnectRefusedError

__all__ = ["open_socket"]

_LOG: Final = logging.getLogger("mozaiks_local.client.socket")
_LOG.setLevel(logging.INFO)  # at DEBUG the socket library writes addresses and headers, which may hold a token

_MAX_MESSAGE: Final = 1024 * 1024
_FINAL: Final = frozenset({400, 401, 403, 404, 410})


async def open_socket(url: str, *, token: str | None, open_timeout: float) -> ClientConnection:
    """An open socket at ``url``.

    Raises
    ------
    ConnectRefusedError
        With ``final`` set where trying again would get the same answer.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else None
    where = shown(url)
    try:
        return await connect(
            url,
            additional_headers=headers,
            compression=None,
            open_timeout=open_timeout,
            close_timeout=1,
            max_size=_MAX_MESSAGE,
            logger=_LOG,
            proxy=None if is_loopback(url) else True,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        message = f"{where} refused the socket with HTTP {status}{_reason(error.response.body)}"
        raise ConnectRefusedError(message, status, final=status in _FINAL) from error
    except InvalidHandshake as error:
        raise ConnectRefusedError(f"{where} does not speak WebSocket: {error}") from error
    except TimeoutError as error:
        raise ConnectRefusedError(f"{where} did not answer within {open_timeout:g} s") from error
    except OSError as error:
        raise ConnectRefusedError(f"cannot reach {where}: {error.strerror or error}") from error


def _reason(body: bytes | bytearray | None) -> str:
    try:
        answer = json.loads(body or b"")
    except ValueError:
        return ""
    message = (answer.get("detail") or answer.get("message")) if isinstance(answer, dict) else None
    return f": {message}" if isinstance(message, str) else ""
