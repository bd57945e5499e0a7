"""The theme of an app: read with its defaults, replaced as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.errors import MozaiksError
from mozaiks.themes.contrast import check_contrast
from mozaiks.themes.tokens import Theme

__all__ = ["AppTheme", "StoredTheme", "ThemeService", "Themes"]

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class StoredTheme:
    """What an app set, and nothing of the defaults. ``version`` counts from 1."""

    version: int
    tokens: Mapping[str, Any]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AppTheme:
    """An app's theme with its defaults. ``version`` is 0, and nothing is ``set``, where the app has none of its own."""

    version: int
    theme: Theme
    set: Mapping[str, Any]
    updated_at: datetime | None

    @property
    def tag(self) -> str:
        """Changes with the version, and with defaults that a deployment changes."""
        return f"{self.version}-{hashlib.sha256(self.theme.model_dump_json().encode()).hexdigest()[:12]}"


class Themes(Protocol):
    def read(self, tenant: Tenant) -> StoredTheme | None:
        """What the app set last."""
        ...

    def write(self, tenant: Tenant, theme: StoredTheme) -> bool:
        """Put ``theme`` in the place of the version before it; ``False`` if another version stands there."""
        ...


@dataclass(frozen=True, slots=True)
class ThemeService:
    themes: Themes
    clock: Callable[[], datetime]

    def get(self, tenant: Tenant) -> AppTheme:
        """The app's theme; the defaults where it set none."""
        return _merged(self.themes.read(tenant))

    def put(self, tenant: Tenant, theme: Theme, *, expected: Collection[str] | None = None) -> AppTheme:
        """Replace what the app set.

        Parameters
        ----------
        theme
            What it sets is kept; what it leaves out is the default's.
        expected
            Tags, one of which the theme that stands must have; unset: any.

        Raises
        ------
        MozaiksError
            ``CONTRAST_TOO_LOW``, or ``PRECONDITION_FAILED`` if another theme stands there than expected.
        """
        check_contrast(theme)
        tokens = theme.model_dump(mode="json", exclude_unset=True)
        for _ in range(_ATTEMPTS):
            before = self.get(tenant)
            if expected is not None and before.tag not in expected:
                raise MozaiksError(
                    "PRECONDITION_FAILED",
                    f"the theme is version {before.version} by now; read it, and change that",
                    version=before.version,
                )
            made = StoredTheme(before.version + 1, tokens, self.clock())
            if self.themes.write(tenant, made):
                return _merged(made)
        raise MozaiksError("CHAT_BUSY", "the theme is being changed by others all the time; try again")


def _merged(stored: StoredTheme | None) -> AppTheme:
    if stored is None:
        return AppTheme(0, Theme(), {}, None)
    return AppTheme(stored.version, Theme.model_validate(stored.tokens), stored.tokens, stored.updated_at)
