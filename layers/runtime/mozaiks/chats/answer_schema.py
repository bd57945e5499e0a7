"""Whether an answer meets the JSON Schema of its request. The validator is loaded only where there is a schema."""

from __future__ import annotations

import json
from typing import Any

from mozaiks.errors import MozaiksError

__all__ = ["check_schema", "fitting", "fitting_text"]


def check_schema(schema: dict[str, Any]) -> None:
    """Refuse what is no JSON Schema, before anybody is asked for an answer that could never be right.

    Raises
    ------
    ValueError
        Says where in the schema what is wrong.
    """
    from jsonschema.exceptions import SchemaError

    try:
        _validator_class(schema).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"no JSON Schema: at {error.json_path}: {error.message[:200]}") from error


def fitting(schema: dict[str, Any] | None, response: Any) -> Any:
    """``response`` if it meets ``schema``; anything does where there is none.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` with the place (``path``) and the rule that is not met. The value is not repeated: it may be
        private. ``CONFIGURATION`` if the schema itself cannot be used.
    """
    complaint = None if schema is None else _complaint(schema, response)
    if complaint is not None:
        raise complaint
    return response


def fitting_text(schema: dict[str, Any] | None, text: str) -> Any:
    """What a text says to a request: itself, or the JSON value it spells where the request has a schema.

    A text that spells a value which does not fit, but fits as text, is that text. Raises as ``fitting`` does.
    """
    if schema is None:
        return text
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return fitting(schema, text)
    complaint = _complaint(schema, value)
    if complaint is None:
        return value
    if _complaint(schema, text) is None:
        return text
    raise complaint


def _complaint(schema: dict[str, Any], value: Any) -> MozaiksError | None:
    from jsonschema.exceptions import SchemaError, best_match
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    class_ = _validator_class(schema)
    try:
        class_.check_schema(schema)
        # An empty registry: a reference to another place is not fetched.
        error = best_match(class_(schema, registry=Registry()).iter_errors(value))
    except (SchemaError, Unresolvable) as problem:
        return MozaiksError("CONFIGURATION", f"the request's own schema cannot be used: {type(problem).__name__}")
    except RecursionError:
        return MozaiksError("VALIDATION", "the response is nested too deeply", path="$")
    if error is None:
        return None
    rule = f"{error.validator}: {json.dumps(error.validator_value, ensure_ascii=False)}"
    return MozaiksError(
        "VALIDATION",
        f"the response does not fit at {error.json_path[:200]}: expected {rule[:200]}",
        field="response",
        path=error.json_path,
        rule=str(error.validator),
    )


def _validator_class(schema: dict[str, Any]) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for

    return validator_for(schema, default=Draft202012Validator)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
