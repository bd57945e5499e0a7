"""Documents of an app's own collections, read for ``data_reference`` variables. Never another app's, never ours."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import InvalidName, OperationFailure

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import timestamp
from mozaiks.store.client import Document, reachable
from mozaiks.store.collections import COLLECTIONS

__all__ = ["MAX_BYTES", "MAX_DOCUMENTS", "MongoReferences"]

MAX_DOCUMENTS: Final = 200
"""Documents of one answer; further ones are left out."""
MAX_BYTES: Final = 1024 * 1024
"""JSON of one answer; a larger one is refused."""

_OWN: Final = frozenset(each.name for each in COLLECTIONS)
_OWN_PREFIXES: Final = ("workflow_stats_", "system.")

_CODEC: Final = CodecOptions[Document](
    tz_aware=True,
    # Documents here are other programs' work: nothing in them may stop a read.
    datetime_conversion=DatetimeConversion.DATETIME_CLAMP,
    unicode_decode_error_handler="replace",
    uuid_representation=UuidRepresentation.STANDARD,
)


class MongoReferences:
    """Reads documents that carry the tenant's ``app_id``."""

    def __init__(self, database: Database[Document]) -> None:
        self._database = database

    def documents(
        self,
        tenant: Tenant,
        collection: str,
        query: Mapping[str, Any],
        fields: Sequence[str] = (),
        limit: int = MAX_DOCUMENTS,
    ) -> list[dict[str, Any]]:
        """The tenant's documents that match ``query``, in the order of their ids.

        Parameters
        ----------
        tenant
            Whose documents: both its filter and the query must hold, so no query reaches further.
        collection
            A collection of the app's; the runtime's own are refused.
        query
            In MongoDB's query language, variables already bound.
        fields
            What is kept of each document; all of it when empty. ``_id`` only if it is named.
        limit
            Most documents to read, from 1 to ``MAX_DOCUMENTS``.

        Returns
        -------
        list of dict
            JSON-ready: ids, decimals and UUIDs as text, times as RFC 3339, bytes as base64.

        Raises
        ------
        ValueError
            Why the collection, the fields or the query is refused, or that the answer is too large.
        MozaiksError
            ``DATABASE_UNAVAILABLE``.
        """
        _check_collection(collection)
        found: list[dict[str, Any]] = []
        size = 0
        with reachable():
            try:
                cursor = self._database.get_collection(collection, codec_options=_CODEC).find(
                    {"$and": [tenant.key, dict(query)]},
                    _projection(fields),
                    sort=[("_id", ASCENDING)],
                    limit=max(1, min(limit, MAX_DOCUMENTS)),
                )
                with cursor:
                    for document in cursor:
                        found.append(_json_ready(document))
                        size += len(json.dumps(found[-1]))
                        if size > MAX_BYTES:
                            raise ValueError(
                                f"the documents of {collection!r} are more than {MAX_BYTES} bytes of JSON; "
                                "narrow the query, or name the fields to keep"
                            )
            except InvalidName:
                raise ValueError(f"{collection!r} is no name of a collection") from None
            except OperationFailure as error:
                if error.timeout:
                    raise
                # The server's words quote the query, which holds values.
                name = (error.details or {}).get("codeName", "no name")
                raise ValueError(f"the database refused the query (error {error.code}, {name})") from None
            except (BSONError, OverflowError, UnicodeError):
                raise ValueError("the query holds a value the database has no type for") from None
        return found


def _check_collection(name: str) -> None:
    if not name or "$" in name or "\0" in name:
        raise ValueError(f"{name!r} is no name of a collection")
    if name in _OWN or name.startswith(_OWN_PREFIXES):
        raise ValueError(f"the collection {name!r} is the runtime's own")


def _projection(fields: Sequence[str]) -> dict[str, bool] | None:
    if not fields:
        return None
    for name in fields:
        if any(not part or part.startswith("$") for part in name.split(".")):
            raise ValueError(f"{name!r} is no field")
    return {"_id": False, **dict.fromkeys(fields, True)}


def _json_ready(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_ready(item) for item in value]
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return str(value)
