"""Sending a completion: whole or token by token, at a reader's pace or as fast as the client takes it."""

from __future__ import annotations

import asyncio
import json

from .faults import Fault
from .http import Connection
from .records import RequestRecord
from .replies import Reply
from .wire import Completion

__all__ = ["send_stream", "send_whole"]

_BLOCK = 16
_SENTENCE_PAUSE = 8
_PHRASE_PAUSE = 3
_FIRST_PAUSE = 10


async def send_stream(
    completion: Completion, reply: Reply, fault: Fault | None, connection: Connection, record: RequestRecord
) -> None:
    """Answer with server-sent events, at the reply's pace, as far as ``fault`` lets it."""
    record.status = 200
    connection.start(
        200,
        {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "transfer-encoding": "chunked",
        },
    )
    broken = fault if fault is not None and fault.kind in ("stall", "drop") else None
    if broken is None or broken.after_tokens:
        await connection.write(completion.opening())
    block: list[bytes] = []
    last = ""
    for text, event in completion.tokens():
        if broken is not None and record.tokens >= broken.after_tokens:
            break
        if reply.delay_ms:
            await asyncio.sleep(_pause(reply, last, first=record.tokens == 0) / 1000)
            await connection.write(event)
            last = text
        else:
            block.append(event)
            if len(block) == _BLOCK:
                await connection.write(b"".join(block))
                block.clear()
                # Other conversations get their share of the loop, and a client that left is noticed.
                await asyncio.sleep(0)
        record.tokens += 1
    if broken is None:
        block.append(completion.closing())
    if block:
        await connection.write(b"".join(block))
    if broken is not None:
        await _break_off(broken, connection)
        return
    record.finished = True
    connection.end()


async def _break_off(fault: Fault, connection: Connection) -> None:
    if fault.kind == "drop":
        connection.close()
        return
    await asyncio.get_running_loop().create_future()  # silent until the client leaves or the server stops


async def send_whole(
    completion: Completion, reply: Reply, fault: Fault | None, connection: Connection, record: RequestRecord
) -> None:
    """Answer with one JSON object."""
    data = json.dumps(completion.whole()).encode()
    record.status = 200
    if fault is not None and fault.kind in ("stall", "drop"):
        connection.start(200, {"content-type": "application/json", "content-length": str(len(data))})
        await connection.write(data[: len(data) // 2] if fault.after_tokens else b"")
        await _break_off(fault, connection)
        return
    if fault is not None and fault.kind == "slow":
        await asyncio.sleep(reply.delay_ms * completion.usage["completion_tokens"] / 1000)
    record.tokens = completion.usage["completion_tokens"]
    record.finished = True
    connection.send_bytes(200, data, "application/json")


def _pause(reply: Reply, last: str, *, first: bool) -> float:
    """Milliseconds before a token that follows ``last``: people pause before the first word and after a sentence."""
    if reply.pace == "even":
        return reply.delay_ms
    if first:
        return reply.delay_ms * _FIRST_PAUSE
    end = last[-1:]
    if end and end in ".!?\n":
        return reply.delay_ms * _SENTENCE_PAUSE
    return reply.delay_ms * (_PHRASE_PAUSE if end and end in ",;:—" else 1)
