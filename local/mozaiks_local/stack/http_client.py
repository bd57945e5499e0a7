"""One HTTP POST to a process of this stack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import h11

__all__ = ["post_json"]


async def post_json(url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Post a JSON document; gives the status and the body of the answer.

    Raises
    ------
    OSError
        If nothing listens there, or the connection ends before the answer does.
    """
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        http = h11.Connection(h11.CLIENT)
        data = json.dumps(body).encode()
        head = [
            ("Host", address.netloc),
            ("Content-Length", str(len(data))),
            ("Authorization", "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/states/aws4_request"),
            ("Content-Type", "application/x-amz-json-1.0"),
            *headers.items(),
        ]
        parts = [
            http.send(h11.Request(method="POST", target=address.path or "/", headers=head)),
            http.send(h11.Data(data=data)),
            http.send(h11.EndOfMessage()),
        ]
        writer.write(b"".join(part for part in parts if part))
        status, answer = 0, b""
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                received = await reader.read(65536)
                if not received and http.their_state is not h11.SEND_BODY:
                    raise ConnectionError(f"{url} closed the connection before it answered")
                http.receive_data(received)
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                answer += event.data
            elif isinstance(event, h11.EndOfMessage):
                return status, answer
    finally:
        writer.close()
