"""An asyncio client of the chat socket: every durable event once and in order, whatever the network does.

Examples
--------
>>> started = await start_chat("http://127.0.0.1:8000", "demo", "HelloWorld", "me")  # doctest: +SKIP
>>> async with ChatClient(started.websocket_url) as chat:  # doctest: +SKIP
...     await chat.read_until("chat.input_request", within=10)
...     await chat.send("hello")
...     async for event in chat:
...         print(event.type, event.data)
"""

from mozaiks_local.client.api import Started, call_api, start_chat
from mozaiks_local.client.backoff import Backoff
from mozaiks_local.client.chat_client import ChatClient
from mozaiks_local.client.drafts import Draft
from mozaiks_local.client.errors import ApiError, ChatClientError, ChatClosedError, ConnectRefusedError
from mozaiks_local.client.events import Event

__all__ = [
    "ApiError",
    "Backoff",
    "ChatClient",
    "ChatClientError",
    "ChatClosedError",
    "ConnectRefusedError",
    "Draft",
    "Event",
    "Started",
    "call_api",
    "start_chat",
]
