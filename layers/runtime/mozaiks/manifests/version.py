"""The content hash a chat stays bound to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from mozaiks.manifests.folder import Folder
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["workflow_version"]

_CODE_FOLDERS = ("tools", "hooks")


def workflow_version(spec: WorkflowSpec, folder: Folder, files: Iterable[str]) -> str:
    """Hex SHA-256 over the normalised content and the bytes of code and referenced files.

    The content counts, not its syntax or dialect: the same workflow in JSON and in YAML has the same version. All
    ``*.py`` under ``tools/`` and ``hooks/`` count, since they import each other; ``_shared`` and ``demo/`` do not. A
    field that holds its default does not count: a field that a later version of the runtime adds to the language leaves
    the chats bound to their workflows.

    Parameters
    ----------
    spec
        The loaded workflow; its own ``version`` is ignored.
    folder
        The workflow's folder.
    files
        Paths of prompt and data files the manifests refer to, relative to the folder.
    """
    digest = hashlib.sha256()
    content = spec.model_dump(mode="json", exclude={"version"}, exclude_defaults=True)
    digest.update(json.dumps(content, sort_keys=False, ensure_ascii=True, separators=(",", ":")).encode())
    for relative in sorted({*files, *_code(folder)}):
        path = folder.inside(relative)
        if path is not None:
            digest.update(f"\0{relative}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _code(folder: Folder) -> Iterable[str]:
    for name in _CODE_FOLDERS:
        base = folder.path / name
        if base.is_dir():
            yield from (_relative(path, folder) for path in base.rglob("*.py") if path.is_file())


def _relative(path: Path, folder: Folder) -> str:
    return path.relative_to(folder.path).as_posix()
