"""Why ``mongod`` ended instead of starting, told from its exit status and what it wrote."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

from mozaiks_local.mongod.binary import missing_library
from mozaiks_local.mongod.errors import MongodError

__all__ = ["diagnose"]

_PACKAGES = {"libcurl.so.4": "libcurl4", "libcrypto.so.3": "libssl3", "libssl.so.3": "libssl3"}
_NEWER_C_LIBRARY = re.compile(r"version `(GLIBC\w*_[\d.]+)' not found")
_NEED_OTHER_VERSION = 62  # mongod's exit code for data it may not open
_ADDRESS_IN_USE = 48
_CANNOT_EXECUTE = 126


def diagnose(status: int, output: str, log: str, *, binary: Path, port: int, log_file: Path) -> MongodError:
    """Return the error for a ``mongod`` that ended by itself.

    Parameters
    ----------
    status
        ``Popen.returncode``: the exit code, or minus the signal.
    output, log
        What it wrote to its standard streams and to its log file.
    binary, port, log_file
        What it was started as, for the message.
    """
    written = output + log
    library = missing_library(output)
    if library:
        package = _PACKAGES.get(library)
        remedy = f"run apt-get install -y --no-install-recommends {package}" if package else "install it"
        return MongodError("MISSING_LIBRARY", f"mongod needs the library {library}: {remedy}, or set MONGODB_URI.")
    newer = _NEWER_C_LIBRARY.search(output)
    if newer:
        return MongodError(
            "MISSING_LIBRARY",
            f"mongod needs {newer.group(1)}, newer than this system's C library: set MONGODB_URI to a replica set,"
            " or APP_MONGOD to a mongod built for this system.",
        )
    if status in (-signal.SIGILL, 128 + signal.SIGILL):
        return MongodError(
            "CPU_UNSUPPORTED",
            "This CPU lacks the instructions mongod is built for (AVX on x86-64, ARMv8.2-A on arm64):"
            " set MONGODB_URI to a replica set elsewhere.",
        )
    if status == _CANNOT_EXECUTE:
        return MongodError(
            "BINARY_UNUSABLE",
            f"{output.strip() or binary}: set APP_MONGOD to a mongod for this system, or MONGODB_URI.",
        )
    if "No space left on device" in written or "ENOSPC" in written:
        return MongodError(
            "NO_SPACE",
            f"The disk of {log_file.parent} is full: make room, or choose another disk with MOZAIKS_DATA_DIR.",
        )
    if status == _ADDRESS_IN_USE or "Address already in use" in written:
        return MongodError("PORT_TAKEN", f"Port {port} is taken by another program: stop it, or choose another port.")
    if status == _NEED_OTHER_VERSION or "Wrong mongod version" in written or "UPGRADE PROBLEM" in written:
        return MongodError(
            "DATA_VERSION",
            f"The data in {log_file.parent} was written by a mongod of another version than {binary}: point APP_MONGOD"
            " to that version, or move the folder away to begin with an empty database.",
        )
    ending = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    reason = _last_error(log) or output.strip().rpartition("\n")[2]
    return MongodError(
        "START_FAILED", f"mongod {ending} while starting{f' ({reason})' if reason else ''}: see {log_file}."
    )


def _last_error(log: str) -> str:
    """Return the last error a structured log holds, as one short line."""
    for line in reversed(log.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("s") in {"F", "E"}:
            details = entry.get("attr", {}).get("error", "")
            return f"{entry.get('msg', '')} {details}".strip()[:300]
    return ""
