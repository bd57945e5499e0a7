"""Calls the functions that workflow authors wrote, sync or async, without letting them harm the worker."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["run", "target_of"]


async def run(function: Callable[..., Any], /, *positional: Any, **arguments: Any) -> Any:
    """The function's result. A sync function runs in a thread of its own.

    Of its own, and not of the loop's pool: a function that hangs is left behind when its time is up, and must take no
    thread from the database or keep the process from ending.

    Raises
    ------
    Exception
        Whatever the function raised; ``RuntimeError`` in place of what would stop the loop (``SystemExit``) or be
        lost on the way (``StopIteration``).
    """
    call = functools.partial(function, *positional, **arguments)
    try:
        result = call() if _is_async(function) else await _in_thread(call)
        return await result if inspect.isawaitable(result) else result
    except SystemExit as error:
        raise RuntimeError("it tried to end the process") from error


def target_of(function: Callable[..., Any]) -> Any:
    """The function at the bottom of partials, decorators, methods and callable objects: where the code was written."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif inspect.ismethod(function):
            function = function.__func__
        elif inspect.isfunction(function) or inspect.isbuiltin(function) or inspect.isclass(function):
            return function
        elif inspect.isfunction(called := getattr(type(function), "__call__", None)):  # noqa: B004 - its code is needed
            function = called
        else:
            return function


def _is_async(function: Callable[..., Any]) -> bool:
    if isinstance(function, functools.partial):
        return _is_async(function.func)
    if inspect.isroutine(function) or inspect.isclass(function):
        return inspect.iscoroutinefunction(function)
    return inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004 - asks what it is, not whether


async def _in_thread(call: Callable[[], Any]) -> Any:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():  # nobody waits any more
            return
        if error is None:
            done.set_result(result)
        else:
            done.set_exception(error)

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = context.run(call)
        except BaseException as raised:  # noqa: BLE001 - it belongs to the caller, in whose task it is raised
            error = raised
            if isinstance(raised, StopIteration) or not isinstance(raised, Exception):
                error = RuntimeError(f"it raised {type(raised).__name__}")
                error.__cause__ = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: the worker has ended
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="mozaiks-function", daemon=True).start()
    return await done
