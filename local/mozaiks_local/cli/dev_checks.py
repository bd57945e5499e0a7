"""What can be told before anything is started: each cause as one sentence on what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path
from typing import Final

from mozaiks_local.cli.console import Failure

__all__ = ["check_folder", "check_port", "check_space", "explained", "make_data_folder"]

_ROOM_BYTES: Final = 300 * 1024 * 1024
TEMPLATE: Final = "template.yaml"


def check_folder(folder: Path, workflows: Path) -> None:
    """The template and the workflows are where they should be."""
    if not (folder / TEMPLATE).is_file():
        raise Failure(f"there is no {TEMPLATE} in {folder}: run this in the project's folder")
    if not workflows.is_dir():
        raise Failure(f"there is no folder {workflows}: make it, or name another with MOZAIKS_WORKFLOWS_PATH")


def make_data_folder(path: Path) -> None:
    """The data folder exists, is this user's alone, and can be written."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise explained(error, path) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise Failure(f"{path} cannot be written: give yourself write access, or choose another with MOZAIKS_DATA_DIR")


def check_space(path: Path) -> None:
    """There is room for a database."""
    free = shutil.disk_usage(path).free
    if free < _ROOM_BYTES:
        raise Failure(
            f"the disk of {path} is full: {free // 2**20} MB are free, {_ROOM_BYTES // 2**20} MB are needed. Make room,"
            " or choose a folder on another disk with MOZAIKS_DATA_DIR"
        )


def check_port(port: int) -> None:
    """The port is free; otherwise say who has it, where that can be known."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise Failure(f"port {port} may not be used by this user: choose one above 1023 with PORT") from error
            raise Failure(
                f"port {port} is taken{_holder(port)}: stop that program, or choose another port, such as"
                f" PORT={port + 1 if port < 65535 else 8000}"
            ) from error


def explained(error: OSError, path: Path | None = None) -> Failure:
    """An error of the operating system as a sentence."""
    where = error.filename or path
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return Failure(f"the disk is full{f' ({where})' if where else ''}: make room, or set MOZAIKS_DATA_DIR")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return Failure(f"{where} cannot be written: give yourself write access, or set MOZAIKS_DATA_DIR")
        case errno.EMFILE | errno.ENFILE:
            return Failure("too many files are open: raise the limit with `ulimit -n 4096`")
        case _:
            return Failure(f"{error.strerror or error}{f' ({where})' if where else ''}")


def _holder(port: int) -> str:
    import psutil  # type: ignore[import-untyped]

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        return " by another program"  # whose, only its owner may know
    return " by another program"
