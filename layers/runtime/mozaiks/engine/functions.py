"""Loads the Python functions of a workflow's folder, and shows the model only the parameters that are the model's."""

from __future__ import annotations

import enum
import importlib
import inspect
import os
import re
import traceback
import typing
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from mozaiks.engine.calling import run, target_of
from mozaiks.engine.imports import WorkflowPackage, package_of
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
        "secrets",
        "ui_response",
    }
)
"""Parameters the runtime fills in; the model never sees them."""

_REASON_CHARACTERS: Final = 500
_DIRECTORIES: Final = re.compile(r"(?<![\w/.:])/(?:[^\s/'\":,()]+/)+")
_PLAIN: Final = (str, int, float, bool, list, dict, Any)


class _Absent(enum.Enum):
    """An argument that the model left out. A member, because copies of a default must stay it."""

    ABSENT = None


def load_function(spec: WorkflowSpec, folder: Path, ref: FunctionRef) -> Callable[..., Any]:
    """The function ``ref`` names in the workflow's folder.

    Each version of a workflow gets modules of its own, so that equal file names of two workflows, of two versions of
    one, or of two roots, never meet. A change of ``workflows/_shared`` counts as a new version here.

    Raises
    ------
    MozaiksError
        ``TOOL_LOAD_FAILED`` if the file cannot be imported or has no such function.
    """
    where = f"{spec.name}/{ref.path}"
    path = (folder / ref.path).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise MozaiksError("TOOL_LOAD_FAILED", f"{ref.path!r} is outside the workflow {spec.name!r}")
    if not path.is_file() or path.suffix != ".py":
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} is no Python file")
    if "." in ref.path.removesuffix(".py"):
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} cannot be imported: its path has a dot before the .py")
    module = _import(package_of(spec, folder), where, ref)
    if module.__file__ is None or Path(module.__file__).resolve() != path:
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} is hidden by a folder of the same name; rename one of them")
    function = getattr(module, ref.function, None)
    if not callable(function):
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} has no function {ref.function!r}")
    return typing.cast("Callable[..., Any]", function)


def _import(package: WorkflowPackage, where: str, ref: FunctionRef) -> ModuleType:
    try:
        return importlib.import_module(package.module(ref.path))
    except (Exception, SystemExit) as error:
        raise MozaiksError("TOOL_LOAD_FAILED", f"{where} cannot be imported: {_reason(error, package)}") from error


def _reason(error: BaseException, package: WorkflowPackage) -> str:
    """What an import failed of and where, without anything of this machine."""
    words = f"{type(error).__name__}: {error}"
    words = words.replace(package.name, "workflows." + package.workflow).replace(package.shared, "workflows._shared")
    words = words.replace(str(package.root) + os.sep, "")
    words = _DIRECTORIES.sub("", words)[:_REASON_CHARACTERS]
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append((error.filename, error.lineno))
    for file, line in reversed(frames):
        if Path(file).is_relative_to(package.root):
            return f"{words} (in {Path(file).relative_to(package.root).as_posix()}, line {line})"
    return words


def bind(
    function: Callable[..., Any], injections: Callable[[], Mapping[str, Any]], parameters: Mapping[str, Any] | None
) -> Callable[..., Awaitable[Any]]:
    """An async function with the model's parameters only; the others are filled in at each call.

    Parameters
    ----------
    function
        Sync or async. A sync one runs in a thread: it must not hold up the loop that streams.
    injections
        Gives the value of every injectable parameter, at the time of the call.
    parameters
        The manifest's JSON Schema. It names the parameters of a function that takes ``**kwargs``.

    Raises
    ------
    MozaiksError
        ``TOOL_LOAD_FAILED``, naming the parameter, if the model could not fill one.
    """
    wanted: list[str] = []
    shown: dict[str, inspect.Parameter] = {}
    open_ended = False
    for name, parameter in _signature(function).parameters.items():
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                continue
            case inspect.Parameter.VAR_KEYWORD:
                open_ended = True
                continue
            case inspect.Parameter.POSITIONAL_ONLY:
                raise _unfit(function, name, "is positional-only, and tools are called by name")
        if name in INJECTED:
            wanted.append(name)
        elif not name.startswith("_"):
            shown[name] = parameter.replace(
                kind=inspect.Parameter.KEYWORD_ONLY, annotation=_annotation(function, parameter)
            )
        elif parameter.default is inspect.Parameter.empty:
            raise _unfit(function, name, "begins with '_' and has no default; the model is not shown such names")
    if open_ended:
        shown |= _named_by_schema(parameters or {}, shown)

    async def call(**arguments: Any) -> Any:
        values = injections()
        given = {name: value for name, value in arguments.items() if value is not _Absent.ABSENT}
        return await run(function, **given, **{name: values[name] for name in wanted})

    call.__name__ = getattr(target_of(function), "__name__", "tool")
    call.__doc__ = inspect.getdoc(function if inspect.isroutine(function) else target_of(function))
    call.__signature__ = inspect.Signature(list(shown.values()))  # type: ignore[attr-defined]
    call.__annotations__ = {name: parameter.annotation for name, parameter in shown.items()}
    return call


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as error:
        name = getattr(function, "__name__", type(function).__name__)
        raise MozaiksError("TOOL_LOAD_FAILED", f"{name!r} cannot be a tool: its signature is unknown") from error


def _named_by_schema(
    parameters: Mapping[str, Any], shown: Mapping[str, inspect.Parameter]
) -> dict[str, inspect.Parameter]:
    """The parameters that a manifest adds to a function that takes ``**kwargs``. None of the runtime's own."""
    required = parameters.get("required", ())
    return {
        name: inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if name in required else _Absent.ABSENT,
            annotation=Any,
        )
        for name in parameters.get("properties", {})
        if name not in shown and name not in INJECTED and name.isidentifier() and not name.startswith("_")
    }


def _annotation(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """The type of a parameter, resolved where the function was written; ``Any`` if it has none.

    Each by itself: a name that only type checkers can see must not matter where the model never looks.
    """
    if parameter.annotation is inspect.Parameter.empty:
        return Any
    holder = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    names = getattr(target_of(function), "__globals__", {})
    try:
        found = typing.get_type_hints(holder, globalns=names, include_extras=True)[parameter.name]
    except NameError as error:
        unknown = error.name or "a name"
        raise _unfit(function, parameter.name, f"has a type that its module does not know: {unknown!r}") from error
    except (TypeError, SyntaxError, AttributeError) as error:
        words = str(error)[:_REASON_CHARACTERS]
        raise _unfit(function, parameter.name, f"has a type that cannot be read: {words}") from error
    if not any(found is plain for plain in _PLAIN):
        try:
            TypeAdapter(found).json_schema()
        except PydanticUserError as error:
            text = getattr(found, "__name__", repr(found))
            raise _unfit(function, parameter.name, f"is of the type {text}, which no JSON Schema describes") from error
    return found


def _unfit(function: Callable[..., Any], parameter: str, words: str) -> MozaiksError:
    name = getattr(target_of(function), "__name__", "tool")
    return MozaiksError("TOOL_LOAD_FAILED", f"the parameter {parameter!r} of {name!r} {words}")
