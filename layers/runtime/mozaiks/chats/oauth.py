"""What another service of the platform tells a chat: the user has, or has not, connected an account elsewhere. Pure."""

from __future__ import annotations

import hashlib

from mozaiks.chats.changes import Change, CommandRecord
from mozaiks.chats.events import NewEvent, OauthCompleted

__all__ = ["completed", "oauth_command"]


def oauth_command(correlation_id: str) -> str:
    """The id of the command that tells of one authorisation: a service that repeats itself is heard once.

    No ``client_message_id`` has a colon, so no client can take it. What services correlate by may be of any length and
    hold anything, hence the digest.
    """
    return f"oauth:{hashlib.sha256(correlation_id.encode('utf-8', 'surrogatepass')).hexdigest()}"


def completed(told: OauthCompleted) -> Change:
    """The event that says so. In any state of a chat: the account is connected, whatever became of the chat."""
    event = NewEvent("oauth_completed", told)
    return Change(events=(event,), command=CommandRecord("oauth_completed", {"event_id": event.event_id}))
