"""The chat page: built once from ``chatui/`` and the components of the workflows, kept by the hash of its sources."""

from .build import PAGE_FOLDER, PageBuild, build_page, has_page, install_packages
from .errors import PageError
from .node import Node, present_node

__all__ = [
    "PAGE_FOLDER",
    "Node",
    "PageBuild",
    "PageError",
    "build_page",
    "has_page",
    "install_packages",
    "present_node",
]
