"""One HTTP POST to a process of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11

__all__ = ["Answer", "post", "post_json"]

_SIGNED = "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/states/aws4_request"
"""Services here look at no signature, but for whether there is one."""


@dataclass(frozen=True)
class Answer:
    """Status, body, and headers by their names in small letters."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


async def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Post a JSON document; gives the status and the body of the answer. Raises as ``post`` does."""
    answer = await post(url, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.0", **headers})
    return answer.status, answer.body


async def post(url: str, data: bytes, headers: Mapping[str, str]) -> Answer:
    """Post and wait for the whole answer, however long it takes.

    Raises
    ------
    OSError
        If nothing listens there, or the connection ends before the answer does.
    """
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        http = h11.Connection(h11.CLIENT)
        head = [
            ("Host", address.netloc),
            ("Content-Length", str(len(data))),
            ("Authorization", _SIGNED),
            *headers.items(),
        ]
        parts = [
            http.send(h11.Request(method="POST", target=address.path or "/", headers=head)),
            http.send(h11.Data(data=data)),
            http.send(h11.EndOfMessage()),
        ]
        writer.write(b"".join(part for part in parts if part))
        status, answer, told = 0, b"", {}
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                received = await reader.read(65536)
                if not received and http.their_state is not h11.SEND_BODY:
                    raise ConnectionError(f"{url} closed the connection before it answered")
                http.receive_data(received)
            elif isinstance(event, h11.Response):
                status = event.status_code
                told = {name.decode().lower(): value.decode() for name, value in event.headers}
            elif isinstance(event, h11.Data):
                answer += event.data
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, answer, told)
    finally:
        writer.close()
