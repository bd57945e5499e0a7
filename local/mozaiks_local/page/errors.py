"""Why the page could not be built, in one sentence for the person who started it."""

from __future__ import annotations

import re

__all__ = ["PageError", "explain"]

_OFFLINE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network", re.IGNORECASE
)
_CERTIFICATE = re.compile(r"SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE)|CERT_HAS_EXPIRED")
_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TELLING = re.compile(r"error|failed|cannot|could not|unexpected", re.IGNORECASE)
_LONGEST = 300


class PageError(Exception):
    """The page cannot be built; the text is one sentence. The backend runs without it."""


def explain(output: str, otherwise: str) -> str:
    """Return one sentence for what npm or the bundler wrote when it failed.

    Parameters
    ----------
    output
        All it wrote.
    otherwise
        How to begin when the cause is not a known one.
    """
    text = _CODES.sub("", output)
    if re.search(r"ENOSPC|No space left on device", text):
        return "the disk is full: make room for 500 MB where the project lies"
    if _CERTIFICATE.search(text):
        return "the certificate of the npm registry is not trusted here: point NODE_EXTRA_CA_CERTS to your network's"
    if re.search(r"EINTEGRITY", text):
        return "a package is not the locked one: a proxy or mirror altered it; nothing was installed"
    if re.search(r"npm (error|ERR!)", text) and _OFFLINE.search(text):
        return "the npm registry cannot be reached: check the network (npm_config_registry names a mirror)"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = next((line for line in lines if _TELLING.search(line)), lines[-1] if lines else "it said nothing")
    return f"{otherwise}: {telling[:_LONGEST]}"
