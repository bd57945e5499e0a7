"""Whether people can read a theme: contrast ratios of the Web Content Accessibility Guidelines 2.2, level AA. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypedDict

from mozaiks.errors import MozaiksError
from mozaiks.themes.tokens import LightPalette, Theme

__all__ = ["PAIRS", "WeakPair", "check_contrast", "contrast_ratio"]

_TEXT: Final = 4.5
_GRAPHIC: Final = 3.0

PAIRS: Final[tuple[tuple[str, str, float], ...]] = (
    ("text", "background", _TEXT),
    ("text", "surface", _TEXT),
    ("muted_text", "background", _TEXT),
    ("muted_text", "surface", _TEXT),
    ("on_primary", "primary", _TEXT),
    ("primary", "background", _GRAPHIC),
    ("focus", "background", _GRAPHIC),
    ("success", "background", _GRAPHIC),
    ("warning", "background", _GRAPHIC),
    ("danger", "background", _GRAPHIC),
)
"""What stands on what, and the least ratio: 4.5 for text, 3 for marks and the edges of controls."""


class WeakPair(TypedDict):
    """Two colours that are too alike."""

    mode: str
    foreground: str
    background: str
    ratio: float
    needed: float


def contrast_ratio(one: str, other: str) -> float:
    """Of two ``#rrggbb`` colours, from 1 (the same) to 21 (black and white); the order does not matter.

    Examples
    --------
    >>> round(contrast_ratio("#000000", "#ffffff"), 1)
    21.0
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def check_contrast(theme: Theme) -> None:
    """Raise ``CONTRAST_TOO_LOW``, naming every pair, if something cannot be told from its ground."""
    weak = [*_weak("light", theme.colors.light), *_weak("dark", theme.colors.dark)]
    if not weak:
        return
    said = "; ".join(
        f"colors.{each['mode']}.{each['foreground']} on {each['background']} has {each['ratio']}, "
        f"expected at least {each['needed']}"
        for each in weak
    )
    raise MozaiksError("CONTRAST_TOO_LOW", f"too little contrast: {said}", pairs=weak)


def _weak(mode: str, palette: LightPalette) -> Iterator[WeakPair]:
    for foreground, background, needed in PAIRS:
        ratio = contrast_ratio(getattr(palette, foreground), getattr(palette, background))
        if ratio < needed:
            # Rounded down: 4.496 is not to be told as 4.5.
            yield {
                "mode": mode,
                "foreground": foreground,
                "background": background,
                "ratio": int(ratio * 100) / 100,
                "needed": needed,
            }


def _luminance(color: str) -> float:
    red, green, blue = (_linear(int(color[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
