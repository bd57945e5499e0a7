"""``mozaiks dev``: everything on this machine, one command, and nothing left when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.text import Text

from mozaiks_local.cli.console import Failure, complain, out, warn
from mozaiks_local.cli.database import MONGO_FOLDER, check_database, init_database
from mozaiks_local.cli.dev_checks import check_folder, check_port, check_space, explained, make_data_folder
from mozaiks_local.cli.dev_lock import DevLock
from mozaiks_local.cli.environment import read_settings
from mozaiks_local.cli.steps import Steps
from mozaiks_local.cli.stopping import end_children, stop_on_signals

if TYPE_CHECKING:
    from mozaiks.settings import Settings
    from mozaiks_local.mongod import EmbeddedMongod

__all__ = ["run_dev"]

_LOCK: Final = "dev.lock"


def run_dev(folder: Path, *, verbose: bool, reload: bool) -> int:
    """Run the local stack of the project in ``folder`` until it is told to stop.

    Returns
    -------
    int
        Exit code: 0 when it was stopped, 1 when it could not start or a part of it died.
    """
    with stop_on_signals():
        try:
            return _run(folder, verbose=verbose, reload=reload)
        except KeyboardInterrupt:
            return 0
        except Failure as failure:
            complain(str(failure))
            return 1
        except OSError as error:
            if error.errno is None:
                raise
            complain(str(explained(error)))
            return 1
        finally:
            if left := end_children():
                warn(f"had to end {', '.join(sorted(set(left)))}")


def _run(folder: Path, *, verbose: bool, reload: bool) -> int:
    settings = read_settings(folder)
    data = (folder / settings.mozaiks_data_dir).resolve()
    workflows = (folder / settings.mozaiks_workflows_path).resolve()
    check_folder(folder, workflows)
    make_data_folder(data)
    with DevLock(data / _LOCK) as lock:
        check_port(settings.port)
        check_space(data)
        steps = Steps(out())
        with _database(settings, data, steps) as (settings, mongod):
            from mozaiks_local.cli.dev_stack import DevStack

            stack = DevStack(settings, folder, data, workflows, mongod, lock, steps, verbose=verbose, reload=reload)
            code = asyncio.run(stack.run())
            with out().status(Text("stopping …")):
                if mongod is not None:
                    mongod.stop()
            return code


@contextlib.contextmanager
def _database(settings: Settings, data: Path, steps: Steps) -> Iterator[tuple[Settings, EmbeddedMongod | None]]:
    """The database of ``MONGODB_URI``, looked at first, or the embedded one; with its indexes."""
    if settings.mongodb_uri is not None:
        with steps.step("database", "looking at the database of MONGODB_URI") as step:
            step.result = check_database(settings)
        _init(settings, steps)
        yield settings, None
        return
    from pydantic import SecretStr

    from mozaiks_local.mongod import EmbeddedMongod, MongodError

    mongod = EmbeddedMongod(data / MONGO_FOLDER, if_running="refuse")
    try:
        with steps.step("database", "starting the embedded mongod") as step:
            mongod.launch()
            _import_meanwhile()
            mongod.wait_ready()
            step.result = f"embedded mongod at {mongod.safe_uri}, data in {_relative(data / MONGO_FOLDER)}"
        settings = settings.model_copy(update={"mongodb_uri": SecretStr(mongod.uri)})
        settings.model_fields_set.add("mongodb_uri")
        _init(settings, steps)
        yield settings, mongod
    except MongodError as error:
        raise Failure(error.message) from error
    finally:
        mongod.stop()


def _init(settings: Settings, steps: Steps) -> None:
    with steps.step("indexes", "creating the indexes that are missing") as step:
        step.result = f"{len(init_database(settings))} in {settings.mongodb_db_name}"


def _import_meanwhile() -> None:
    """Load the stack's code while mongod starts."""
    threading.Thread(target=__import__, args=("mozaiks_local.cli.dev_stack",), daemon=True).start()


def _relative(path: Path) -> str:
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
