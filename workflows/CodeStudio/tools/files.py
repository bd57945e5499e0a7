"""Makes the files of a page complete and describes them."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any, Literal

from typing_extensions import TypedDict

_PROPERTY = re.compile(r"[a-z][a-z0-9-]{0,40}")
_VALUE = re.compile(r"[\w #%.,()'\"-]{1,80}")


class SourceFile(TypedDict):
    """One file of a page."""

    path: str
    language: Literal["html", "javascript"]
    content: str


def show_files(
    title: str, files: list[SourceFile], theme: dict[str, Any], context_variables: MutableMapping[str, Any]
) -> dict[str, Any]:
    """Show a page's files and what they look like.

    Args:
        title: What the page is called.
        files: The page and what it does.
        theme: CSS custom properties by name; what is no plain value of one is left out.
        context_variables: Variables of the chat: made and versions are set.
    """
    whole = [*files, {"path": "theme.css", "language": "css", "content": _style_sheet(theme)}]
    version = context_variables["versions"] + 1
    context_variables["versions"] = version
    context_variables["made"] = {
        "title": title,
        "version": version,
        "files": [
            {"path": each["path"], "language": each["language"], "bytes": len(each["content"].encode())}
            for each in whole
        ],
    }
    return {"title": title, "version": version, "entry": "index.html", "files": whole}


def files_made(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Which files were made, with their sizes, and as which version.

    Args:
        context_variables: Variables of the chat, with made.
    """
    made = context_variables["made"]
    return {"version": 0, "paths": ""} if made is None else {**made, "paths": _listed(made["files"])}


def _listed(files: list[dict[str, Any]]) -> str:
    return ", ".join(each["path"] for each in files)


def _style_sheet(theme: dict[str, Any]) -> str:
    kept = {
        name: str(value) for name, value in theme.items() if _PROPERTY.fullmatch(name) and _VALUE.fullmatch(str(value))
    }
    properties = "".join(f"  --{name}: {value};\n" for name, value in sorted(kept.items()))
    return (
        f":root {{\n{properties}}}\n\n"
        "body {\n  margin: 0;\n  min-height: 100vh;\n"
        "  display: grid;\n  place-content: center;\n  text-align: center;\n"
        "  background: var(--background, white);\n  color: var(--text, black);\n"
        "  font-family: var(--font, sans-serif);\n}\n"
    )
