"""What stops a build."""

from __future__ import annotations

__all__ = ["PackagingError"]


class PackagingError(Exception):
    """A layer cannot be made; the text says why and what to do."""
