"""A user's secret as data: what it may be, what its ciphertext is bound to, what stands in its place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mozaiks.access.principal import Tenant, checked_id
from mozaiks.errors import MozaiksError

__all__ = [
    "MAX_SECRET_BYTES",
    "MIN_SECRET_CHARS",
    "SealedSecret",
    "checked_value",
    "context_of",
    "reference_to",
    "secret_fields",
    "without_secrets",
]

MIN_SECRET_CHARS: Final = 4
"""A shorter text would be found everywhere, so it could not be masked where a tool lets it slip."""
MAX_SECRET_BYTES: Final = 4096
"""What KMS encrypts in one call, without a data key of its own."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A secret as it is stored: only KMS can open it, and only for the app, the user and the name it was sealed for."""

    name: str
    ciphertext: bytes


def context_of(tenant: Tenant, name: str) -> dict[str, str]:
    """What a ciphertext is bound to. With any other app, user or name, KMS refuses to decrypt it.

    Raises
    ------
    ValueError
        If ``tenant`` is a whole app: a secret is one user's.
    """
    if tenant.user_id is None:
        raise ValueError("a secret belongs to one user; expected a tenant with a user_id")
    return {"app_id": tenant.app_id, "user_id": tenant.user_id, "name": name}


def checked_value(value: object, field: str = "value") -> str:
    """``value`` if it can be a secret. The message says how long it is, never what it is.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` if it is no text, too short to be masked, or too long for KMS.
    """
    if not isinstance(value, str):
        raise MozaiksError("VALIDATION", f"{field} is {type(value).__name__}; expected text", field=field)
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise MozaiksError("VALIDATION", f"{field} holds half of a surrogate pair", field=field) from None
    if len(value.strip()) < MIN_SECRET_CHARS:
        raise MozaiksError(
            "VALIDATION",
            f"{field} has {len(value.strip())} characters; expected at least {MIN_SECRET_CHARS}, not counting blanks"
            " around them",
            field=field,
        )
    if size > MAX_SECRET_BYTES:
        raise MozaiksError("VALIDATION", f"{field} has {size} bytes; expected at most {MAX_SECRET_BYTES}", field=field)
    return value


def reference_to(name: str) -> str:
    """What stands in an answer where its secret was."""
    return f"secret:{name}"


def secret_fields(declared: Mapping[str, str], response: Any) -> dict[str, str]:
    """The secrets in a component's answer, by their names.

    Parameters
    ----------
    declared
        Field of the answer → name of the secret. A field that is absent, ``null`` or empty was not given.

    Raises
    ------
    MozaiksError
        ``VALIDATION`` if the answer is no object, or a field holds what can be no secret.
    """
    if not isinstance(response, dict):
        raise MozaiksError(
            "VALIDATION",
            f"the response is {type(response).__name__}; expected an object, some fields of which are secrets",
            field="response",
            path="$",
        )
    given = {field: response[field] for field in declared if response.get(field) not in (None, "")}
    return {
        declared[field]: checked_value(value, f"response.{checked_id('field', field)}")
        for field, value in given.items()
    }


def without_secrets(declared: Mapping[str, str], response: dict[str, Any], values: Iterable[str]) -> dict[str, Any]:
    """The answer with references in the place of its secrets, wherever else in it they stand."""
    hidden = sorted(set(values), key=len, reverse=True)
    told = {
        key: reference_to(declared[key]) if key in declared and value not in (None, "") else _masked(value, hidden)
        for key, value in response.items()
    }
    return {key if key in declared else str(_masked(key, hidden)): value for key, value in told.items()}


def _masked(value: Any, hidden: list[str]) -> Any:
    if isinstance(value, str):
        for each in hidden:
            value = value.replace(each, "[secret]")
        return value
    if isinstance(value, dict):
        return {_masked(key, hidden): _masked(each, hidden) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each, hidden) for each in value]
    return value
