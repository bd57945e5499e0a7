"""Closes the sockets of a chat that is no more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.push.connections import Busy, Connection, Gateway, Gone, TooLarge

__all__ = ["SocketCloser"]

log = logging.getLogger("mozaiks.push")


class Listed(Protocol):
    def of_chat(self, tenant: Tenant, chat_id: str, now: datetime) -> Sequence[Connection]: ...


@dataclass(frozen=True, slots=True)
class SocketCloser:
    connections: Listed
    gateway: Gateway
    clock: Callable[[], datetime]

    def close_all(self, tenant: Tenant, chat_id: str) -> None:
        """Close every connection to a chat of this tenant. One that cannot be closed is told nothing more anyway."""
        for connection in self.connections.of_chat(tenant, chat_id, self.clock()):
            if connection.chat_id != chat_id:
                # It is another chat's, and only hears of this one.
                continue
            try:
                self.gateway.close(connection.connection_id)
            except Gone:
                continue
            except (Busy, TooLarge, OSError, MozaiksError) as error:
                log.warning("A socket of an erased chat was not closed: %s", type(error).__name__)
