"""The installer's command."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from pathlib import Path

from installer.environment import INCLUDES, Environment
from installer.errors import InstallError, explain
from installer.progress import Progress

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Make the environment ready for the use named in ``arguments``; return the exit status."""
    if len(arguments) != 1 or arguments[0] not in INCLUDES:
        sys.stderr.write("usage: bootstrap.py {}\n".format("|".join(INCLUDES)))
        return 2
    use, root = arguments[0], Path(__file__).resolve().parents[2]
    progress = Progress(sys.stderr)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: pip must not go on alone
    try:
        environment = Environment(root)
        if environment.is_ready(use):
            return 0
        holder = os.open(str(root), os.O_RDONLY)
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.show("Waiting for another installation into .venv to finish")
            fcntl.flock(holder, fcntl.LOCK_EX)
        if not environment.is_ready(use):
            environment.make(use, progress)
            progress.end("The Python environment is ready")
    except InstallError as error:
        progress.end()
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        progress.end()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.stderr.write("error: {}\n".format(explain("[Errno 28]", "", root)))
        else:
            sys.stderr.write(f"error: .venv cannot be made in {root}: {error}\n")
        return 1
    except KeyboardInterrupt:
        progress.end()
        sys.stderr.write("Interrupted; the next run begins the installation anew.\n")
        return 130
    return 0
