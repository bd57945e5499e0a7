"""Several frames in one post, for clients that asked for it: a long replay is a few posts instead of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from mozaiks.chats.events import envelope
from mozaiks.push.delivery import fitting

__all__ = ["batched"]

MAX_BATCH_BYTES: Final = 96 * 1024
"""Leaves room under the gateway's limit for what is around the frames."""


def batched(frames: Iterable[dict[str, Any]], chat_id: str, at: datetime) -> Iterator[dict[str, Any]]:
    """``chat.batch`` frames that hold ``frames`` in their order. One that fills a batch alone goes as it is.

    In the place of a frame that is too large for the gateway stands its reference, as it would on its own.
    """
    held: list[dict[str, Any]] = []
    size = 0
    for each in frames:
        frame, payload = fitting(each)
        length = len(payload)
        if held and size + length > MAX_BATCH_BYTES:
            yield _batch(held, chat_id, at)
            held, size = [], 0
        if length > MAX_BATCH_BYTES:
            yield frame
            continue
        held.append(frame)
        size += length
    if held:
        yield _batch(held, chat_id, at)


def _batch(frames: list[dict[str, Any]], chat_id: str, at: datetime) -> dict[str, Any]:
    return envelope("chat.batch", chat_id, {"events": frames}, at=at)
