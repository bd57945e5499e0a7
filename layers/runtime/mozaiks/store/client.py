"""The one MongoDB client of a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.server_api import ServerApi
from pymongo.write_concern import WriteConcern

from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings
from mozaiks.store.pool_watch import PoolWatch
from mozaiks.store.snapshots import FROM_SNAPSHOT

__all__ = ["Document", "connect", "reachable"]

Document = dict[str, Any]

_PASSING: Final = ("TransientTransactionError", "RetryableWriteError", "RetryableError")
"""Labels of errors that pass by themselves: another primary, an interrupted command, a conflict."""

_NO_SPACE: Final = frozenset({14031})
"""OutOfDiskSpace."""

_CODEC: Final = CodecOptions[Document](tz_aware=True)


def connect(config: Settings) -> Database[Document]:
    """The database of the settings. Connects on first use, not here.

    Raises
    ------
    MozaiksError
        ``CONFIGURATION`` if no ``MONGODB_URI`` is set.
    """
    if config.mongodb_uri is None:
        raise MozaiksError("CONFIGURATION", "MONGODB_URI is not set; expected the address of a MongoDB replica set")
    client: MongoClient[Document] = MongoClient(
        config.mongodb_uri.get_secret_value(),
        appname=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "mozaiks"),
        # A Lambda environment serves one request; the engine adds its sender and its control poll.
        maxPoolSize=8,
        minPoolSize=0,
        maxIdleTimeMS=60_000,
        serverSelectionTimeoutMS=5_000,
        connectTimeoutMS=3_000,
        timeoutMS=int(config.mongodb_timeout_seconds * 1000),
        retryWrites=True,
        retryReads=True,
        server_api=ServerApi("1", strict=True, deprecation_errors=True),
        tz_aware=True,
        event_listeners=[PoolWatch()],
        # Begins to connect while the rest is imported; but no socket may be in a snapshot.
        connect=not FROM_SNAPSHOT,
    )
    return client.get_database(
        config.mongodb_db_name,
        codec_options=_CODEC,
        write_concern=WriteConcern("majority"),
        read_concern=ReadConcern("majority"),
    )


@contextmanager
def reachable() -> Iterator[None]:
    """Turn the driver's errors of a database that does not answer, or not now, into the one clients know.

    Raises
    ------
    MozaiksError
        ``DATABASE_UNAVAILABLE``, retryable.
    """
    try:
        yield
    except (ServerSelectionTimeoutError, NetworkTimeout, ExecutionTimeout, ConnectionFailure) as error:
        # The driver's text names hosts and may hold parts of the address: it goes to the log, not to a client.
        raise MozaiksError("DATABASE_UNAVAILABLE", "the database does not answer; try again shortly") from error
    except PyMongoError as error:
        if error.timeout:
            raise MozaiksError("DATABASE_UNAVAILABLE", "the database did not answer in time; try again") from error
        if isinstance(error, WriteConcernError) or any(map(error.has_error_label, _PASSING)):
            raise MozaiksError("DATABASE_UNAVAILABLE", "the database could not finish this; try again") from error
        if isinstance(error, OperationFailure) and error.code in _NO_SPACE:
            raise MozaiksError(
                "DATABASE_UNAVAILABLE", "the database has no room left to write; what is stored is kept"
            ) from error
        raise
