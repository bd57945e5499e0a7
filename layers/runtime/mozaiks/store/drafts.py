"""``chat_drafts``: the text a running turn has written so far, for a client that comes in the middle of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.store.client import Document, reachable

__all__ = ["MongoDrafts"]

LIFETIME: Final = timedelta(hours=1)


class MongoDrafts:
    """One draft a chat: a chat has one speaker at a time.

    A draft may be lost: the final text follows in the log. So it is written without waiting for the journal, which
    keeps it out of the way of the stream.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._drafts = database["chat_drafts"].with_options(
            write_concern=WriteConcern(1, j=False), read_concern=ReadConcern("local")
        )

    def write(self, tenant: Tenant, chat_id: str, message_id: str, agent: str, content: str, now: datetime) -> None:
        """Replace the chat's draft. ``CHAT_NOT_FOUND`` if the chat has one of another tenant's."""
        with reachable():
            try:
                self._drafts.replace_one(
                    {"_id": chat_id, **tenant.key},
                    {
                        "_id": chat_id,
                        **tenant.key,
                        "message_id": message_id,
                        "agent": agent,
                        "content": content,
                        "expires_at": now + LIFETIME,
                    },
                    upsert=True,
                )
            except DuplicateKeyError as error:
                raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}") from error

    def clear(self, tenant: Tenant, chat_id: str) -> None:
        with reachable():
            self._drafts.delete_one({"_id": chat_id, **tenant.key})

    def read(self, tenant: Tenant, chat_id: str) -> dict[str, Any] | None:
        with reachable():
            return self._drafts.find_one({"_id": chat_id, **tenant.key})
