"""The looks of an app."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from mozaiks.themes.service import AppTheme
from mozaiks.themes.tokens import Theme
from mozaiks.web.ids import AppId
from mozaiks.web.member import AdministeredApp, App
from mozaiks.web.runtime import Api

__all__ = ["routes"]

routes = APIRouter(prefix="/api/themes", tags=["themes"])

_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Northwind",
    "colors": {"light": {"primary": "#0b6b50"}},
    "shape": {"radius_px": 12},
}


class NewTheme(Theme):
    """What the app sets; every token that is left out has its default."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


class ThemeView(BaseModel):
    app_id: str
    version: int = Field(description="How often it was set; 0 where it never was.", examples=[3])
    theme: Theme = Field(description="Every token, defaults included.")
    overrides: dict[str, Any] = Field(description="What the app set.", examples=[_EXAMPLE])
    updated_at: datetime | None


@routes.get("/{app_id}")
async def read_theme(app: App, app_id: AppId, api: Api, response: Response) -> ThemeView:
    """The app's theme, defaults included. Its `ETag` is what `If-Match` of a change expects."""
    return _view(app_id, api.themes.get(app), response)


@routes.put("/{app_id}")
async def replace_theme(
    app: AdministeredApp,
    app_id: AppId,
    theme: NewTheme,
    api: Api,
    response: Response,
    if_match: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> ThemeView:
    """Set the app's theme. Texts and marks must stand out from their ground (WCAG 2.2, level AA).

    With the `ETag` of the theme that is to be replaced as `If-Match`, nobody else's change is overwritten unseen.
    """
    return _view(app_id, api.themes.put(app, theme, expected=_tags(if_match)), response)


def _view(app_id: str, found: AppTheme, response: Response) -> ThemeView:
    response.headers["ETag"] = f'"{found.tag}"'
    return ThemeView(
        app_id=app_id,
        version=found.version,
        theme=found.theme,
        overrides=dict(found.set),
        updated_at=found.updated_at,
    )


def _tags(if_match: str | None) -> list[str] | None:
    """The tags that the header names; ``None``: whatever stands there."""
    if if_match is None or if_match.strip() == "*":
        return None
    return [each.strip().strip('"') for each in if_match.split(",")]
