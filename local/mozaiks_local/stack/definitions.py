"""What the local stack runs, as read from a template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = [
    "ACCOUNT_ID",
    "REGION",
    "FunctionDefinition",
    "HttpRoute",
    "Schedule",
    "SocketApi",
    "SocketRoute",
    "StackTemplate",
    "StateMachineDefinition",
]

REGION = "us-east-1"
ACCOUNT_ID = "123456789012"


@dataclass(frozen=True)
class FunctionDefinition:
    """One function. ``timeout`` is seconds, ``memory`` MB, ``paths`` what its layers add to ``PYTHONPATH``."""

    id: str
    name: str
    arn: str
    code: Path
    handler: str
    runtime: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    layers: tuple[Path, ...]
    reserved_concurrency: int | None = None


@dataclass(frozen=True)
class HttpRoute:
    """``key`` is API Gateway's own: ``GET /items/{id}``, ``ANY /{proxy+}`` or ``$default``."""

    api: str
    stage: str
    key: str
    function: str


@dataclass(frozen=True)
class SocketRoute:
    """``answers``: whether the function's answer goes back to the client (the route has a route response)."""

    key: str
    function: str
    timeout: float
    answers: bool = False


@dataclass(frozen=True)
class SocketApi:
    """One WebSocket API on one stage."""

    id: str
    stage: str
    route_selection: str
    routes: Mapping[str, SocketRoute]


@dataclass(frozen=True)
class Schedule:
    """``expression`` is ``rate(…)`` or ``cron(…)``; ``input`` replaces the event when it is set."""

    id: str
    arn: str
    expression: str
    function: str
    enabled: bool = True
    input: str | None = None


@dataclass(frozen=True)
class StateMachineDefinition:
    """``definition`` is Amazon States Language with every substitution made."""

    id: str
    name: str
    arn: str
    definition: str


@dataclass(frozen=True)
class StackTemplate:
    """Everything of a template that runs locally, and by name what does not."""

    path: Path
    functions: Mapping[str, FunctionDefinition]
    http_routes: tuple[HttpRoute, ...]
    socket_apis: tuple[SocketApi, ...]
    schedules: tuple[Schedule, ...]
    state_machines: Mapping[str, StateMachineDefinition]
    ignored: tuple[str, ...] = ()
    watched: tuple[Path, ...] = field(default=())
