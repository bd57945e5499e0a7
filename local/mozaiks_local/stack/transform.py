"""AWS's own SAM transform, run offline, its result kept while template and transform stay the same."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from .errors import TemplateError

__all__ = ["LOCAL_BUCKET", "load", "transform"]

LOCAL_BUCKET = "folder-beside-the-template"
"""The transform wants code in S3: a local folder is given to it as a key of this bucket."""


def transform(path: Path, cache: Path | None, parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Give the CloudFormation template a SAM template stands for; local folders are keys of ``LOCAL_BUCKET``.

    ``parameters`` are for what the transform itself decides by a parameter's value, in place of its default.

    Raises
    ------
    TemplateError
        If the file cannot be read or the transform refuses it; the message repeats the transform's.
    """
    document = load(path)
    for kind, properties in (document.get("Globals") or {}).items():
        _localize(path, f"Globals.{kind}", properties)
    for name, resource in document["Resources"].items():
        _localize(path, name, resource.get("Properties") or {})
    stored = cache / f"template-{_fingerprint(document, parameters)}.json" if cache is not None else None
    if stored is not None and stored.is_file():
        kept: dict[str, Any] = json.loads(stored.read_text())
        return kept
    result = _translate(path, document, parameters)
    if stored is not None:
        stored.parent.mkdir(parents=True, exist_ok=True)
        for old in stored.parent.glob("template-*.json"):
            old.unlink(missing_ok=True)
        stored.write_text(json.dumps(result))
    return result


def _fingerprint(document: dict[str, Any], parameters: Mapping[str, str] | None) -> str:
    text = json.dumps([version("aws-sam-translator"), document, dict(parameters or {})], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Ref``, ``!Sub`` and the others."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has three kinds of nodes
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
# "2010-09-09" is a version here, not a date.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))  # type: ignore[arg-type]


def load(path: Path) -> dict[str, Any]:
    """Read a template as it is, its short forms written out. Raises ``TemplateError`` as ``transform`` does."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TemplateError(f"the template {path} cannot be read: {error.strerror}") from error
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with the short forms
    except yaml.YAMLError as error:
        raise TemplateError(f"{path.name} is not YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path.name} has no Resources")
    return document


def _localize(template: Path, name: str, properties: dict[str, Any]) -> None:
    for key in ("CodeUri", "ContentUri"):
        if isinstance(properties.get(key), str) and not properties[key].startswith("s3://"):
            properties[key] = {"Bucket": LOCAL_BUCKET, "Key": properties[key]}
    definition = properties.get("DefinitionUri")
    if isinstance(definition, str) and not definition.startswith("s3://"):
        file = template.parent / definition
        try:
            text = file.read_text(encoding="utf-8")
            properties["Definition"] = (
                json.loads(text) if file.suffix == ".json" else yaml.load(text, Loader=_Loader)  # noqa: S506
            )
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise TemplateError(f"{name}: its definition {definition!r} cannot be read: {error}") from error
        del properties["DefinitionUri"]


def _translate(path: Path, document: dict[str, Any], parameters: Mapping[str, str] | None) -> dict[str, Any]:
    # Imported here: half a second that a kept result saves.
    import boto3
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    # Tells of switches of AWS's own that are not set here.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    try:
        result: dict[str, Any] = translator.translate(document, dict(parameters or {}))
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes) or str(error)
        raise TemplateError(f"{path.name} is refused by the SAM transform: {causes}") from error
    return result
