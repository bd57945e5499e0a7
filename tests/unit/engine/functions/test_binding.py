"""What a model is shown of a function's signature, and how the function is then called."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Optional

import pytest
from pydantic import BaseModel

from mozaiks.engine.binding import INJECTED, bind
from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from collections import OrderedDict as Unseen

    from .conftest import Root

VALUES = {name: f"the {name}" for name in INJECTED}


class Address(BaseModel):
    street: str
    number: int = 1


@dataclass
class Point:
    x: int
    y: int = 0


def schema(function: Callable[..., Any], parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the model is shown."""
    return bind(function, lambda: VALUES, parameters).schema


def call(function: Callable[..., Any], parameters: dict[str, Any] | None = None, **arguments: Any) -> Any:
    """Call as the engine does: the arguments are JSON, validated on their way."""
    return asyncio.run(bind(function, lambda: VALUES, parameters)(arguments))


def refusal(function: Callable[..., Any]) -> str:
    with pytest.raises(MozaiksError) as caught:
        bind(function, lambda: VALUES, None)
    assert caught.value.code == "TOOL_LOAD_FAILED"
    return caught.value.message


# --- types ----------------------------------------------------------------------------------------------------------


def test_types_written_as_strings_are_resolved_and_defaults_kept() -> None:
    def find(name: str, limit: int = 5, exact: bool = False) -> str: ...

    shown = schema(find)
    assert {name: part["type"] for name, part in shown["properties"].items()} == {
        "name": "string",
        "limit": "integer",
        "exact": "boolean",
    }
    assert shown["required"] == ["name"]
    assert shown["properties"]["limit"]["default"] == 5


def test_a_default_is_used_when_the_model_leaves_the_argument_out() -> None:
    def find(name: str, limit: int = 5) -> tuple[str, int]:
        return name, limit

    assert call(find, name="x") == ("x", 5)


def test_choices_and_optionals_are_shown_as_such() -> None:
    def find(level: Literal["low", "high"], note: Optional[str] = None, count: int | None = None) -> None: ...  # noqa: UP045

    properties = schema(find)["properties"]
    assert properties["level"]["enum"] == ["low", "high"]
    assert {part["type"] for part in properties["note"]["anyOf"]} == {"string", "null"}
    assert {part["type"] for part in properties["count"]["anyOf"]} == {"integer", "null"}


def test_parameters_may_be_called_what_a_model_calls_its_own() -> None:
    def find(model_fields: list[str], model_name: str, json: str = "") -> Any:
        return model_fields, model_name, json

    assert call(find, model_fields=["a"], model_name="m", json="{}") == (["a"], "m", "{}")


def test_models_and_dataclasses_arrive_as_their_types() -> None:
    def place(address: Address, point: Point, others: list[Address]) -> tuple[Any, ...]:
        return address, point, others

    assert schema(place)["properties"]["others"]["type"] == "array"
    found = call(place, address={"street": "A"}, point={"x": 3}, others=[{"street": "B", "number": 2}])
    assert found == (Address(street="A"), Point(3), [Address(street="B", number=2)])


def test_a_parameter_without_a_type_takes_anything() -> None:
    def echo(value):  # type: ignore[no-untyped-def]
        return value

    assert "type" not in schema(echo)["properties"]["value"]
    assert call(echo, value=[1, {"a": None}]) == [1, {"a": None}]


