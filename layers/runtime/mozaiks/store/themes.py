"""``app_themes``: what each app set of its looks, one document an app."""

from __future__ import annotations

from datetime import UTC

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from mozaiks.access.principal import Tenant
from mozaiks.store.client import Document, reachable
from mozaiks.store.text import from_text, to_text
from mozaiks.themes.service import StoredTheme

__all__ = ["MongoThemes"]


class MongoThemes:
    def __init__(self, database: Database[Document]) -> None:
        self._themes = database["app_themes"]

    def read(self, tenant: Tenant) -> StoredTheme | None:
        with reachable():
            found = self._themes.find_one({**tenant.key, "_id": tenant.app_id})
        if found is None:
            return None
        return StoredTheme(found["version"], from_text(found["tokens"]), found["updated_at"].astimezone(UTC))

    def write(self, tenant: Tenant, theme: StoredTheme) -> bool:
        fields = {"version": theme.version, "tokens": to_text(dict(theme.tokens)), "updated_at": theme.updated_at}
        with reachable():
            if theme.version > 1:
                before = {**tenant.key, "_id": tenant.app_id, "version": theme.version - 1}
                return self._themes.update_one(before, {"$set": fields}).matched_count == 1
            try:
                self._themes.insert_one({**tenant.key, "_id": tenant.app_id, **fields})
            except DuplicateKeyError:
                return False
            return True
