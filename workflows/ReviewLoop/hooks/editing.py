"""The house rules of an editorial office, applied to what its agents read and write."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any


def remind_of_length(text: str, context: MutableMapping[str, Any]) -> str:
    """What the Writer reads, with the length it has to keep to."""
    return f"{text}\n\n(At most {context['word_limit']} words.)"


def tidy(text: str, context: MutableMapping[str, Any]) -> str:
    """A draft with single spaces and without exclamation marks; it is counted as well."""
    context["drafts"] = context["drafts"] + 1
    return re.sub(r"[ \t]{2,}", " ", text.replace("!", "."))


def name_the_round(system_message: str, context: MutableMapping[str, Any]) -> str:
    """The Critic's prompt, with the number of the draft it is about to read."""
    return f"{system_message}\n\nYou are about to read draft {context['drafts']}."
