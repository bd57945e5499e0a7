"""The socket's address: which chat it names, where to go on reading, and how it may be shown."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

__all__ = ["chat_id_of", "is_loopback", "shown", "with_last_seq"]


def chat_id_of(url: str) -> str:
    """The chat a socket URL names, in its query or as ``/ws/{workflow}/{app}/{chat}/{user}``.

    Raises
    ------
    ValueError
        If it is no socket URL, or names no chat.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.netloc:
        raise ValueError(f"{shown(url)!r} is no socket URL; expected ws://… or wss://…")
    named = parse_qs(parts.query).get("chat_id")
    if named:
        return named[0]
    steps = parts.path.strip("/").split("/")
    if len(steps) == 5 and steps[0] == "ws":
        return steps[3]
    raise ValueError(f"{shown(url)!r} names no chat; expected ?chat_id=… or /ws/workflow/app/chat/user")


def with_last_seq(url: str, last_seq: int) -> str:
    """``url`` asking for what follows ``last_seq``, many events to a frame."""
    parts = urlsplit(url)
    query = [
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key not in ("last_seq", "batch")
    ]
    query += [("last_seq", str(last_seq)), ("batch", "1")]
    return urlunsplit(parts._replace(query=urlencode(query)))


def shown(url: str) -> str:
    """``url`` without its query and credentials, where a token could stand."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_loopback(url: str) -> bool:
    """Whether ``url`` is on this machine, where a proxy from the environment has no business."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
