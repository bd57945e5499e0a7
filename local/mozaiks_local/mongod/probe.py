"""Look at a database named by ``MONGODB_URI`` once, and say at the start what would fail later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pymongo import MongoClient
from pymongo.errors import ConfigurationError, ConnectionFailure, InvalidURI, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from mozaiks_local.mongod.errors import MongodError

__all__ = ["ServerFacts", "probe", "safe_address"]

_OLDEST_WIRE = 17  # MongoDB 6.0
_CURRENT_WIRE = 21  # MongoDB 7.0
_AUTHENTICATION_CODES = {18, 8000}  # MongoDB, Atlas
_UNAUTHORIZED = 13


@dataclass(frozen=True)
class ServerFacts:
    """What a usable server is.

    Parameters
    ----------
    address
        Hosts, without credentials.
    kind
        A replica set's member, or the router of a sharded cluster.
    set_name
        The replica set's name; None behind a router.
    wire_version
        ``hello.maxWireVersion``: 17 is MongoDB 6.0, 21 is 7.0, 25 is 8.0.
    warnings
        What works but should be known, one sentence each.
    """

    address: str
    kind: Literal["replica_set", "sharded"]
    set_name: str | None
    wire_version: int
    warnings: tuple[str, ...]


def safe_address(uri: str) -> str:
    """Return the hosts of a connection string, without user, password and options."""
    _, _, rest = uri.partition("://")
    # The last "@" first: a password that was not percent-encoded may hold a "/" or a "?".
    hosts = rest.rpartition("@")[2].partition("/")[0].partition("?")[0]
    return hosts or "(no host)"


def probe(uri: str, *, database: str = "mozaiksai", timeout: float = 5.0) -> ServerFacts:
    """Return what the server at ``uri`` is, or raise when the runtime cannot work on it.

    Parameters
    ----------
    uri
        A MongoDB connection string, as in ``MONGODB_URI``.
    database
        The database the runtime will use; the user must be allowed to read it.
    timeout
        Seconds to find the server.

    Raises
    ------
    MongodError
        ``BAD_URI``, ``UNREACHABLE``, ``AUTH_FAILED``, ``STANDALONE``, ``TOO_OLD`` or ``NO_SESSIONS``. No message holds
        a credential.
    """
    address = safe_address(uri)
    try:
        _check_syntax(uri)
        milliseconds = int(timeout * 1000)
        with MongoClient[dict[str, Any]](
            uri, serverSelectionTimeoutMS=milliseconds, connectTimeoutMS=milliseconds, appName="mozaiks-probe"
        ) as client:
            hello = client.admin.command("hello")
            _check_capabilities(hello, address)
            client[database].command({"find": "chat_sessions", "limit": 1, "singleBatch": True})
    except OperationFailure as error:
        raise _refusal(error, address, database) from None
    except ConnectionFailure:
        raise MongodError(
            "UNREACHABLE",
            f"No MongoDB server answered at {address} within {timeout:g} s: check MONGODB_URI, that the server runs,"
            " and that its access list allows this machine.",
        ) from None
    except (ConfigurationError, InvalidURI, ValueError):
        # The driver's own text may quote the part of the string it stumbled over, which can be the password.
        raise MongodError(
            "BAD_URI",
            "MONGODB_URI is no usable connection string: expected mongodb://user:password@host:port/ or"
            " mongodb+srv://user:password@host/ with special characters of the password percent-encoded"
            " (and, for +srv, a host whose DNS records exist).",
        ) from None
    except PyMongoError as error:
        raise MongodError("UNREACHABLE", f"The server at {address} gave {type(error).__name__}.") from None
    return ServerFacts(
        address=address,
        kind="sharded" if hello.get("msg") == "isdbgrid" else "replica_set",
        set_name=hello.get("setName"),
        wire_version=hello["maxWireVersion"],
        warnings=_warnings(hello, address),
    )


def _check_syntax(uri: str) -> None:
    if uri.startswith("mongodb://"):  # +srv needs DNS, which the client asks itself
        parse_uri(uri)


def _check_capabilities(hello: dict[str, Any], address: str) -> None:
    wire = int(hello.get("maxWireVersion", 0))
    if wire < _OLDEST_WIRE:
        raise MongodError(
            "TOO_OLD", f"The server at {address} speaks wire version {wire}, older than MongoDB 6.0 (17): upgrade it."
        )
    if hello.get("setName") is None and hello.get("msg") != "isdbgrid":
        raise MongodError(
            "STANDALONE",
            f"The server at {address} is a standalone, which has no transactions: start it with --replSet and run"
            " rs.initiate() once.",
        )
    if not hello.get("logicalSessionTimeoutMinutes"):
        raise MongodError(
            "NO_SESSIONS",
            f"The server at {address} offers no sessions: check that every member of the replica set is MongoDB 6.0"
            " or later and initiated.",
        )


def _refusal(error: OperationFailure, address: str, database: str) -> MongodError:
    if error.code in _AUTHENTICATION_CODES:
        text = f"The server at {address} refused the user or password in MONGODB_URI: check both, and authSource."
    elif error.code == _UNAUTHORIZED:
        text = (
            f"The server at {address} does not let this user read the database {database!r}: put a user with the role"
            f" readWrite on {database!r} into MONGODB_URI."
        )
    else:
        return MongodError("UNREACHABLE", f"The server at {address} refused a read (code {error.code}).")
    return MongodError("AUTH_FAILED", text)


def _warnings(hello: dict[str, Any], address: str) -> tuple[str, ...]:
    if hello["maxWireVersion"] < _CURRENT_WIRE:
        return (f"The server at {address} is older than MongoDB 7.0: well for development, unsupported in production.",)
    return ()
