"""Where scripts come from: ``<workflow>/demo/script.yaml``, read again when it changed, or memory, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from .errors import ScriptError
from .script import Script, parse_script

__all__ = ["ScriptStore"]

_SCRIPT = Path("demo") / "script.yaml"


class ScriptStore:
    """Scripts by workflow name, whatever its case. Safe to use from any thread."""

    def __init__(self, workflows_path: Path) -> None:
        self._path = workflows_path
        self._memory: dict[str, Script] = {}
        self._files: dict[Path, tuple[tuple[int, int], Script]] = {}
        self._folders: tuple[int, dict[str, Path]] | None = None

    def set(self, workflow: str, script: dict[str, Any] | Script) -> None:
        """Give ``workflow`` a script, in place of its file's.

        Raises
        ------
        ScriptError
            What is wrong with it.
        """
        ready = script if isinstance(script, Script) else parse_script(script, f"of {workflow}")
        self._memory[workflow.lower()] = ready

    def remove(self, workflow: str) -> None:
        """Forget what :meth:`set` gave; the file counts again."""
        self._memory.pop(workflow.lower(), None)

    def get(self, workflow: str) -> Script | None:
        """The script of ``workflow``; ``None`` when it has none.

        Raises
        ------
        ScriptError
            Its file is not readable as a script; the message names the file and the place.
        """
        script = self._memory.get(workflow.lower())
        if script is not None:
            return script
        folder = self._folder(workflow.lower())
        return self._read(folder / _SCRIPT, folder.name) if folder is not None else None

    def _folder(self, key: str) -> Path | None:
        # The name came over the network: it selects among the folders that exist and never becomes a path.
        try:
            changed = self._path.stat().st_mtime_ns
        except OSError:
            return None
        if self._folders is None or self._folders[0] != changed:
            folders = {entry.name.lower(): entry for entry in self._path.iterdir() if entry.name[0] not in "._"}
            self._folders = (changed, folders)
        return self._folders[1].get(key)

    def _read(self, file: Path, workflow: str) -> Script | None:
        try:
            status = file.stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._files.get(file)
        if known is not None and known[0] == stamp:
            return known[1]
        source = f"{workflow}/{_SCRIPT.as_posix()}"
        try:
            data = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
        except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
            raise ScriptError(f"Demo script {source}: {error}") from None
        script = parse_script(data, source)
        self._files[file] = (stamp, script)
        return script
