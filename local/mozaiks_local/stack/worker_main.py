"""What a worker process runs: a runtime client on one handler. Started as a script, never imported.

``python -P worker_main.py <pid of the stack> <handler> <aws|python>``

``aws`` is AWS's own client, ``python`` the loop beside this file.
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
    if sys.argv[3] == "python":
        import pathlib
        import runpy

        # By its path: the package it belongs to is not for workers.
        runpy.run_path(str(pathlib.Path(__file__).with_name("runtime_loop.py")))["run"](sys.argv[2])
    from awslambdaric.__main__ import main

    main([sys.argv[0], sys.argv[2]])
