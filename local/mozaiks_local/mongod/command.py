"""The command line of the embedded ``mongod``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mozaiks_local.mongod import bound_exec
from mozaiks_local.mongod.layout import DataDir

__all__ = ["REPLICA_SET", "command_line"]

REPLICA_SET = "rs0"

# Each collection and each index is a file. By default one is kept open for ten minutes after its last use, and a server
# that comes to its limit of open files aborts: hundreds of databases, as tests make them, are enough.
_IDLE_FILES = "file_manager=(close_idle_time=10,close_scan_interval=2,close_handle_minimum=500)"


def command_line(
    binary: Path, data: DataDir, port: int, *, ttl_monitor_seconds: int, enable_test_commands: bool
) -> list[str]:
    """Return the arguments that start ``mongod`` bound to this process's life.

    Parameters
    ----------
    binary
        The executable.
    data
        Where it keeps its files; gives the socket and the key file too.
    port
        TCP port on 127.0.0.1.
    ttl_monitor_seconds
        How often expired documents are looked for, in seconds. mongod's own default is 60.
    enable_test_commands
        Allow ``configureFailPoint``, for fault injection by tests.
    """
    parameters = {
        "diagnosticDataCollectionEnabled": "false",
        "ttlMonitorSleepSecs": str(ttl_monitor_seconds),
        # A worker killed within a transaction must not hold its chat for the server's default minute.
        "transactionLifetimeLimitSeconds": "10",
        "shutdownTimeoutMillisForSignaledShutdown": "100",
    }
    if enable_test_commands:
        parameters["enableTestCommands"] = "1"
    return [
        *(sys.executable, "-I", "-S", bound_exec.__file__, str(os.getpid())),
        str(binary),
        *("--dbpath", str(data.db)),
        *("--port", str(port)),
        *("--bind_ip", f"127.0.0.1,{data.member}"),
        *("--unixSocketPrefix", str(data.sockets)),
        *("--filePermissions", "0600"),
        *("--replSet", REPLICA_SET),
        *("--auth", "--keyFile", str(data.keyfile)),
        *("--logpath", str(data.log), "--quiet"),
        # Memory and disk of a development machine: 11 MB on disk at birth instead of 301.
        *("--oplogSize", "128"),
        *("--wiredTigerCacheSizeGB", "0.25"),
        *("--wiredTigerEngineConfigString", f"log=(prealloc=false,file_max=10MB),{_IDLE_FILES}"),
        # Not a matter of speed: 6.0.5's decompression leaks memory to unauthenticated peers (CVE-2025-14847).
        *("--networkMessageCompressors", "disabled"),
        *(argument for name, value in parameters.items() for argument in ("--setParameter", f"{name}={value}")),
    ]
