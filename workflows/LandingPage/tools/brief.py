"""The brief of a page, kept in the chat's context variables."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def note_brief(product: str, audience: str, context_variables: MutableMapping[str, Any]) -> dict[str, str | int]:
    """Note what the page is about and for whom.

    Args:
        product: The product, in the guest's words.
        audience: Who the page is for.
        context_variables: Variables of the chat; the brief is kept as brief.
    """
    version = (context_variables["brief"] or {}).get("version", 0) + 1
    brief = {"product": product.strip(), "audience": audience.strip(), "version": version}
    context_variables["brief"] = brief
    return brief
