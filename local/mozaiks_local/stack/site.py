"""The built page on the gateway's port: its files, its own addresses, and what it has to know to begin.

What is no file and no address of the page is the API's. Deployed, a bucket and a distribution do the same.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .http_server import HttpRequest, HttpResponse

__all__ = ["PAGE_PATHS", "PAGE_POLICY", "PREVIEW_POLICY", "Site"]

PAGE_PATHS: Final = ("chats", "artifacts", "journeys", "workflows")
"""First steps of the addresses the page draws by itself; each is answered with ``index.html``."""

_CONFIG: Final = "/config.json"
_INDEX: Final = "index.html"
_PREVIEW: Final = "preview.html"
_HASHED: Final = "/assets/"
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: https:;"
    " font-src 'self' data:; connect-src 'self' ws: wss:; frame-src 'self'; manifest-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'"
)
PREVIEW_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:;"
    " style-src 'unsafe-inline' data:; img-src data: blob:; font-src data:; media-src data: blob:; connect-src 'none';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""For what an agent generated: it may run, and reach neither the page nor any network."""


class Site:
    """Answers for the page.

    Parameters
    ----------
    folder
        The built page.
    config
        What ``/config.json`` says. Nothing secret: every visitor reads it.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        self._folder = folder.resolve()
        self._config = json.dumps(dict(config)).encode()

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """Give the answer to a request of the page's; ``None`` for any other."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.path
        if path == _CONFIG:
            return _response(self._config, "application/json", "no-store")
        if path == "/" or path.split("/")[1] in PAGE_PATHS:
            return self._file(self._folder / _INDEX, path)
        file = self._folder.joinpath(*path.split("/")[1:])
        if file.name.startswith(".") or not file.resolve().is_relative_to(self._folder) or not file.is_file():
            return None
        return self._file(file, path)

    def _file(self, file: Path, path: str) -> HttpResponse | None:
        try:
            content = file.read_bytes()
        except OSError:
            return None  # removed by a newer build: as absent as any other
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        cache = "public, max-age=31536000, immutable" if path.startswith(_HASHED) else "no-cache"
        policy = PREVIEW_POLICY if file.name == _PREVIEW else PAGE_POLICY
        return _response(content, kind, cache, policy if kind == "text/html" else None)


def _response(content: bytes, kind: str, cache: str, policy: str | None = None) -> HttpResponse:
    text = kind.startswith("text/") or kind == "application/json"
    headers = [
        ("Content-Type", f"{kind}; charset=utf-8" if text else kind),
        ("Cache-Control", cache),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]
    if policy is not None:
        headers.append(("Content-Security-Policy", policy))
    return HttpResponse(200, content, headers)
