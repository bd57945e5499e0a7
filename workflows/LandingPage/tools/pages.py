"""Saves pages: as a description of the file, kept in the chat's context variables."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import MutableMapping
from typing import Any, Literal

from typing_extensions import TypedDict


class Section(TypedDict):
    """One reason, with its title."""

    title: str
    text: str


def save_page(
    headline: str,
    subline: str,
    sections: list[Section],
    call_to_action: str,
    tone: Literal["calm", "playful", "formal"],
    context_variables: MutableMapping[str, Any],
    turn_idempotency_key: str,
) -> dict[str, Any]:
    """Save a page.

    Args:
        headline: At most eight words.
        subline: What it is.
        sections: The reasons.
        call_to_action: What the reader shall do.
        tone: How it sounds.
        context_variables: Variables of the chat; page and saved are set.
        turn_idempotency_key: The turn that wrote the page. The same turn saves one page, however often it is called.
    """
    saved = context_variables["saved"]
    for earlier in saved:
        if earlier["key"] == turn_idempotency_key:
            return dict(earlier["page"])
    content = _rendered(headline, subline, sections, call_to_action, tone).encode()
    slug = "-".join(re.findall(r"[a-z0-9]+", headline.lower())) or "page"
    version = (context_variables["brief"] or {}).get("version", 1)
    page = {
        "path": f"pages/{slug[:40].strip('-')}-v{version}.html",
        "version": version,
        "headline": headline,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    context_variables["page"] = page
    context_variables["saved"] = [*saved, {"key": turn_idempotency_key, "page": page}]
    return page


def describe_page(context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """The page that was saved last, its version and its size.

    Args:
        context_variables: Variables of the chat, with page.
    """
    return {"saved": False} if context_variables["page"] is None else {"saved": True, **context_variables["page"]}


def _rendered(headline: str, subline: str, sections: list[Section], call_to_action: str, tone: str) -> str:
    parts = [f"<h2>{html.escape(each['title'])}</h2><p>{html.escape(each['text'])}</p>" for each in sections]
    return (
        f'<!doctype html><html lang="en"><title>{html.escape(headline)}</title><body class="{html.escape(tone)}">'
        f"<h1>{html.escape(headline)}</h1><p>{html.escape(subline)}</p>{''.join(parts)}"
        f"<a href='#order'>{html.escape(call_to_action)}</a></body></html>"
    )