def test_types_are_looked_up_where_the_tool_was_written(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": """
                from __future__ import annotations
                from pydantic import BaseModel
                from .kinds import Kind
                class Address(BaseModel):
                    zip: Zip
                class Zip(BaseModel):
                    code: int
                def execute(address: Address, kind: Kind = Kind.BIG): return address.zip.code, kind.name
            """,
            "One/tools/kinds.py": """
                import enum
                class Kind(enum.Enum):
                    SMALL = "small"
                    BIG = "big"
            """,
        }
    )
    function = root.load("One")
    assert call(function, address={"zip": {"code": 4}}, kind="small") == (4, "SMALL")
    assert call(function, address={"zip": {"code": 4}}) == (4, "BIG")


def test_a_type_that_only_checkers_see_is_refused_by_the_parameter_s_name() -> None:
    def find(name: str, where: Unseen[str, str]) -> None: ...

    assert refusal(find) == "the parameter 'where' of 'find' has a type that its module does not know: 'Unseen'"


def test_a_type_no_schema_describes_is_refused_by_the_parameter_s_name() -> None:
    def find(lock: threading.Event) -> None: ...

    assert refusal(find) == "the parameter 'lock' of 'find' is of the type Event, which no JSON Schema describes"


def test_a_type_that_is_no_python_is_refused_by_the_parameter_s_name() -> None:
    def find(name): ...  # type: ignore[no-untyped-def]

    find.__annotations__ = {"name": "not a type!"}
    assert refusal(find).startswith("the parameter 'name' of 'find' has a type that cannot be read")


# --- injected parameters --------------------------------------------------------------------------------------------


def test_injected_parameters_are_filled_in_and_never_shown_whatever_their_types() -> None:
    def use(text: str, context_variables: Unseen[str, str], app_id: NoSuchName, chat_id, progress=None) -> Any:  # type: ignore  # noqa
        return text, context_variables, app_id, chat_id, progress

    assert list(schema(use)["properties"]) == ["text"]
    assert call(use, text="x") == ("x", "the context_variables", "the app_id", "the chat_id", "the progress")


def test_a_model_cannot_set_an_injected_value() -> None:
    def use(text: str, app_id: str) -> str:
        return app_id

    assert call(use, text="x", app_id="another tenant") == "the app_id"


def test_a_manifest_cannot_let_the_model_name_an_injected_value() -> None:
    def use(**given: Any) -> dict[str, Any]:
        return given

    parameters = {"type": "object", "properties": {"app_id": {"type": "string"}, "note": {"type": "string"}}}
    assert call(use, parameters, app_id="another tenant", note="n") == {"note": "n"}


def test_a_private_parameter_with_a_default_is_left_alone() -> None:
    def use(text: str, _cache: threading.Event | None = None) -> Any:
        return text, _cache

    assert list(schema(use)["properties"]) == ["text"]
    assert call(use, text="x") == ("x", None)


# --- open-ended functions -------------------------------------------------------------------------------------------


def test_the_manifest_names_the_parameters_of_an_open_function() -> None:
    def use(text: str, **more: Any) -> Any:
        return text, more

    parameters = {"type": "object", "properties": {"text": {}, "size": {"type": "integer"}, "tone": {}}}
    assert call(use, parameters, text="x", size=3) == ("x", {"size": 3})


def test_a_required_parameter_of_an_open_function_must_come() -> None:
    def use(**more: Any) -> Any:
        return more

    with pytest.raises(ValueError, match="size"):
        call(use, {"type": "object", "properties": {"size": {}}, "required": ["size"]})


def test_an_open_function_without_a_manifest_schema_takes_nothing_more() -> None:
    def use(text: str, *args: Any, **more: Any) -> Any:
        return text, args, more

    assert list(schema(use)["properties"]) == ["text"]
    assert call(use, text="x") == ("x", (), {})


# --- kinds of callables ---------------------------------------------------------------------------------------------


class Shelf:
    """A shelf."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self, book: str) -> str:
        """Find a book."""
        return f"{book} on {self.name}"

    def __call__(self, book: str, app_id: str) -> str:
        """Ask for a book."""
        return f"{book} of {app_id}"


class AsyncShelf:
    async def __call__(self, book: str) -> str:
        return f"{book} at last"


def loud(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@loud
def decorated(book: str, chat_id: str, copies: int = 1) -> str:
    """A decorated tool."""
    return f"{copies} {book} {chat_id}"


@loud
async def decorated_async(book: str) -> str:
    return f"{book} awaited"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (Shelf("A").find, "Emma on A"),
        (Shelf("A"), "Emma of the app_id"),
        (AsyncShelf(), "Emma at last"),
        (decorated, "1 Emma the chat_id"),
        (decorated_async, "Emma awaited"),
        (functools.partial(Shelf("B").find), "Emma on B"),
    ],
    ids=["method", "object", "async object", "decorated", "decorated async", "partial"],
)
def test_any_kind_of_callable_can_be_a_tool(function: Callable[..., Any], expected: str) -> None:
    assert schema(function)["properties"]["book"]["type"] == "string"
    assert call(function, book="Emma") == expected


@pytest.mark.parametrize(
    ("function", "name", "about"),
    [
        (Shelf("A").find, "find", "Find a book."),
        (Shelf("A"), "__call__", "Ask for a book."),
        (decorated, "decorated", "A decorated tool."),
    ],
)
def test_name_and_docstring_are_those_of_the_code(function: Callable[..., Any], name: str, about: str) -> None:
    bound = bind(function, lambda: VALUES, None)
    assert (bound.name, bound.description) == (name, about)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(a, /): ...", "the parameter 'a' of 'f' is positional-only, and tools are called by name"),
        ("def f(_a): ...", "the parameter '_a' of 'f' begins with '_' and has no default"),
    ],
)
def test_a_parameter_no_model_can_fill_is_refused(source: str, said: str) -> None:
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102
    assert said in refusal(names["f"])


def test_a_callable_without_a_signature_is_refused() -> None:
    assert refusal(dict) == "'dict' cannot be a tool: its signature is unknown"


# --- threads and what a function may raise --------------------------------------------------------------------------


def test_a_sync_function_runs_beside_the_loop_and_sees_its_context_variables() -> None:
    marker = contextvars.ContextVar("marker", default="unset")

    def where() -> tuple[bool, str]:
        return threading.current_thread() is threading.main_thread(), marker.get()

    async def main() -> Any:
        marker.set("set")
        return await bind(where, lambda: VALUES, None)({})

    assert asyncio.run(main()) == (False, "set")


def test_functions_that_hang_take_no_thread_from_others() -> None:
    release = threading.Event()

    def hang() -> None:
        release.wait(60)

    async def main() -> str:
        bound = bind(hang, lambda: VALUES, None)
        hanging = [asyncio.create_task(bound({})) for _ in range(80)]
        await asyncio.sleep(0)
        found = await asyncio.to_thread(lambda: "the database answers")
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        return found

    try:
        assert asyncio.run(asyncio.wait_for(main(), 20)) == "the database answers"
    finally:
        release.set()


def raise_stop() -> None:
    raise StopIteration


def leave() -> None:
    raise SystemExit(1)


async def leave_async() -> None:
    raise SystemExit(1)


@pytest.mark.parametrize("function", [raise_stop, leave, leave_async])
def test_what_would_stop_the_worker_is_an_error_of_the_tool(function: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match=r"StopIteration|SystemExit|end the process"):
        asyncio.run(asyncio.wait_for(bind(function, lambda: VALUES, None)({}), 10))


def test_an_error_of_the_function_stays_what_it_is() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        asyncio.run(bind(fail, lambda: VALUES, None)({}))
