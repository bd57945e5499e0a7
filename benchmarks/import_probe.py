"""Imports a handler as Lambda's runtime client does, and says what that cost. Run as a script, never imported.

It imports nothing of this project but the handler: whatever else is loaded would be missing from what is measured.
"""

import json
import os
import resource
import sys
import time

HEAVY = ("ag2", "fastapi")


def peak_mb() -> float:
    """Most memory this process ever held."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is not imported yet
            # What getrusage says includes the parent's memory, from before exec.
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except FileNotFoundError:
        unit = 1024**2 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Print one JSON line and leave without cleaning up, as a worker that is killed does."""
    if sys.platform == "linux":
        import awslambdaric.bootstrap  # noqa: F401 - the runtime client is there before any handler
    module = os.environ["_HANDLER"].rpartition(".")[0]
    began, worked = time.perf_counter(), time.process_time()
    __import__(module)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - worked
    found = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak_mb(),
        "modules": len(sys.modules),
        "heavy": [name for name in HEAVY if name in sys.modules],
    }
    print(json.dumps(found), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
