"""``mozaiks db init``: the database of the settings, with every index."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mozaiks_local.cli.console import Failure, out, warn
from mozaiks_local.cli.environment import read_settings

if TYPE_CHECKING:
    from mozaiks.settings import Settings

__all__ = ["MONGO_FOLDER", "check_database", "database_of", "init_database", "init_from_command"]

MONGO_FOLDER = "mongo"


def init_database(settings: Settings) -> list[str]:
    """Create every index of the database the settings name.

    Returns
    -------
    list of str
        ``collection.index``, all that are declared.

    Raises
    ------
    Failure
        If the database does not answer or refuses.
    """
    from pymongo.errors import PyMongoError

    from mozaiks.errors import MozaiksError
    from mozaiks.store.client import connect, reachable
    from mozaiks.store.indexes import ensure_indexes

    database = connect(settings)
    try:
        with reachable():
            return ensure_indexes(database)
    except MozaiksError as error:
        raise Failure(f"the indexes cannot be created: {error.message}") from error
    except PyMongoError as error:  # its text may hold parts of the address
        raise Failure(
            f"the indexes of {settings.mongodb_db_name!r} cannot be created: {type(error).__name__}"
            f" (code {getattr(error, 'code', None)}). The user needs the role readWrite on that database."
        ) from error
    finally:
        database.client.close()


def check_database(settings: Settings) -> str:
    """Look at the server ``MONGODB_URI`` names; returns what it is, in a few words, without credentials.

    Raises
    ------
    Failure
        If the runtime cannot work on it.
    """
    from mozaiks_local.mongod import MongodError, probe

    assert settings.mongodb_uri is not None  # noqa: S101 - asked by the caller
    try:
        facts = probe(settings.mongodb_uri.get_secret_value(), database=settings.mongodb_db_name)
    except MongodError as error:
        raise Failure(error.message) from error
    for warning in facts.warnings:
        warn(warning)
    kind = f"replica set {facts.set_name}" if facts.set_name else "sharded cluster"
    return f"{kind} at {facts.address}"


@contextlib.contextmanager
def database_of(folder: Path, settings: Settings) -> Iterator[tuple[Settings, str]]:
    """The settings with a database that answers, ``MONGODB_URI``'s or the embedded one, and where it is."""
    if settings.mongodb_uri is not None:
        yield settings, check_database(settings)
        return
    from pydantic import SecretStr

    from mozaiks_local.mongod import EmbeddedMongod, MongodError

    data = folder / settings.mozaiks_data_dir / MONGO_FOLDER
    try:
        with EmbeddedMongod(data) as mongod:
            yield settings.model_copy(update={"mongodb_uri": SecretStr(mongod.uri)}), f"the embedded mongod, {data}"
    except MongodError as error:
        raise Failure(error.message) from error


def init_from_command(folder: Path) -> None:
    """Create the indexes in ``MONGODB_URI``'s database, or in the embedded one where it is not set."""
    with database_of(folder, read_settings(folder)) as (settings, where):
        done = init_database(settings)
    collections = len({name.partition(".")[0] for name in done})
    out().print(
        f"{len(done)} indexes on {collections} collections of {settings.mongodb_db_name!r} are there ({where})."
    )
