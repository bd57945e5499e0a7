"""Where a chat's socket is."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from mozaiks.chats.states import Chat

__all__ = ["socket_address"]


def socket_address(public_url: str, chat: Chat) -> str:
    """The URL a client connects to, without any token."""
    query = {
        "workflow": chat.workflow_name,
        "app_id": chat.app_id,
        "chat_id": chat.chat_id,
        "user_id": chat.user_id,
    }
    return f"{public_url}?{urlencode(query, quote_via=quote)}"
