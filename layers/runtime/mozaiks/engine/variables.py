"""The context variables as tools and hooks see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Variables"]


class Variables(dict[str, Any]):
    """A copy of the context variables that knows what was changed, in whatever way a dict can be.

    Values are copied to their depth: what a tool does to a list it found here counts as a change, and reaches the
    chat only through ``changed``.

    Parameters
    ----------
    values
        Name → JSON value. Never written to.
    """

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        self._before = dict(values or {})
        self._touched: dict[str, None] = {}
        super().__init__({name: _copied(value) for name, value in self._before.items()})

    @property
    def changed(self) -> dict[str, Any]:
        """Name → new value of everything assigned, altered in place or deleted; deleted is ``None``.

        In the order of the first assignment; what was altered in place comes last.
        """
        names = dict(self._touched)
        for name, value in self.items():
            if name not in names and (name not in self._before or value != self._before[name]):
                names[name] = None
        return {name: self.get(name) for name in names}

    def set(self, name: str, value: Any) -> None:
        """The same as assigning, for code written in that style."""
        self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._touched[name] = None

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._touched[name] = None

    def update(self, *values: Any, **named: Any) -> None:
        for name, value in dict(*values, **named).items():
            self[name] = value

    def __ior__(self, values: Any) -> Variables:  # type: ignore[override,misc]
        self.update(values)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, *default: Any) -> Any:
        present = name in self
        value = super().pop(name, *default)
        if present:
            self._touched[name] = None
        return value

    def popitem(self) -> tuple[str, Any]:
        name, value = super().popitem()
        self._touched[name] = None
        return name, value

    def clear(self) -> None:
        self._touched.update(dict.fromkeys(self))
        super().clear()


def _copied(value: Any) -> Any:
    """JSON's containers anew. Anything else is no JSON and cannot be stored anyway; it stays what it is."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    return value
