"""What can go wrong with the database of a development machine, one code per cause."""

from __future__ import annotations

from typing import Literal

__all__ = ["MongodCode", "MongodError"]

MongodCode = Literal[
    "AUTH_FAILED",
    "BAD_URI",
    "BINARY_MISSING",
    "BINARY_UNUSABLE",
    "CPU_UNSUPPORTED",
    "DATA_DIR_UNUSABLE",
    "DATA_VERSION",
    "IN_USE",
    "MISSING_LIBRARY",
    "NO_SESSIONS",
    "NO_SPACE",
    "NOT_MAIN_THREAD",
    "PORT_TAKEN",
    "STANDALONE",
    "START_FAILED",
    "START_TIMEOUT",
    "TOO_OLD",
    "UNREACHABLE",
]


class MongodError(Exception):
    """The database cannot be used, and one sentence on what to do about it.

    Parameters
    ----------
    code
        Stable name of the cause.
    message
        What was found, where, and what to do. Holds no credential.
    """

    def __init__(self, code: MongodCode, message: str) -> None:
        super().__init__(message)
        self.code: MongodCode = code
        self.message = message
