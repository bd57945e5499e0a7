"""What an environment made from a snapshot (Lambda SnapStart) must not share with the others made from it.

A snapshot holds the whole process after its handler's module was imported. What was drawn at random by then is the same
in every environment. Sockets would be dead: none is opened before the first event, since every client connects on first
use, the one of MongoDB too (``store.client``).
"""

from __future__ import annotations

import os
import random
import secrets

from bson import ObjectId

__all__ = ["FROM_SNAPSHOT", "fresh_randomness", "renew_after_restore"]

FROM_SNAPSHOT = os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"
"""Whether this process is one that a snapshot is made of."""

_NO_PROCESS = -1


def fresh_randomness() -> None:
    """Have this environment make ids of its own from now on.

    ``uuid``, ``secrets`` and ``os.urandom`` ask the system each time and need nothing. The seeds of ``random`` and of
    MongoDB's ids were taken at import.
    """
    random.seed()
    # bson takes new random bytes when it finds itself in another process; a restored one has the same number.
    ObjectId._pid = _NO_PROCESS
    ObjectId._inc = secrets.randbelow(2**24)


def renew_after_restore() -> None:
    """Have ``fresh_randomness`` called after each restore. Where no snapshot is made, nothing is imported."""
    if FROM_SNAPSHOT:
        from snapshot_restore_py import register_after_restore

        register_after_restore(fresh_randomness)
