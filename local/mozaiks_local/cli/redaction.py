"""What must not be read over a shoulder: secrets in a log line."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["redacted"]

_PATTERNS: Final = (
    (re.compile(r"(?i)([\w-]*(?:token|api[_-]?key|secret|password))(\"?\s*[=:]\s*\"?)[^\s&\"',;)}]+"), r"\1\2***"),
    (re.compile(r"(?i)\b(bearer)([ ,]\s*)[A-Za-z0-9._~+/=-]{8,}"), r"\1\2***"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), "***"),
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]*@"), r"\1***@"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "***"),
)


def redacted(line: str) -> str:
    """``line`` with tokens, keys and passwords replaced by ``***``."""
    for pattern, replacement in _PATTERNS:
        line = pattern.sub(replacement, line)
    return line
