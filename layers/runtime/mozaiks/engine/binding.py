"""Shows a model the parameters of a function that are the model's, and fills in the others."""

from __future__ import annotations

import enum
import inspect
import typing
import warnings
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticUserError

from mozaiks.engine.calling import run, target_of
from mozaiks.errors import MozaiksError

__all__ = ["INJECTED", "BoundFunction", "bind"]

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
_ARGUMENTS: Final = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())


class _Absent(enum.Enum):
    """An argument that the model left out. A member, because copies of a default must stay it."""

    ABSENT = None


class BoundFunction:
    """A workflow's function as a model may call it: with the model's parameters only.

    Attributes
    ----------
    name, description
        Of the code: its name and its docstring, which may be empty.
    schema
        JSON Schema of the arguments.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: type[BaseModel],
        schema: dict[str, Any],
        wanted: frozenset[str],
        injections: Callable[[], Mapping[str, Any]],
    ) -> None:
        self.name: str = getattr(target_of(function), "__name__", "tool")
        self.description = inspect.getdoc(function if inspect.isroutine(function) else target_of(function)) or ""
        self.schema = schema
        self._function = function
        self._arguments = arguments
        self._wanted = wanted
        self._injections = injections

    async def __call__(self, given: Mapping[str, Any]) -> Any:
        """Call with JSON arguments, checked and converted to their types; the runtime's own are filled in.

        Raises
        ------
        pydantic.ValidationError
            If the arguments do not fit.
        Exception
            Whatever the function raises.
        """
        checked = self._arguments.model_validate(given)
        values = {name: getattr(checked, name) for name in self._arguments.__pydantic_fields__}
        own = self._injections()
        return await run(
            self._function,
            **{name: value for name, value in values.items() if value is not _Absent.ABSENT},
            **{name: own[name] for name in self._wanted},
        )


def bind(
    function: Callable[..., Any], injections: Callable[[], Mapping[str, Any]], parameters: Mapping[str, Any] | None
) -> BoundFunction:
    """The function with the model's parameters only; the others are filled in at each call.

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
    arguments, schema = _described(function, shown)
    return BoundFunction(function, arguments, schema, frozenset(wanted), injections)


def _described(
    function: Callable[..., Any], shown: Mapping[str, inspect.Parameter]
) -> tuple[type[BaseModel], dict[str, Any]]:
    """A model of the parameters and its JSON Schema."""
    fields: dict[str, Any] = {
        name: (parameter.annotation, ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in shown.items()
    }
    name = getattr(target_of(function), "__name__", "tool")
    try:
        with warnings.catch_warnings():
            # A parameter may be called `json` or `copy`, as methods of models are: nobody calls those here.
            warnings.simplefilter("ignore", UserWarning)
            model = create_model(name, __config__=_ARGUMENTS, **fields)
        return model, model.model_json_schema()
    except PydanticUserError as error:
        for parameter in shown.values():
            _check_type(function, parameter)
        raise MozaiksError("TOOL_LOAD_FAILED", f"the parameters of {name!r} cannot be described") from error


def _check_type(function: Callable[..., Any], parameter: inspect.Parameter) -> None:
    try:
        TypeAdapter(parameter.annotation, config=_ARGUMENTS).json_schema()
    except PydanticUserError as error:
        text = getattr(parameter.annotation, "__name__", repr(parameter.annotation))
        raise _unfit(function, parameter.name, f"is of the type {text}, which no JSON Schema describes") from error


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
        return typing.get_type_hints(holder, globalns=names, include_extras=True)[parameter.name]
    except NameError as error:
        unknown = error.name or "a name"
        raise _unfit(function, parameter.name, f"has a type that its module does not know: {unknown!r}") from error
    except (TypeError, SyntaxError, AttributeError) as error:
        words = str(error)[:_REASON_CHARACTERS]
        raise _unfit(function, parameter.name, f"has a type that cannot be read: {words}") from error


def _unfit(function: Callable[..., Any], parameter: str, words: str) -> MozaiksError:
    name = getattr(target_of(function), "__name__", "tool")
    return MozaiksError("TOOL_LOAD_FAILED", f"the parameter {parameter!r} of {name!r} {words}")
