"""What a layer is made for, which is seldom the machine it is made on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .errors import PackagingError

__all__ = ["Target"]

_MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
# Amazon Linux 2 has glibc 2.26, Amazon Linux 2023, which runs Python from 3.12 on, has 2.34.
_GLIBC: Final = {"old": 26, "new": 34}
_FIRST_GLIBC: Final = 17  # manylinux2014; wheels below it are listed by their old names


@dataclass(frozen=True)
class Target:
    """A runtime of Lambda (``python3.11``) on an architecture (``arm64`` or ``x86_64``).

    Raises
    ------
    PackagingError
        If there is no such runtime or architecture.
    """

    runtime: str
    architecture: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"python3\.\d+", self.runtime) or self.version < (3, 11):
            raise PackagingError(f"the runtime is {self.runtime!r}; expected python3.11 or later, such as python3.12")
        if self.architecture not in _MACHINES:
            raise PackagingError(f"the architecture is {self.architecture!r}; expected one of {', '.join(_MACHINES)}")

    @property
    def version(self) -> tuple[int, int]:
        """The Python version, as (major, minor)."""
        major, minor = self.runtime.removeprefix("python").split(".")
        return int(major), int(minor)

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of wheels that run there, the newest first."""
        machine = _MACHINES[self.architecture]
        newest = _GLIBC["new" if self.version >= (3, 12) else "old"]
        tags = [f"manylinux_2_{minor}" for minor in range(newest, _FIRST_GLIBC - 1, -1)] + ["manylinux2014"]
        if machine == "x86_64":
            tags += ["manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1"]
        return tuple(f"{tag}_{machine}" for tag in tags)

    def __str__(self) -> str:
        return f"{self.runtime} on {self.architecture}"
