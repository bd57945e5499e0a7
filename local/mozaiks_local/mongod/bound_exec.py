"""Run a program that ends when the process that started it ends, however that ends, and may open many files.

``python -I -S bound_exec.py PARENT_PID PROGRAM ARG...``

A program of its own and not a ``preexec_fn``: that would run Python between fork and exec, which can deadlock in a
process with threads. Standard library only, imports as little as it can.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_OPEN_FILES = 64_000  # what mongod asks for: each collection and each index is a file it keeps open


def main(arguments: list[str]) -> None:
    parent, program = int(arguments[0]), arguments[1]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(125)  # it ended before the signal was asked for
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        os.execv(program, arguments[1:])  # noqa: S606 - running the named program is the purpose
    except OSError as error:
        sys.stderr.write(f"cannot execute {program}: {error.strerror}\n")
        sys.exit(126)


if __name__ == "__main__":
    main(sys.argv[1:])
