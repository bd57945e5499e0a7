"""The local stack: the SAM template's functions, APIs and state machines on this machine, without Docker or cloud."""

from __future__ import annotations

from .config import StackConfig
from .connections_api import FaultKind, Faults
from .definitions import StackTemplate
from .errors import PortTakenError, StackError, TemplateError
from .gateway import Gateway
from .lambda_service import LambdaLimits, ThrottledError, UnknownFunctionError
from .lambda_worker import InvokeResult
from .site import Site
from .socket_connection import SocketLimits
from .stack import LocalStack
from .template import read_template
from .worker_logs import LogSink

__all__ = [
    "FaultKind",
    "Faults",
    "Gateway",
    "InvokeResult",
    "LambdaLimits",
    "LocalStack",
    "LogSink",
    "PortTakenError",
    "Site",
    "SocketLimits",
    "StackConfig",
    "StackError",
    "StackTemplate",
    "TemplateError",
    "ThrottledError",
    "UnknownFunctionError",
    "read_template",
]
