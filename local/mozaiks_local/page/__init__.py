"""The chat page: built once from ``chatui/`` and the components of the workflows, kept by the hash of its sources."""

from .build import PAGE_FOLDER, PageBuild, build_page, has_page
from .errors import PageError

__all__ = ["PAGE_FOLDER", "PageBuild", "PageError", "build_page", "has_page"]
