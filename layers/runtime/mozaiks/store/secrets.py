"""``secrets``: ciphertexts of what users entrust to tools. Nothing here can open them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pymongo import ASCENDING, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.access.sealed import SealedSecret, context_of
from mozaiks.access.secrets import SecretInfo
from mozaiks.store.client import Document, reachable

__all__ = ["MongoSecrets", "keep_sealed"]

_TOLD: Final = {"name": True, "version": True, "created_at": True, "updated_at": True}


class MongoSecrets:
    def __init__(self, database: Database[Document]) -> None:
        self._secrets = database["secrets"]

    def put(self, tenant: Tenant, sealed: SealedSecret, at: datetime) -> SecretInfo:
        """Store a ciphertext, in the place of an older one of its name."""
        with reachable():
            try:
                return _info(keep_sealed(self._secrets, tenant, sealed, at))
            except DuplicateKeyError:
                # Another writer made the document first: now it is there to be changed.
                return _info(keep_sealed(self._secrets, tenant, sealed, at))

    def info(self, tenant: Tenant, name: str) -> SecretInfo | None:
        with reachable():
            found = self._secrets.find_one({**tenant.key, "name": name}, _TOLD)
        return None if found is None else _info(found)

    def infos(self, tenant: Tenant, after: str, limit: int) -> Sequence[SecretInfo]:
        query = {**tenant.key, "name": {"$gt": after}}
        with reachable():
            found = self._secrets.find(query, _TOLD, sort=[("name", ASCENDING)], limit=limit)
            return [_info(document) for document in found]

    def ciphertext(self, tenant: Tenant, name: str) -> bytes | None:
        with reachable():
            found = self._secrets.find_one({**tenant.key, "name": name}, {"ciphertext": True})
        return None if found is None else bytes(found["ciphertext"])

    def delete(self, tenant: Tenant, name: str) -> bool:
        """Whether there was one."""
        with reachable():
            return self._secrets.delete_one({**tenant.key, "name": name}).deleted_count == 1


def keep_sealed(
    collection: Collection[Document],
    tenant: Tenant,
    sealed: SealedSecret,
    at: datetime,
    session: ClientSession | None = None,
) -> Document:
    """Write a ciphertext, within a transaction where ``session`` is given; the document as it is then."""
    document = collection.find_one_and_update(
        context_of(tenant, sealed.name),
        {
            "$set": {"ciphertext": sealed.ciphertext, "updated_at": at},
            "$inc": {"version": 1},
            "$setOnInsert": {"created_at": at},
        },
        upsert=True,
        projection=_TOLD,
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return document or {}


def _info(found: Document) -> SecretInfo:
    return SecretInfo(
        name=found["name"],
        version=int(found["version"]),
        created_at=found["created_at"].astimezone(UTC),
        updated_at=found["updated_at"].astimezone(UTC),
    )
