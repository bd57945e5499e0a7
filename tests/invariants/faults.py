"""Ways in which the database fails at a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pymongo

from .theatre import Theatre
from .writes import WRITES, Point

__all__ = ["FAULTS", "failing_at"]

FAULTS: Final[dict[str, tuple[int, dict[str, Any]]]] = {
    "the connection is lost": (1, {"closeConnection": True}),
    "the connection is lost again and again": (4, {"closeConnection": True}),
    "another node is primary": (1, {"errorCode": 10107}),
    "the server steps down in the middle": (1, {"errorCode": 11602}),
    "the node stays no primary": (4, {"errorCode": 189}),
    "it is done, and nobody knows whether it lasts": (
        1,
        {"writeConcernError": {"code": 6, "errmsg": "host unreachable"}},
    ),
    "it is done after the worker gave up": (1, {"blockConnection": True, "blockTimeMS": 900}),
}
"""How often each strikes, and what ``failCommand`` does then."""


@contextmanager
def failing_at(
    admin: pymongo.MongoClient[dict[str, Any]], theatre: Theatre, point: Point, fault: str
) -> Iterator[list[Point]]:
    """Let the database fail at ``point``. Gives the points that were met."""
    times, data = FAULTS[fault]
    met: list[Point] = []

    def at(now: Point) -> None:
        met.append(now)
        if now == point:
            admin.admin.command(
                "configureFailPoint",
                "failCommand",
                mode={"times": times},
                data={"failCommands": [point.command], "appName": theatre.place.appname, **data},
            )

    WRITES.arm(at)
    try:
        yield met
    finally:
        WRITES.disarm()
        admin.admin.command("configureFailPoint", "failCommand", mode="off")
