"""Make a listening ``mongod`` a one-node replica set that takes writes, with the application's user."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from mozaiks_local.mongod.command import REPLICA_SET
from mozaiks_local.mongod.errors import MongodError
from mozaiks_local.mongod.layout import DataDir

__all__ = ["APP_USER", "admin_uri", "app_uri", "can_use", "ensure_primary", "ensure_user"]

APP_USER = "mozaiks"
# What an Atlas application user has: no administration of the server, any database.
_ROLES = ["readWriteAnyDatabase", "dbAdminAnyDatabase"]

_NOT_YET_INITIALIZED = 94
_ALREADY_INITIALIZED = 23
_AUTHENTICATION_FAILED = 18
_USER_EXISTS = 51003
_POLL_SECONDS = 0.01


def app_uri(data: DataDir, port: int) -> str:
    """Return the application's connection string. It holds the password: never print it."""
    password = quote_plus(data.password_file.read_text(encoding="utf-8"))
    return f"mongodb://{APP_USER}:{password}@127.0.0.1:{port}/?directConnection=true&authSource=admin"


def admin_uri(data: DataDir, port: int) -> str:
    """Return the connection string of the server's own internal user, for launching and fault injection only.

    Whoever reads the key file is this user, so no second administrator's password needs to be kept.
    """
    key = quote_plus(data.keyfile.read_text(encoding="utf-8").strip())
    return f"mongodb://__system:{key}@127.0.0.1:{port}/?directConnection=true&authSource=local"


def can_use(uri: str, *, timeout: float = 2.0) -> bool:
    """Tell whether a server answers at ``uri``, accepts its credentials and takes writes. ``timeout`` in seconds."""
    milliseconds = int(timeout * 1000)
    try:
        with _client(uri, milliseconds) as client:
            return bool(client.admin.command("hello").get("isWritablePrimary")) and bool(
                client.admin.command("connectionStatus")["authInfo"]["authenticatedUsers"]
            )
    except PyMongoError:
        return False


def ensure_primary(data: DataDir, port: int, *, deadline: float) -> None:
    """Initiate the replica set, or rename its member after the folder moved, and wait until it takes writes.

    Parameters
    ----------
    data, port
        The folder of the server and where it listens on 127.0.0.1.
    deadline
        ``time.monotonic()`` value after which ``START_TIMEOUT`` is raised.
    """
    with _client(admin_uri(data, port), 5_000) as client:
        while True:
            config = _config(client)
            if config is None:
                _initiate(client, data.member)
            elif config["members"][0]["host"] != str(data.member):
                _rename_member(client, config, data.member)
            elif client.admin.command("hello").get("isWritablePrimary"):
                return
            if time.monotonic() > deadline:
                raise MongodError("START_TIMEOUT", f"mongod did not begin to take writes: see {data.log}.")
            time.sleep(_POLL_SECONDS)


def ensure_user(data: DataDir, port: int) -> None:
    """Make the application's user, or give it the password this folder holds."""
    if can_use(app_uri(data, port)):
        return
    user: dict[str, Any] = {"pwd": data.password_file.read_text(encoding="utf-8"), "roles": _ROLES}
    # A client of its own: one opened before the set was initiated believes that the server has no sessions.
    with _client(admin_uri(data, port), 5_000) as client:
        try:
            client.admin.command("createUser", APP_USER, **user)
        except OperationFailure as error:
            if error.code != _USER_EXISTS:
                raise
            client.admin.command("updateUser", APP_USER, **user)


def _config(client: MongoClient[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        config: dict[str, Any] = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        return None
    return config


def _initiate(client: MongoClient[dict[str, Any]], member: Path) -> None:
    # A set that was initiated earlier answers "not yet initialized" too while it loads, but refuses a second time.
    try:
        client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": str(member)}]})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise


def _rename_member(client: MongoClient[dict[str, Any]], config: dict[str, Any], member: Path) -> None:
    config["members"][0]["host"] = str(member)
    config["version"] += 1
    client.admin.command("replSetReconfig", config, force=True)


def _client(uri: str, timeout_milliseconds: int) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        uri,
        serverSelectionTimeoutMS=timeout_milliseconds,
        connectTimeoutMS=timeout_milliseconds,
        socketTimeoutMS=max(timeout_milliseconds, 10_000),
        maxPoolSize=1,
        appName="mozaiks-launcher",
    )
