"""Counts the connections to MongoDB that a process holds."""

from __future__ import annotations

import threading

from pymongo import monitoring

from mozaiks.metrics import TALLY, Metric, Tally

__all__ = ["PoolWatch"]


class PoolWatch(monitoring.ConnectionPoolListener):
    """Hears of each connection the driver opens for operations, and of its end. Those that only watch are not told."""

    def __init__(self, tally: Tally = TALLY) -> None:
        self._tally = tally
        self._lock = threading.Lock()
        self._open = 0

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        self._change(+1)

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        self._change(-1)

    def _change(self, by: int) -> None:
        with self._lock:
            self._open += by
            self._tally.level(Metric.MONGO_CONNECTIONS, self._open)

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Nothing is open yet."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """It may open connections from now on."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Each of its connections is told of when it is closed."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Each of its connections was told of."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """It was counted when it was created."""

    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:
        """No connection comes or goes."""

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """No connection comes or goes."""

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """No connection comes or goes."""

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """No connection comes or goes."""
