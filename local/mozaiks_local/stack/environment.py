"""The whole environment of a worker: what Lambda gives, the template's variables, the developer's overlay."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .definitions import REGION, FunctionDefinition

__all__ = ["Addresses", "template_variables", "worker_environment"]

# Of the caller's environment, only what a program needs to start at all reaches a handler.
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
_API_HOST = re.compile(rf"(https|wss)://[A-Za-z0-9]+\.execute-api\.{REGION}\.amazonaws\.com")


@dataclass(frozen=True)
class Addresses:
    """Where the stack's parts listen. ``gateway`` is ``host:port``, ``services`` maps variables to URLs."""

    gateway: str
    services: Mapping[str, str]


def worker_environment(
    function: FunctionDefinition, addresses: Addresses, overlay: Mapping[str, str], cache: Path
) -> dict[str, str]:
    """Give the environment of a function's workers.

    Parameters
    ----------
    function
        Whose workers they are.
    addresses
        Addresses of API Gateway in the template's variables become the gateway's own.
    overlay
        Wins over everything the template says.
    cache
        Folder for compiled Python, so that nothing is written into the sources.
    """
    home = cache / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        "TZ": ":UTC",
        "HOME": str(home),
        "LAMBDA_TASK_ROOT": str(function.code),
        "_HANDLER": function.handler,
        "PYTHONPATH": os.pathsep.join(str(path) for path in (function.code, *_import_roots(function))),
        "PYTHONPYCACHEPREFIX": str(cache / "pycache"),
        "PYTHONUNBUFFERED": "1",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": f"{function.timeout:g}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "ASIALOCALLOCALLOCAL0",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **addresses.services,
        **template_variables(function, addresses),
        **overlay,
    }


def template_variables(function: FunctionDefinition, addresses: Addresses) -> dict[str, str]:
    """Give the template's variables of a function; addresses of API Gateway become the gateway's own."""
    return {
        key: _API_HOST.sub(lambda match: f"{'ws' if match[1] == 'wss' else 'http'}://{addresses.gateway}", value)
        for key, value in function.environment.items()
    }


def _import_roots(function: FunctionDefinition) -> list[Path]:
    """Give the folders of the layers that Python imports from.

    Lambda imports from a layer's ``python`` folder. A layer whose build puts a package there keeps that package at
    its top; a layer of plain files (manifests, say) is imported from neither here nor there.
    """
    roots: list[Path] = []
    for layer in function.layers:
        if (layer / "python").is_dir():
            roots.append(layer / "python")
        elif any(layer.glob("*/__init__.py")):
            roots.append(layer)
    return roots
