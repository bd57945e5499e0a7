"""What a local stack is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .lambda_service import LambdaLimits
from .lambda_worker import RuntimeClient
from .socket_connection import SocketLimits
from .worker_logs import LogSink

__all__ = ["StackConfig"]


@dataclass(frozen=True)
class StackConfig:
    """Settings of one local stack.

    Attributes
    ----------
    template
        The SAM template to run.
    data_dir
        Folder for logs and caches; made if it is missing.
    host, port
        Where the gateway listens; port 0 lets the system choose.
    environment
        Variables every function gets, over the template's.
    parameters
        Values of the template's parameters, over their defaults.
    prewarm
        Start one worker of each function before the stack counts as ready.
    schedule
        Run the template's schedules; ``LocalStack.tick`` works either way.
    watch, watch_paths
        Reload workers when their code, layers, or these further folders change.
    cache_dir
        Compiled Python and the transformed template; ``<data_dir>/cache`` when ``None``. Several stacks may share it.
    lambda_limits, socket_limits
        Bounds and time-outs.
    time_scale
        Factor of Step Functions' Wait states and retry intervals; below 1 for tests only.
    log_sink
        Called with a function's id and each line its workers write, in the stack's thread.
    python
        Interpreter of the workers; ``None`` for the stack's own. One that has AWS's runtime client, boto3 and no more
        is what a deployed layer meets.
    runtime_client
        What speaks to the handlers in the workers: AWS's own client, or a loop in Python alone. ``None`` chooses AWS's
        where it is installed.
    lambda_endpoint
        Another Lambda service that runs the functions, such as ``http://127.0.0.1:3001`` of ``sam local start-lambda``.
        ``None``: workers of the stack's own. Its template is written to ``<data_dir>/sam-local/template.json``.
    container_host
        How functions in that service's containers call this machine.
    """

    template: Path
    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    environment: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    prewarm: bool = True
    schedule: bool = True
    watch: bool = False
    watch_paths: tuple[Path, ...] = ()
    cache_dir: Path | None = None
    lambda_limits: LambdaLimits = field(default_factory=LambdaLimits)
    socket_limits: SocketLimits = field(default_factory=SocketLimits)
    time_scale: float = 1.0
    log_sink: LogSink | None = None
    python: Path | None = None
    runtime_client: RuntimeClient | None = None
    lambda_endpoint: str | None = None
    container_host: str = "host.docker.internal"
