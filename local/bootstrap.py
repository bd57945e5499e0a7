"""Make ``.venv`` ready for one use: ``python3 local/bootstrap.py local|test|lock``.

The first program a fresh machine runs, under whatever ``python3`` it has. So this file has only syntax that every
Python reads, and leaves the work to ``installer`` once the Python is known to be new enough.
"""

import os
import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - that is what it is here to find out
        for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
            for folder in os.environ.get("PATH", "").split(os.pathsep):
                path = os.path.join(folder, name)  # noqa: PTH118
                if os.access(path, os.X_OK) and os.system("'" + path + "' -c '' 2>/dev/null") == 0:  # noqa: S605
                    os.execv(path, [path] + sys.argv)  # noqa: RUF005, S606
        found = ".".join(str(number) for number in sys.version_info[:2])
        sys.exit(
            "error: Python 3.11 or later is needed and this is " + found + ": install a newer one and run it again."
        )

    from installer.command import main

    sys.exit(main(sys.argv[1:]))
