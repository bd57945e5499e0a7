"""One connection's own line to its client: in order, with patience for what may pass and none for what is over."""

from __future__ import annotations

import json
import logging
import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from mozaiks.chats.events import error_frame
from mozaiks.errors import CODES
from mozaiks.metrics import TALLY, Metric
from mozaiks.push.connections import Busy, Connection, Gateway, Gone, TooLarge

__all__ = ["MAX_FRAME_BYTES", "Line", "deliver", "dismiss", "encode", "fitting", "post_patiently"]

log = logging.getLogger("mozaiks.push")

MAX_FRAME_BYTES: Final = 128 * 1024
NOT_YET: Final = timedelta(seconds=5)
"""A younger connection that is gone is not there yet: nothing can be posted while ``$connect`` is being answered."""


def encode(frame: dict[str, Any]) -> bytes:
    """The bytes of a frame.

    A durable event over the gateway's limit becomes a reference: the client fetches the event by its ``seq`` over
    HTTP. ``"oversize": true`` tells it so.
    """
    return fitting(frame)[1]


def fitting(frame: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """The frame, or the reference in its place, and its bytes."""
    payload = _bytes_of(frame)
    if len(payload) <= MAX_FRAME_BYTES:
        return frame, payload
    reference = {
        **frame,
        "data": {"kind": frame["data"].get("kind"), "oversize": True, "bytes": len(payload)},
    }
    return reference, _bytes_of(reference)


def _bytes_of(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def post_patiently(
    gateway: Gateway,
    connection: Connection,
    payload: bytes,
    *,
    clock: Callable[[], datetime],
    deadline: float,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Post until it is taken, refused for good, or ``deadline`` (monotonic seconds) has come.

    Returns
    -------
    bool
        Whether the connection is still of use. ``False``: gone, remove it.
    """
    pause = 0.02
    while True:
        try:
            gateway.post(connection.connection_id, payload)
            return True
        except Gone:
            if clock() - connection.connected_at >= NOT_YET:
                return False
            reason = "not there yet"
        except TooLarge:
            log.warning("A frame of %d bytes was refused as too large", len(payload))
            TALLY.count(Metric.PUSH_FAILURES)
            return True
        except (Busy, OSError) as error:
            reason = type(error).__name__
        if time.monotonic() + pause > deadline:
            # The client finds the gap by its seq and asks for what it missed.
            log.info("Gave up a post after its time: %s", reason)
            TALLY.count(Metric.PUSH_FAILURES)
            return True
        sleep(pause)
        pause = min(pause * 2, 1.0)


def deliver(
    gateway: Gateway, connection: Connection, payload: bytes, *, clock: Callable[[], datetime], deadline: float
) -> bool:
    """``post_patiently``, unless the connection's token has expired: then ``dismiss`` it.

    Returns
    -------
    bool
        Whether the connection is still of use. ``False``: it is gone or was dismissed, remove it.
    """
    if connection.token_expired(clock()):
        dismiss(gateway, connection, clock=clock, deadline=deadline)
        return False
    return post_patiently(gateway, connection, payload, clock=clock, deadline=deadline)


def dismiss(gateway: Gateway, connection: Connection, *, clock: Callable[[], datetime], deadline: float) -> None:
    """Tell a connection that its token has expired, and close it."""
    meaning = CODES["TOKEN_EXPIRED"]
    frame = error_frame(
        connection.chat_id,
        code="TOKEN_EXPIRED",
        message="the token has expired; connect again with a new one",
        retryable=meaning.retryable,
        at=clock(),
        # API Gateway cannot say the code when it closes the socket.
        details={"close_code": meaning.close_code},
    )
    if post_patiently(gateway, connection, encode(frame), clock=clock, deadline=deadline):
        try:
            gateway.close(connection.connection_id)
        except (Gone, Busy, OSError) as error:
            # It hears nothing any more and is refused whatever it asks; the gateway ends it in its own time.
            log.info("An expired socket was not closed: %s", type(error).__name__)


class Line:
    """A thread that posts to one connection, so that a slow one holds up nobody else."""

    def __init__(
        self,
        gateway: Gateway,
        connection: Connection,
        *,
        clock: Callable[[], datetime],
        patience_seconds: float,
        on_gone: Callable[[Connection], None],
    ) -> None:
        self.connection = connection
        self._gateway = gateway
        self._clock = clock
        self._patience = patience_seconds
        self._on_gone = on_gone
        self._frames: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._closing_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="push-line", daemon=True)
        self._thread.start()

    def put(self, payload: bytes) -> None:
        self._frames.put(payload)

    def close(self, deadline: float) -> None:
        """Post what is left, but not beyond ``deadline`` (monotonic seconds). Returns at once; ``join`` waits."""
        self._closing_at = deadline
        self._frames.put(None)

    def join(self, deadline: float) -> bool:
        """Wait for the end; ``False`` if the thread is still busy at ``deadline``."""
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return not self._thread.is_alive()

    def _run(self) -> None:
        useful = True
        while (payload := self._frames.get()) is not None:
            if not useful:
                continue
            deadline = time.monotonic() + self._patience
            if self._closing_at is not None:
                if time.monotonic() >= self._closing_at:
                    continue
                deadline = min(deadline, self._closing_at)
            useful = deliver(self._gateway, self.connection, payload, clock=self._clock, deadline=deadline)
            if not useful:
                self._on_gone(self.connection)
