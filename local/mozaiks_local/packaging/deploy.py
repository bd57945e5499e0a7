"""``make deploy``: ``sam deploy`` with the parameters of a section of ``samconfig.toml``, and a release of its own.

``python -m mozaiks_local.packaging.deploy <section> [arguments of sam deploy]``

SAM makes a new version of a function for new code, not for a changed parameter: the functions' alias would stay on the
version with the old one. The parameter ``Release`` has a new value each time, so each deployment makes new versions.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from mozaiks_local.packaging.errors import PackagingError

__all__ = ["arguments"]

_SAM = Path(".venv-sam/bin/sam")
_OVERRIDES = "--parameter-overrides"


def arguments(config: str, section: str, given: Sequence[str], release: str) -> list[str]:
    """What ``sam`` is called with.

    Parameters
    ----------
    config
        The text of ``samconfig.toml``.
    section
        One of its environments.
    given
        Further arguments; parameters among them win over the section's.
    release
        The value of ``Release``; its first ten hexadecimal digits count.

    Raises
    ------
    PackagingError
        If there is no such section.
    """
    sections = tomllib.loads(config)
    if section not in sections or "deploy" not in sections[section]:
        known = ", ".join(name for name, each in sections.items() if isinstance(each, dict) and "deploy" in each)
        raise PackagingError(f"samconfig.toml has no section {section!r} for deployments; it has {known}")
    written = sections[section]["deploy"].get("parameters", {}).get("parameter_overrides", "")
    words = list(written) if isinstance(written, list) else shlex.split(written)
    own, others = _split(given)
    overrides = dict(word.split("=", 1) for word in [*words, *own, f"Release={release}"])
    told = [f"{name}={value}" for name, value in overrides.items()]
    return ["deploy", "--config-env", section, *others, _OVERRIDES, *told]


def _split(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """The parameters among the arguments, and the rest of them."""
    own: list[str] = []
    others: list[str] = []
    within = False
    for word in given:
        if word.startswith("--"):
            within = word == _OVERRIDES
            if not within:
                others.append(word)
        else:
            (own if within else others).append(word)
    return own, others


def _main() -> None:
    release = hashlib.sha256(str(time.time_ns()).encode()).hexdigest()[:16]
    section, *given = sys.argv[1:]
    try:
        words = arguments(Path("samconfig.toml").read_text(encoding="utf-8"), section, given, release)
    except PackagingError as error:
        sys.exit(str(error))
    os.execv(_SAM, [str(_SAM), *words])  # noqa: S606 - its own program, with a list of words


if __name__ == "__main__":
    _main()
