"""What people do, and what it is deployed as."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Deployment", "Workload"]


@dataclass(frozen=True, slots=True)
class Workload:
    """What people do in a day, and what the model does with it.

    ``turns_per_day`` are messages of users; each lets ``agents`` speak once. ``prompt_tokens`` and
    ``completion_tokens`` are of one agent's turn, ``tokens_per_second`` and ``first_token_seconds`` the model's pace.
    ``connections`` are open sockets, on the average over day and night; each lives ``connection_minutes``.
    ``kilobytes`` is how much a turn leaves in the log of the application and sends to its user.
    """

    turns_per_day: float
    agents: float = 1.0
    prompt_tokens: float = 1500.0
    completion_tokens: float = 200.0
    tokens_per_second: float = 60.0
    first_token_seconds: float = 0.6
    connections: float = 50.0
    connection_minutes: float = 20.0
    http_requests_per_turn: float = 1.0
    kilobytes: float = 8.0

    @property
    def model_seconds(self) -> float:
        """How long the model speaks for one message of a user."""
        return self.agents * (self.first_token_seconds + self.streamed_seconds)

    @property
    def streamed_seconds(self) -> float:
        """How long one agent's text streams."""
        return self.completion_tokens / self.tokens_per_second


@dataclass(frozen=True, slots=True)
class Deployment:
    """Sizes as ``template.yaml`` has them. ``atlas``: a tier of the price list; ``model``: as its provider calls it."""

    architecture: str = "arm64"
    memory_gb: float = 0.5
    orchestrate_memory_gb: float = 1.0
    atlas: str = "M10"
    model: str | None = None
    alarms: int = 31
    metrics: int = 10
    secrets: int = 3
    reconcile_seconds: float = 0.5
