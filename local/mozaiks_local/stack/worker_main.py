"""What a worker process runs: AWS's own runtime client on one handler. Started as a script, never imported.

``python -P worker_main.py <pid of the stack> <handler>``
"""

import os
import sys


def _die_with(parent: int) -> None:
    """Have the kernel kill this process when the stack dies, however it dies."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)


if __name__ == "__main__":
    _die_with(int(sys.argv[1]))
    from awslambdaric.__main__ import main

    main([sys.argv[0], sys.argv[2]])
