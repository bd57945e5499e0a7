"""What can go wrong between a client and the backend. No message holds a token or a query string."""

from __future__ import annotations

__all__ = ["ApiError", "ChatClientError", "ChatClosedError", "ConnectRefusedError"]


class ChatClientError(Exception):
    """Base of this package's errors."""


class ChatClosedError(ChatClientError):
    """The client was closed, so nothing can be sent or read any more."""


class ConnectRefusedError(ChatClientError):
    """The socket could not be opened, or was closed for good.

    ``status`` is the HTTP status of the refused handshake, or the close code, or ``None`` where nobody answered.
    ``final`` says that trying again would get the same answer.
    """

    def __init__(self, message: str, status: int | None = None, *, final: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.final = final


class ApiError(ChatClientError):
    """The HTTP API answered with a problem, or not at all (``status`` 0)."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
