"""Resolves CloudFormation's intrinsic functions in a transformed template."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .errors import TemplateError

__all__ = ["Intrinsics"]


class _NoValue:
    """Marks ``AWS::NoValue``: the key or list item that holds it disappears."""


_NO_VALUE = _NoValue()


class Intrinsics:
    """Turns ``Ref``, ``Fn::GetAtt``, ``Fn::Sub`` and their kin into values.

    Parameters
    ----------
    references
        What ``Ref`` of a parameter, pseudo parameter or resource gives.
    attributes
        What ``Fn::GetAtt`` gives, by ``(logical id, attribute)``.
    mappings
        The template's ``Mappings``.
    conditions
        The template's ``Conditions``, unresolved.
    """

    def __init__(
        self,
        references: Mapping[str, Any],
        attributes: Mapping[tuple[str, str], str],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
    ) -> None:
        self._references = references
        self._attributes = attributes
        self._mappings = mappings
        self._conditions = conditions

    def resolve(self, value: Any) -> Any:
        """Give ``value`` with every intrinsic function replaced by what it stands for.

        Raises
        ------
        TemplateError
            For a name or attribute that does not exist, or a function that is not supported here.
        """
        resolved = self._resolve(value)
        return None if resolved is _NO_VALUE else resolved

    def holds(self, condition: str) -> bool:
        """Tell whether the named condition is true."""
        if condition not in self._conditions:
            raise TemplateError(f"the template has no condition {condition!r}")
        return bool(self._resolve(self._conditions[condition]))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in ("Ref", "Condition") and isinstance(argument, str):
                return self._ref(argument) if name == "Ref" else self.holds(argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                return self._function(name, argument)
        pairs = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name not in self._references:
            raise TemplateError(f"Ref names {name!r}, which is neither a parameter nor a resource of the template")
        return self._references[name]

    def _get_att(self, name: str, attribute: str) -> str:
        if (name, attribute) not in self._attributes:
            raise TemplateError(f"Fn::GetAtt {name}.{attribute} is not known to the local stack")
        return self._attributes[name, attribute]

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                return self._get_att(parts[0], str(self._resolve(parts[1])))
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::Join":
                return str(argument[0]).join(str(item) for item in self._resolve(argument[1]))
            case "Fn::Split":
                return str(self._resolve(argument[1])).split(argument[0])
            case "Fn::Select":
                return self._resolve(argument[1])[int(self._resolve(argument[0]))]
            case "Fn::If":
                return self._resolve(argument[1] if self.holds(argument[0]) else argument[2])
            case "Fn::Equals":
                return self._resolve(argument[0]) == self._resolve(argument[1])
            case "Fn::Not":
                return not self._resolve(argument[0])
            case "Fn::And":
                return all(self._resolve(item) for item in argument)
            case "Fn::Or":
                return any(self._resolve(item) for item in argument)
            case "Fn::FindInMap":
                table, row, column = (self._resolve(item) for item in argument[:3])
                return self._resolve(self._mappings[table][row][column])
            case "Fn::Base64":
                return base64.b64encode(str(self._resolve(argument)).encode()).decode()
            case _:
                raise TemplateError(f"{name} is not supported by the local stack")

    def _sub(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
        out: list[str] = []
        for index, part in enumerate(text.split("${")):
            if index == 0:
                out.append(part)
                continue
            name, closed, rest = part.partition("}")
            if not closed:
                raise TemplateError(f"Fn::Sub has an unclosed '${{' in {text!r}")
            if name.startswith("!"):  # ${!Literal} is CloudFormation's escape
                out.append("${" + name[1:] + "}" + rest)
                continue
            if name in local:
                value = self._resolve(local[name])
            elif "." in name and name not in self._references:
                value = self._get_att(*name.split(".", 1))
            else:
                value = self._ref(name)
            out.append(f"{value}{rest}")
        return "".join(out)
