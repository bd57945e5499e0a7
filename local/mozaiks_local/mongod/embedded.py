"""Start, share and stop the ``mongod`` of a development machine."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from mozaiks_local.mongod.binary import find_binary, library_environment, link_library, missing_library
from mozaiks_local.mongod.command import command_line
from mozaiks_local.mongod.diagnosis import diagnose
from mozaiks_local.mongod.errors import MongodError
from mozaiks_local.mongod.layout import DataDir, RunState, try_lock
from mozaiks_local.mongod.replica import admin_uri, app_uri, can_use, ensure_primary, ensure_user

__all__ = ["EmbeddedMongod"]

_POLL_SECONDS = 0.01
_ORPHAN_PATIENCE = 5.0  # a mongod whose launcher was killed needs about 2 s to go
_STOP_PATIENCE = 15.0
_PORT_ATTEMPTS = 5


class EmbeddedMongod:
    """A real one-node replica set with its data in one folder, owned by one process and shared by others.

    The first process to start it owns it: the server ends with that process. Others attach to it, and their ``stop``
    only forgets it.

    Parameters
    ----------
    data_dir
        Folder for data, log and secrets; made with mode 0700, may be moved between runs.
    port
        TCP port on 127.0.0.1. By default the one used last if it is free, else any free one.
    if_running
        When another live process owns the folder: ``attach`` to its server, or ``refuse`` with ``IN_USE``.
    ttl_monitor_seconds
        How often expired documents are removed, in seconds.
    enable_test_commands
        Allow fault injection (``configureFailPoint``) through ``admin_uri``.
    start_timeout
        Seconds from launch to ready.

    Raises
    ------
    MongodError
        From ``launch``, ``wait_ready`` and ``start``; one code and one sentence per cause.

    Examples
    --------
    >>> with EmbeddedMongod(Path(".mozaiks/mongo")) as mongod:  # doctest: +SKIP
    ...     client = MongoClient(mongod.uri)
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        if_running: Literal["attach", "refuse"] = "attach",
        ttl_monitor_seconds: int = 5,
        enable_test_commands: bool = False,
        start_timeout: float = 30.0,
    ) -> None:
        self._data = DataDir(Path(os.path.abspath(data_dir)))  # noqa: PTH100 - resolve() would follow links
        self._wanted_port = port
        self._if_running = if_running
        self._ttl_monitor_seconds = ttl_monitor_seconds
        self._enable_test_commands = enable_test_commands
        self._start_timeout = start_timeout
        self._deadline = 0.0
        self._port: int | None = None
        self._locks: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._binary = Path()
        self._ready = False

    @property
    def attached(self) -> bool:
        """True when the server in use belongs to another process."""
        return self._ready and self._process is None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1 of the ready server."""
        if self._port is None or not self._ready:
            raise RuntimeError("the embedded mongod is not ready: call start() first")
        return self._port

    @property
    def uri(self) -> str:
        """The application's connection string. It holds the password: never print it."""
        return app_uri(self._data, self.port)

    @property
    def admin_uri(self) -> str:
        """Connection string of the server's internal user, for fault injection by tests. Never print it."""
        return admin_uri(self._data, self.port)

    @property
    def safe_uri(self) -> str:
        """The address without credentials, for people to read."""
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    @property
    def log_file(self) -> Path:
        """Where the server writes its log."""
        return self._data.log

    @property
    def pid(self) -> int | None:
        """Process id of the server this process owns."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Launch, or find the one that runs, and return when it takes writes."""
        self.launch()
        self.wait_ready()
        return self

    def launch(self) -> None:
        """Begin to start the server and return at once, so that a caller can do other work meanwhile.

        Call it from the main thread: the kernel ends the server with the *thread* that started it.
        """
        if threading.current_thread() is not threading.main_thread():
            raise MongodError("NOT_MAIN_THREAD", "The embedded mongod must be launched from the main thread.")
        self._deadline = time.monotonic() + self._start_timeout
        self._data.make_folders()
        self._own_or_leave()

    def wait_ready(self) -> None:
        """Wait until the server takes writes and the application's user can log in."""
        while not self._ready:
            if self._process is not None:
                self._finish_start()
            elif self._attach():
                return
            elif time.monotonic() > self._deadline:
                raise MongodError(
                    "START_TIMEOUT",
                    f"Another process is starting the database in {self._data.root} and did not finish:"
                    f" see {self._data.log}.",
                )
            else:
                time.sleep(_POLL_SECONDS)
                self._own_or_leave()  # the other one may have failed or stopped: then it is our turn

    def stop(self) -> None:
        """Stop the server if this process owns it, and wait until it is gone. Safe to call twice."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once with SIGKILL, as a crash would. Acknowledged writes survive."""
        self._end(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- owning ------------------------------------------------------------------------------------------------------

    def _own_or_leave(self) -> None:
        """Start the server if nobody owns the folder; else leave it to its owner."""
        owner = try_lock(self._data.owner_lock)
        if owner is None:
            if self._if_running == "refuse":
                state = self._data.read_state()
                who = f"process {state.launcher_pid}" if state else "another process"
                raise MongodError(
                    "IN_USE",
                    f"The database in {self._data.root} is in use by {who}: stop it first, or choose another folder"
                    " with MOZAIKS_DATA_DIR.",
                )
            return
        self._locks = [owner]
        try:
            self._mark_not_ready()  # a killed launcher could not
            self._locks.append(self._await_server_lock())
            self._binary = find_binary()
            self._data.check_space()
            self._data.make_secrets()
            self._spawn()
        except BaseException:
            self._end(signal.SIGKILL)
            raise

    def _await_server_lock(self) -> int:
        """Take the lock that ``mongod`` itself inherits: it is free when the last one is really gone."""
        began = time.monotonic()
        signals = [signal.SIGTERM, signal.SIGKILL]
        while (lock := try_lock(self._data.server_lock)) is None:
            if time.monotonic() - began > _ORPHAN_PATIENCE:
                if not signals:
                    raise MongodError(
                        "IN_USE", f"A mongod that nobody owns still runs in {self._data.root} and does not end."
                    )
                state = self._data.read_state()
                if state is not None:  # its launcher is dead and it lives: where there is no death signal (macOS)
                    _signal(state.pid, signals.pop(0))
                began = time.monotonic()
            time.sleep(_POLL_SECONDS)
        return lock

    def _spawn(self) -> None:
        last = self._data.read_state()
        self._port = self._wanted_port or _free_port(last.port if last else None)
        self._data.rotate_logs()
        self._data.remove_sockets()
        self._data.make_folders()
        arguments = command_line(
            self._binary,
            self._data,
            self._port,
            ttl_monitor_seconds=self._ttl_monitor_seconds,
            enable_test_commands=self._enable_test_commands,
        )
        with self._data.output.open("wb") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=library_environment(self._data.libraries),
                pass_fds=self._locks[1:],
                start_new_session=True,  # Ctrl-C is for the launcher, which stops the server when it is done with it
            )
        atexit.register(self.stop)
        self._write_state(ready=False)

    def _finish_start(self) -> None:
        attempts = _PORT_ATTEMPTS
        try:
            while (ended := self._await_listening()) is not None:
                if ended.code == "MISSING_LIBRARY" and self._link_missing_library():
                    pass
                elif ended.code == "PORT_TAKEN" and self._wanted_port is None and attempts > 0:
                    attempts -= 1  # somebody took the free port between our look and mongod's bind
                else:
                    raise ended
                self._spawn()
            assert self._port is not None  # noqa: S101 - set by _spawn
            ensure_primary(self._data, self._port, deadline=self._deadline)
            ensure_user(self._data, self._port)
        except BaseException:
            self._end(signal.SIGKILL)
            raise
        self._write_state(ready=True)
        self._ready = True

    def _await_listening(self) -> MongodError | None:
        """Wait for the server's socket; return the reason when it ended instead."""
        assert self._process is not None  # noqa: S101 - called only while we own one
        while time.monotonic() < self._deadline:
            status = self._process.poll()
            if status is not None:
                return diagnose(
                    status,
                    self._data.output.read_text(encoding="utf-8", errors="replace"),
                    _tail(self._data.log),
                    binary=self._binary,
                    port=self._port or 0,
                    log_file=self._data.log,
                )
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(str(self._data.member)) == 0:
                    return None
            time.sleep(_POLL_SECONDS)
        return MongodError(
            "START_TIMEOUT", f"mongod did not listen within {self._start_timeout:g} s: see {self._data.log}."
        )

    def _link_missing_library(self) -> bool:
        name = missing_library(self._data.output.read_text(encoding="utf-8", errors="replace"))
        return name is not None and link_library(name, self._data.libraries)

    def _write_state(self, *, ready: bool) -> None:
        assert self._process is not None  # noqa: S101 - called only while we own one
        assert self._port is not None  # noqa: S101 - set by _spawn
        self._data.write_state(RunState(port=self._port, pid=self._process.pid, launcher_pid=os.getpid(), ready=ready))

    def _mark_not_ready(self) -> None:
        state = self._data.read_state()
        if state is not None and state.ready:
            self._data.write_state(replace(state, ready=False))

    def _end(self, how: signal.Signals) -> None:
        process, locks = self._process, self._locks
        self._process, self._locks, self._ready = None, [], False
        atexit.unregister(self.stop)
        if process is not None:
            process.send_signal(how)
            try:
                process.wait(_STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            finally:
                if process.poll() is None:  # a second Ctrl-C: do not wait politely, but do not leave it behind either
                    process.kill()
                    process.wait()
            self._mark_not_ready()
            self._data.remove_sockets()
        for lock in reversed(locks):
            os.close(lock)

    # -- attaching ---------------------------------------------------------------------------------------------------

    def _attach(self) -> bool:
        state = self._data.read_state()
        if (
            state is None
            or not state.ready
            or not _alive(state.launcher_pid)
            or not can_use(app_uri(self._data, state.port))
        ):
            return False
        self._port, self._ready = state.port, True
        return True


def _free_port(preferred: int | None) -> int:
    """Return ``preferred`` if nothing listens there, else a port the kernel chooses."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise MongodError("PORT_TAKEN", "No TCP port is free on 127.0.0.1.")


def _tail(path: Path, size: int = 64 * 1024) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _signal(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return
