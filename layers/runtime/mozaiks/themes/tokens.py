"""Design tokens, each with its default. What an app sets is the same model with fewer fields set. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DarkPalette", "LightPalette", "Logo", "Shape", "Theme", "Typography"]

Color = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="`#rrggbb`")]
Fonts = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9 ,'-]{1,200}$", description="Names of fonts as CSS lists them, and nothing else.")
]


class _Tokens(BaseModel):
    # Unknown tokens are refused, not dropped: who sets one expects to see it.
    model_config = ConfigDict(extra="forbid", frozen=True)


class LightPalette(_Tokens):
    """Colours on a light ground."""

    background: Color = "#ffffff"
    surface: Color = "#f4f5f7"
    text: Color = "#1b1f24"
    muted_text: Color = "#57606a"
    primary: Color = "#1f5fbf"
    on_primary: Color = "#ffffff"
    border: Color = "#d0d7de"
    focus: Color = "#0a58ca"
    success: Color = "#1a7f37"
    warning: Color = "#9a6700"
    danger: Color = "#cf222e"


class DarkPalette(LightPalette):
    """Colours on a dark ground."""

    background: Color = "#0e1116"
    surface: Color = "#181d24"
    text: Color = "#e9edf2"
    muted_text: Color = "#a3adb8"
    primary: Color = "#7fb0ff"
    on_primary: Color = "#0b1a33"
    border: Color = "#333c47"
    focus: Color = "#9cc2ff"
    success: Color = "#4ac26b"
    warning: Color = "#d4a72c"
    danger: Color = "#ff8182"


class Palettes(_Tokens):
    light: LightPalette = LightPalette()
    dark: DarkPalette = DarkPalette()


class Typography(_Tokens):
    font_family: Fonts = "system-ui, sans-serif"
    heading_font_family: Fonts = "system-ui, sans-serif"
    mono_font_family: Fonts = "ui-monospace, monospace"
    base_size_px: Annotated[float, Field(ge=12, le=24)] = 16
    line_height: Annotated[float, Field(ge=1.2, le=2)] = 1.5


class Shape(_Tokens):
    radius_px: Annotated[float, Field(ge=0, le=32)] = 8
    border_px: Annotated[float, Field(ge=0, le=4)] = 1
    spacing_px: Annotated[float, Field(ge=2, le=16, description="The unit of all distances.")] = 4


class Logo(_Tokens):
    url: Annotated[str, Field(max_length=2048, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^\s\"'<>\\]*)?$")]
    alt: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$", description="What the picture says.")] = ""


class Theme(_Tokens):
    """All tokens of an app."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")] = "Mozaiks"
    colors: Palettes = Palettes()
    typography: Typography = Typography()
    shape: Shape = Shape()
    logo: Logo | None = None
