"""JSON text, in which values that models, tools and people made up are stored.

BSON refuses keys with a NUL, integers over 64 bits and halves of surrogate pairs, and gives ``$`` and ``.`` in keys a
meaning. As text, any JSON value is stored and read back as it was.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["from_text", "to_text"]


def to_text(value: Any) -> str:
    """``value`` as JSON. ``ValueError`` for what is no JSON: NaN, infinities, cycles."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def from_text(text: str) -> Any:
    return json.loads(text)
