"""Which modules of the client library are generated, and what they must say today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from mozaiks_local.typescript.api_models import api_module, openapi_document
from mozaiks_local.typescript.frames import frames_module

__all__ = ["SOURCES", "generated_modules"]

_ROOT: Final = Path(__file__).parents[3]

SOURCES: Final = _ROOT / "chatui" / "client" / "src"


def generated_modules() -> dict[str, str]:
    """Text by path below ``SOURCES``."""
    asyncapi = json.loads((_ROOT / "docs" / "asyncapi.json").read_text(encoding="utf-8"))
    return {
        "protocol/frames.ts": frames_module(asyncapi),
        "http/models.ts": api_module(openapi_document()),
    }
