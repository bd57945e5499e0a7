"""Where context variables get their first values from."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import AliasChoices

from mozaiks.access.principal import Tenant
from mozaiks.engine.context_computed import computed_value, in_order
from mozaiks.engine.context_queries import bound
from mozaiks.engine.context_values import MAX_VALUE_BYTES, check_total, coerced
from mozaiks.errors import MozaiksError
from mozaiks.manifests.folder import Folder
from mozaiks.manifests.json_source import parse_json
from mozaiks.manifests.nodes import SourceError
from mozaiks.manifests.spec import ContextVariableSpec, Source, WorkflowSpec
from mozaiks.manifests.yaml_source import parse_yaml
from mozaiks.settings import Settings

__all__ = ["ContextSources", "Surroundings", "initial_values"]

MAX_DOCUMENTS: Final = 200
"""Documents one variable may hold."""

_MANY: Final = ("list", "any")
"""Types that take all documents; the others take the first."""
_AWS_SECRETS: Final = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"})


class ContextSources(Protocol):
    """The database as ``data_reference`` variables see it."""

    async def documents(
        self, tenant: Tenant, collection: str, query: Mapping[str, Any], fields: tuple[str, ...], limit: int
    ) -> list[dict[str, Any]]:
        """At most ``limit`` of the tenant's documents that match, JSON-ready.

        ``ValueError`` says why the collection or the query is refused; ``DATABASE_UNAVAILABLE`` passes through.
        """
        ...


class Surroundings:
    """The environment and the workflow's folder, read for variables.

    Parameters
    ----------
    folder
        The workflow's folder; no file outside it is read.
    environment
        Environment variables. Those that hold the runtime's own secrets are never given out.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder = Folder(folder, folder.name)
        self._environment = environment

    def variable(self, name: str) -> str | None:
        """The environment variable of exactly that name; ``None`` if it is unset or empty.

        Raises
        ------
        ValueError
            It holds a secret of the runtime: values of variables are stored, and shown to models.
        """
        if name.upper() in _own_secrets():
            raise ValueError(f"the environment variable {name!r} holds a secret of the runtime")
        return self._environment.get(name) or None

    def file(self, path: str, format_: str) -> Any:
        """The content of a file: text, or the data it holds.

        Raises
        ------
        ValueError
            It is outside the folder, missing, too large, not UTF-8, or not of that format. Quotes nothing of it.
        """
        inside = self._folder.inside(path)
        if inside is None:
            raise ValueError(f"the file {path!r} is outside the workflow's folder")
        try:
            with inside.open("rb") as stream:
                content = stream.read(MAX_VALUE_BYTES + 1)
        except OSError as error:
            raise ValueError(f"the file {path!r} cannot be read ({type(error).__name__})") from error
        if len(content) > MAX_VALUE_BYTES:
            raise ValueError(f"the file {path!r} has more than {MAX_VALUE_BYTES} bytes")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(f"the file {path!r} is not UTF-8") from None
        if format_ == "text":
            return text
        try:
            node, twice = (parse_json if format_ == "json" else parse_yaml)(text, path)
        except SourceError as error:
            raise _malformed(path, format_, error) from None
        if twice:
            raise _malformed(path, format_, twice[0])
        return node.plain()


async def initial_values(
    spec: WorkflowSpec,
    *,
    facts: Mapping[str, str],
    folder: Path,
    sources: ContextSources,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, Any]:
    """The values of all variables when a chat begins.

    A variable is read after those its query or expression names. A source that has nothing (an unset environment
    variable, no matching document) leaves the default.

    Parameters
    ----------
    facts
        What is always present: workflow_name, app_id, chat_id, user_id. ``app_id`` is whose documents are read.

    Raises
    ------
    MozaiksError
        ``CONTEXT_INVALID``, naming the variable and the reason and no value; ``DATABASE_UNAVAILABLE``.
    """
    surroundings = Surroundings(folder, environment)
    tenant = Tenant(facts["app_id"])
    values: dict[str, Any] = dict(facts)
    declared: dict[str, Any] = {}
    try:
        ordered = in_order(spec.context_variables)
    except ValueError as error:
        raise MozaiksError("CONTEXT_INVALID", f"context variables of {spec.name!r}: {error}") from None
    for variable in ordered:
        try:
            found = await _first_value(variable, values, surroundings, tenant, sources)
            values[variable.name] = declared[variable.name] = found
        except ValueError as error:
            raise MozaiksError(
                "CONTEXT_INVALID",
                f"context variable {variable.name!r} of {spec.name!r} ({variable.source.kind}): {error}",
                variable=variable.name,
                source=variable.source.kind,
            ) from error
    try:
        check_total(values)
    except ValueError as error:
        raise MozaiksError("CONTEXT_INVALID", f"context variables of {spec.name!r}: {error}") from None
    return {**facts, **{variable.name: declared[variable.name] for variable in spec.context_variables}}


async def _first_value(
    variable: ContextVariableSpec,
    values: Mapping[str, Any],
    surroundings: Surroundings,
    tenant: Tenant,
    sources: ContextSources,
) -> Any:
    source = variable.source
    if source.kind == "computed":
        return computed_value(variable, values)
    found: Any = None
    if source.kind == "config":
        found = surroundings.variable(_required(source.env_var, "env_var"))
    elif source.kind == "file":
        found = await asyncio.to_thread(surroundings.file, _required(source.path, "path"), source.format)
    elif source.kind == "data_reference":
        query = bound(source.query_template, values)
        collection = _required(source.collection, "collection")
        limit = MAX_DOCUMENTS if variable.type in _MANY else 1
        found = _shaped(variable, await sources.documents(tenant, collection, query, source.fields, limit))
    return coerced(variable, variable.default if found is None else found)


def _shaped(variable: ContextVariableSpec, documents: list[dict[str, Any]]) -> Any:
    """What a variable of that type takes of the documents: all, the first one, or the first one's only field."""
    if variable.type in _MANY:
        return documents if documents or variable.default is None else None
    if not documents:
        return None
    if variable.type == "dict":
        return documents[0]
    return _field_of(documents[0], variable.source)


def _field_of(document: Mapping[str, Any], source: Source) -> Any:
    if len(source.fields) != 1:
        raise ValueError(f"a single value is read from exactly one field, 'fields' names {len(source.fields)}")
    found: Any = document
    for part in source.fields[0].split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _required(value: str | None, key: str) -> str:
    if not value:
        raise ValueError(f"its source lacks {key!r}")
    return value


def _malformed(path: str, format_: str, error: SourceError) -> ValueError:
    # The parser's own words quote the file.
    where = f" (line {error.line}, column {error.column})" if error.line is not None else ""
    return ValueError(f"the file {path!r} is not valid {format_.upper()}{where}: {error.code}")


@cache
def _own_secrets() -> frozenset[str]:
    names = set(_AWS_SECRETS)
    for name, field in Settings.model_fields.items():
        if "SecretStr" in str(field.annotation):
            names.add(name.upper())
            if isinstance(field.validation_alias, AliasChoices):
                names.update(str(alias).upper() for alias in field.validation_alias.choices)
            elif isinstance(field.validation_alias, str):
                names.add(field.validation_alias.upper())
    return frozenset(names)
