"""Loads the Python functions of a workflow's folder, and shows the model only the parameters that are the model's."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import re
import sys
import threading
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import FunctionRef, WorkflowSpec

__all__ = ["INJECTED", "bind", "load_function"]

INJECTED: Final = frozenset(
    {
        "chat_id",
        "app_id",
        "user_id",
        "workflow_name",
        "agent_name",
        "context_variables",
        "turn_idempotency_key",
        "progress",
    }
)
"""Parameters the runtime fills in; the model never sees them."""

_LOADING: Final = threading.RLock()


def load_function(spec: WorkflowSpec, folder: Path, ref: FunctionRef) -> Callable[..., Any]:
    """The function ``ref`` names in the workflow's folder.

    Each version of a workflow gets modules of its own, so that equal file names of two workflows, or of two versions
    of one, never meet.

    Raises
    ------
    MozaiksError
        ``TOOL_LOAD_FAILED`` if the file cannot be imported or has no such function.
    """
    path = (folder / ref.path).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise MozaiksError("TOOL_LOAD_FAILED", f"{ref.path!r} is outside the workflow {spec.name!r}")
    package = re.sub(r"[^A-Za-z0-9_]", "_", spec.name)
    name = f"mozaiks_workflows.{package}_{spec.version[:16]}.{ref.path.removesuffix('.py').replace('/', '.')}"
    with _LOADING:
        module = sys.modules.get(name) or _import(name, path, spec.name, ref)
    function = getattr(module, ref.function, None)
    if not callable(function):
        raise MozaiksError("TOOL_LOAD_FAILED", f"{spec.name}/{ref.path} has no function {ref.function!r}")
    return typing.cast("Callable[..., Any]", function)


def _import(name: str, path: Path, workflow: str, ref: FunctionRef) -> ModuleType:
    made = importlib.util.spec_from_file_location(name, path)
    if made is None or made.loader is None:
        raise MozaiksError("TOOL_LOAD_FAILED", f"{workflow}/{ref.path} is no Python file")
    module = importlib.util.module_from_spec(made)
    sys.modules[name] = module
    try:
        made.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise MozaiksError(
            "TOOL_LOAD_FAILED", f"{workflow}/{ref.path} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    return module


def bind(
    function: Callable[..., Any], injections: Callable[[], Mapping[str, Any]], parameters: Mapping[str, Any] | None
) -> Callable[..., Any]:
    """An async function with the model's parameters only; the others are filled in at each call.

    Parameters
    ----------
    function
        Sync or async. A sync one runs in a thread: it must not hold up the loop that streams.
    injections
        Gives the value of every injectable parameter, at the time of the call.
    parameters
        The manifest's JSON Schema. It names the parameters of a function that takes ``**kwargs``.
    """
    signature = inspect.signature(function)
    hints = typing.get_type_hints(function, include_extras=True)
    wanted = [name for name in signature.parameters if name in INJECTED]
    shown: dict[str, inspect.Parameter] = {}
    for name, parameter in signature.parameters.items():
        if name in INJECTED or parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            for extra in (parameters or {}).get("properties", {}):
                shown.setdefault(
                    extra, inspect.Parameter(extra, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Any)
                )
            continue
        shown[name] = parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints.get(name, Any))
    is_async = inspect.iscoroutinefunction(function)

    async def call(**arguments: Any) -> Any:
        values = injections()
        filled = {**arguments, **{name: values[name] for name in wanted}}
        if is_async:
            return await function(**filled)
        return await asyncio.to_thread(function, **filled)

    call.__name__ = getattr(function, "__name__", "tool")
    call.__doc__ = inspect.getdoc(function)
    call.__signature__ = inspect.Signature(list(shown.values()))  # type: ignore[attr-defined]
    call.__annotations__ = {name: parameter.annotation for name, parameter in shown.items()}
    return call
