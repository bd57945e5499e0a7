"""Why an installation failed, in words for the person who ran it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

__all__ = ["NEEDED_MB", "InstallError", "explain"]

# Free space one installation needs, in MB, by use.
NEEDED_MB = {"local": 900, "test": 1300, "lock": 200, "page": 400}


class InstallError(Exception):
    """The environment cannot be made; the text is one sentence on what to do."""


def explain(output: str, otherwise: str, root: Path) -> str:
    """Return one sentence for what pip or venv wrote when it failed.

    Parameters
    ----------
    output
        All it wrote.
    otherwise
        How to begin when the cause is not a known one.
    root
        The folder the installation goes to.
    """
    if re.search(r"No space left on device|\[Errno 28\]|Disk quota exceeded", output):
        return f"The disk is full: make room for {NEEDED_MB['test']} MB in {root} and in the temporary folder."
    if re.search(r"DO NOT MATCH THE HASHES", output):
        found = re.search(r"^\s{4}(\S+==\S+|\S+) from ", output, re.MULTILINE)
        name = found.group(1) if found else "see .venv/install.log"
        return f"A downloaded file is not the locked one ({name}): a proxy or mirror altered it; nothing was installed."
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError", output):
        return (
            "The package registry's certificate is not trusted here:"
            " point PIP_CERT to your network's certificate file and run it again."
        )
    if re.search(
        r"NewConnectionError|Temporary failure in name resolution|Name or service not known|Max retries exceeded"
        r"|ConnectTimeoutError|ReadTimeoutError|Read timed out|ProxyError|Network is unreachable|Connection refused"
        r"|Connection broken|Connection aborted|RemoteDisconnected",
        output,
    ):
        return (
            "The package registry cannot be reached: check the network"
            " (behind a proxy or mirror set HTTPS_PROXY or PIP_INDEX_URL) and run it again."
        )
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        here = "{}.{}".format(*sys.version_info[:2])
        return (
            f"The package registry has no {missing.group(1)} for Python {here} on this platform:"
            " use Python 3.11 to 3.14 (make PYTHON=python3.12)."
        )
    last = [line.strip() for line in output.splitlines() if line.strip()]
    return "{}: {}".format(otherwise, last[-1] if last else "it said nothing")
