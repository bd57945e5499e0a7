"""``mozaiks config``: every setting, its variable, its value and what it means."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from rich.table import Table
from rich.text import Text

from mozaiks.settings import Settings
from mozaiks_local.cli.console import out
from mozaiks_local.cli.environment import read_settings

__all__ = ["SettingRow", "setting_rows", "show_config"]

_MASK = "********"


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting. ``value`` is what is in force, masked if secret; ``is_default`` says nobody set it."""

    name: str
    aliases: tuple[str, ...]
    value: Any
    is_default: bool
    secret: bool
    description: str


def setting_rows(settings: Settings) -> list[SettingRow]:
    """Every setting, in the order of its declaration."""
    return [_row(settings, name, field) for name, field in Settings.model_fields.items()]


def show_config(folder: Path, *, as_json: bool) -> None:
    """Print the settings of a command run in ``folder``."""
    rows = setting_rows(read_settings(folder))
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("variable", no_wrap=True)
    table.add_column("value", overflow="fold", ratio=1)
    table.add_column("meaning", overflow="fold", ratio=2)
    for row in rows:
        value = Text("not set" if row.value is None else str(row.value) or "(empty)")
        value.stylize("dim" if row.is_default else "green")
        table.add_row(Text(row.name, "cyan"), value, Text(row.description))
    out().print(table)
    out().print(Text("Green: set in the environment or .env. Dim: the default. Secrets are not shown.", style="dim"))


def _row(settings: Settings, name: str, field: FieldInfo) -> SettingRow:
    value = getattr(settings, name)
    secret = "SecretStr" in str(field.annotation)
    if isinstance(value, SecretStr):
        value = _MASK
    elif isinstance(value, Path):
        value = str(value)
    names = _variables(name, field)
    return SettingRow(
        name=names[0],
        aliases=tuple(names[1:]),
        value=value,
        is_default=name not in settings.model_fields_set,
        secret=secret,
        description=field.description or "",
    )


def _variables(name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice).upper() for choice in alias.choices]
    return [str(alias or name).upper()]
