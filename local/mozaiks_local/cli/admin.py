"""``mozaiks admin``: what an operator does to chats and journeys of others."""

from __future__ import annotations

import os
from pathlib import Path

from mozaiks_local.cli.console import Failure, out
from mozaiks_local.cli.database import database_of
from mozaiks_local.cli.environment import read_settings

__all__ = ["stop_chats"]


def stop_chats(folder: Path, app_id: str, user_id: str | None) -> None:
    """Cancel every journey and every chat of an app, or of one of its users, that has not ended; says how many.

    Clients hear of it at once where ``WEBSOCKET_CALLBACK_URL`` names the socket API, and on a developer's machine;
    else when they come back.
    """
    from mozaiks.access.principal import Tenant, checked_id
    from mozaiks.bootstrap import Parts
    from mozaiks.errors import MozaiksError

    settings = read_settings(folder)
    if settings.websocket_callback_url is None:
        local = f"http://127.0.0.1:{settings.port}/local"
        settings = settings.model_copy(update={"websocket_callback_url": local})
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            os.environ.setdefault(name, "local")
        os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    try:
        tenant = Tenant(checked_id("app_id", app_id), None if user_id is None else checked_id("user_id", user_id))
        with database_of(folder, settings) as (settings, _):
            parts = Parts(settings)
            stopped = parts.journeys.stop_everything(tenant)
            parts.database.client.close()
    except MozaiksError as error:
        raise Failure(error.message) from error
    whose = f"of the app {app_id}" if user_id is None else f"of {user_id} in the app {app_id}"
    chats = f"{stopped.chats} {'chat' if stopped.chats == 1 else 'chats'}"
    journeys = f"{stopped.journeys} {'journey' if stopped.journeys == 1 else 'journeys'}"
    out().print(f"{chats} and {journeys} {whose} told to stop.", highlight=False)
