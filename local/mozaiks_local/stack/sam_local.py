"""The template for ``sam local``: what was built, with the variables that functions in containers need to find us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .transform import load

__all__ = ["container_environment", "write_template"]

_HERE = re.compile(r"(?<=[/@])(127\.0\.0\.1|localhost|\[::1\])(?=[:/])")
_OF_THIS_MACHINE = {"MOZAIKS_WORKFLOWS_PATH", "MOZAIKS_DATA_DIR"}
"""Folders that a container does not have; the template's own values stand."""


def container_environment(
    template: Mapping[str, str], own: Mapping[str, str], overlay: Mapping[str, str], host: str
) -> dict[str, str]:
    """Variables of a function in a container.

    Parameters
    ----------
    template, own, overlay
        The template's variables, the addresses of the stack's parts, and the developer's; later ones win.
    host
        How a container calls this machine. It takes the place of loopback in every address.
    """
    merged = {
        **template,
        **own,
        **{name: value for name, value in overlay.items() if name not in _OF_THIS_MACHINE},
    }
    return {name: _address(value, host) for name, value in merged.items()}


def _address(value: str, host: str) -> str:
    moved = _HERE.sub(host, value)
    if moved == value or not value.startswith("mongodb://") or "directconnection" in value.lower():
        return moved
    # The members of the replica set call themselves by a name that is another machine's in there.
    before, _, options = moved.partition("?")
    before = before if before.count("/") > 2 else f"{before}/"
    return f"{before}?{options}{'&' if options else ''}directConnection=true"


def write_template(built: Path, environments: Mapping[str, Mapping[str, str]], target: Path) -> None:
    """Write the template ``sam local`` is given.

    Parameters
    ----------
    built
        The template that ``sam build`` wrote. Its code is named by whole paths in the new one.
    environments
        Variables by the logical id of each function. ``sam local`` passes on no others than a template names.
    target
        The file, in JSON. Only its owner may read it: variables hold the address of the database.
    """
    document = load(built)
    for name, resource in document["Resources"].items():
        properties: dict[str, Any] = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri", "DefinitionUri"):
            if isinstance(properties.get(key), str) and "://" not in properties[key]:
                properties[key] = str((built.parent / properties[key]).resolve())
        if name in environments:
            properties["Environment"] = {"Variables": dict(environments[name])}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")
