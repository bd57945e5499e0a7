"""Where the functions of workflows come from: each workflow's own modules, and what they share."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mozaiks.engine.imports import KEPT_VERSIONS, code_stamp
from mozaiks.errors import MozaiksError

if TYPE_CHECKING:
    from .conftest import Root


def failure(root: Root, workflow: str = "One", path: str = "tools/main.py", function: str = "execute") -> str:
    with pytest.raises(MozaiksError) as caught:
        root.load(workflow, path, function)
    assert caught.value.code == "TOOL_LOAD_FAILED"
    assert str(root.path) not in caught.value.message
    return caught.value.message


# --- modules of their own -------------------------------------------------------------------------------------------


def test_equal_file_names_of_two_workflows_are_two_modules(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": "from .words import WORD\ndef execute(): return WORD",
            "One/tools/words.py": "WORD = 'one'",
            "Two/tools/main.py": "from .words import WORD\ndef execute(): return WORD",
            "Two/tools/words.py": "WORD = 'two'",
        }
    )
    assert (root.load("One")(), root.load("Two")()) == ("one", "two")


def test_two_loads_of_one_version_are_one_module(root: Root) -> None:
    root.write({"One/tools/main.py": "def execute(): pass"})
    assert root.load("One") is root.load("One")


def test_equal_workflows_of_two_roots_keep_their_own_state(tmp_path: Path, root: Root) -> None:
    other = type(root)(tmp_path / "others")
    for each in (root, other):
        each.write(
            {
                "One/tools/main.py": """
                    from workflows._shared.counting import count
                    def execute(): return count()
                """,
                "_shared/counting.py": """
                    seen = []
                    def count():
                        seen.append(1)
                        return len(seen)
                """,
            }
        )
    assert (root.load("One")(), root.load("One")(), other.load("One")()) == (1, 2, 1)


def test_names_that_look_alike_are_not_mixed_up(root: Root) -> None:
    root.write(
        {
            "my-flow/tools/main.py": "def execute(): return 'dash'",
            "my_flow/tools/main.py": "def execute(): return 'line'",
        }
    )
    assert (root.load("my-flow")(), root.load("my_flow")()) == ("dash", "line")


def test_no_name_that_others_could_own_is_taken(root: Root) -> None:
    before = set(sys.modules)
    root.write(
        {
            "One/tools/main.py": "import workflows._shared.words, tools.more\ndef execute(): pass",
            "One/tools/more.py": "",
            "_shared/words.py": "",
        }
    )
    root.load("One")
    assert {name.partition(".")[0] for name in set(sys.modules) - before} <= {"mozaiks_workflows"}
    assert str(root.path) not in sys.path


# --- what the code of a workflow can import -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "from .words import WORD",
        "from . import words; WORD = words.WORD",
        "from tools.words import WORD",
        "from tools import words; WORD = words.WORD",
        "import tools.words; WORD = tools.words.WORD",
        "import tools.words as words; WORD = words.WORD",
        "from workflows.One.tools.words import WORD",
        "import workflows.One.tools.words; WORD = workflows.One.tools.words.WORD",
    ],
)
def test_a_tool_imports_its_neighbour(root: Root, line: str) -> None:
    root.write({"One/tools/main.py": f"{line}\ndef execute(): return WORD", "One/tools/words.py": "WORD = 'neighbour'"})
    assert root.load("One")() == "neighbour"


@pytest.mark.parametrize(
    "line",
    [
        "from workflows._shared.words import WORD",
        "from workflows._shared import words; WORD = words.WORD",
        "from workflows import _shared; from workflows._shared import words; WORD = _shared.words.WORD",
        "import workflows._shared.words; WORD = workflows._shared.words.WORD",
        "import workflows._shared.words as words; WORD = words.WORD",
        "from workflows._shared.deep.inner import WORD",
    ],
)
@pytest.mark.parametrize("folder", ["tools", "hooks"])
def test_tools_and_hooks_import_what_is_shared(root: Root, line: str, folder: str) -> None:
    root.write(
        {
            f"One/{folder}/main.py": f"{line}\ndef execute(): return WORD",
            "_shared/words.py": "WORD = 'shared'",
            "_shared/deep/inner.py": "from ..words import WORD",
        }
    )
    assert root.load("One", f"{folder}/main.py")() == "shared"


def test_an_import_within_a_function_finds_the_same_module(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": """
                from workflows._shared import words as first
                def execute():
                    from workflows._shared import words
                    from . import more
                    return words is first and more.VALUE
            """,
            "One/tools/more.py": "VALUE = 7",
            "_shared/words.py": "",
        }
    )
    assert root.load("One")() == 7


def test_what_is_shared_is_one_module_for_all_workflows_of_a_root(root: Root) -> None:
    code = "from workflows._shared import words\ndef execute(): return words"
    root.write({"One/tools/main.py": code, "Two/tools/main.py": code, "_shared/words.py": ""})
    assert root.load("One")() is root.load("Two")()


def test_shared_code_imports_shared_code_and_runs_its_package(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": "from workflows._shared import READY\ndef execute(): return READY",
            "_shared/__init__.py": "from workflows._shared.words import WORD\nREADY = WORD + '!'",
            "_shared/words.py": "WORD = 'ready'",
        }
    )
    assert root.load("One")() == "ready!"


def test_another_workflow_s_code_is_out_of_reach(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": "from workflows.Two.tools.main import execute",
            "Two/tools/main.py": "def execute(): pass",
        }
    )
    message = failure(root)
    assert "'workflows.Two.tools.main' is out of reach" in message
    assert "workflows._shared" in message


def test_dataclasses_and_string_annotations_work_in_a_workflow_s_modules(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": """
                from __future__ import annotations
                import dataclasses, typing
                @dataclasses.dataclass
                class Point:
                    x: int
                    other: typing.ClassVar[int] = 3
                def execute(): return dataclasses.asdict(Point(4))
            """
        }
    )
    assert root.load("One")() == {"x": 4}


def test_a_file_name_need_not_be_an_identifier(root: Root) -> None:
    root.write({"One/tools/my-tool 2.py": "def execute(): return 'ran'"})
    assert root.load("One", "tools/my-tool 2.py")() == "ran"


# --- changes during development -------------------------------------------------------------------------------------


def test_a_changed_tool_is_read_again_even_within_the_same_second(root: Root) -> None:
    seen = []
    for value in (1, 2, 3):
        root.write({"One/tools/main.py": f"from .words import VALUE\ndef execute(): return VALUE, {value}"})
        root.write({"One/tools/words.py": f"VALUE = {value}"})
        seen.append(root.load("One")())
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_changed_shared_code_is_read_again_though_the_workflow_s_version_stays(root: Root) -> None:
    root.write(
        {
            "One/tools/main.py": "from workflows._shared.words import VALUE\ndef execute(): return VALUE",
            "_shared/words.py": "VALUE = 1",
        }
    )
    first, stamp = root.load("One")(), code_stamp(root.path / "One")
    root.write({"_shared/words.py": "VALUE = 2"})
    os.utime(root.path / "_shared/words.py", ns=(5, 5))  # the file system's clock may be coarse
    assert (first, root.load("One")()) == (1, 2)
    assert code_stamp(root.path / "One") != stamp


def test_old_versions_leave_nothing_behind(root: Root) -> None:
    def ours() -> list[str]:
        return [name for name in sys.modules if ".One_" in name]

    before = len(ours())
    for value in range(6):
        root.write({"One/tools/main.py": "from . import words\ndef execute(): pass"})
        root.write({"One/tools/words.py": f"VALUE = {value}"})
        root.load("One")
    modules_of_a_version = 4  # the package, its tools, and the two files
    assert len(ours()) - before == KEPT_VERSIONS * modules_of_a_version


def test_the_version_before_still_imports_while_its_slice_ends(root: Root) -> None:
    root.write({"One/tools/main.py": "def execute():\n    from . import words\n    return words.VALUE"})
    root.write({"One/tools/words.py": "VALUE = 'old'"})
    old = root.load("One")
    root.write({"One/tools/main.py": "def execute(): return 'new'"})
    assert root.load("One")() == "new"
    assert old() == "old"


def test_a_broken_file_can_be_mended_without_a_restart(root: Root) -> None:
    root.write({"One/tools/main.py": "from .words import VALUE\ndef execute(): return VALUE"})
    root.write({"One/tools/words.py": "raise ValueError('not yet')"})
    failure(root)
    root.write({"One/tools/words.py": "VALUE = 'mended'"})
    assert root.load("One")() == "mended"


def test_no_bytecode_is_written_beside_the_workflow(root: Root) -> None:
    root.write({"One/tools/main.py": "def execute(): pass"})
    root.load("One")
    assert list(root.path.rglob("*.pyc")) == []


def test_threads_that_load_at_once_get_one_module(root: Root) -> None:
    root.write({"One/tools/main.py": "import time\ntime.sleep(0.05)\nMADE = object()\ndef execute(): return MADE"})
    barrier = threading.Barrier(8)

    def load(_: int) -> object:
        barrier.wait()
        return root.load("One")()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1


# --- what is wrong --------------------------------------------------------------------------------------------------


def test_a_failing_import_names_the_file_the_line_and_the_reason(root: Root) -> None:
    root.write({"One/tools/main.py": "from . import words", "One/tools/words.py": "\n\n1 / 0"})
    assert failure(root) == (
        "One/tools/main.py cannot be imported: ZeroDivisionError: division by zero (in One/tools/words.py, line 3)"
    )


def test_a_missing_name_is_told_without_paths_and_inner_names(root: Root) -> None:
    root.write({"One/tools/main.py": "from .words import WORD", "One/tools/words.py": ""})
    message = failure(root)
    assert "cannot import name 'WORD' from 'workflows.One.tools.words' (One/tools/words.py)" in message
    assert "mozaiks_workflows" not in message


def test_a_path_of_the_machine_is_cut_to_its_last_part(root: Root) -> None:
    root.write(
        {"One/tools/main.py": "open('/etc/no such dir/in/here.txt')", "Two/tools/main.py": "from json import nix"}
    )
    assert "/etc/" not in failure(root)
    assert "(__init__.py)" in failure(root, "Two")


def test_a_syntax_error_in_a_neighbour_names_the_neighbour(root: Root) -> None:
    root.write({"One/tools/main.py": "from . import words", "One/tools/words.py": "def broken(:"})
    assert "(in One/tools/words.py, line 1)" in failure(root)


def test_a_module_that_ends_the_process_ends_only_its_import(root: Root) -> None:
    root.write({"One/tools/main.py": "import sys\nsys.exit(3)"})
    assert "SystemExit: 3" in failure(root)


@pytest.mark.parametrize(
    ("path", "function", "said"),
    [
        ("tools/main.py", "missing", "One/tools/main.py has no function 'missing'"),
        ("tools/main.py", "VALUE", "One/tools/main.py has no function 'VALUE'"),
        ("tools/absent.py", "execute", "One/tools/absent.py is no Python file"),
        ("../Two/tools/main.py", "execute", "is outside the workflow 'One'"),
        ("tools/a.b.py", "execute", "has a dot before the .py"),
        ("tools/both.py", "execute", "hidden by a folder of the same name"),
    ],
)
def test_what_is_no_function_of_the_workflow_is_said(root: Root, path: str, function: str, said: str) -> None:
    root.write(
        {
            "One/tools/main.py": "VALUE = 1\ndef execute(): pass",
            "One/tools/a.b.py": "def execute(): pass",
            "One/tools/both.py": "def execute(): pass",
            "One/tools/both/__init__.py": "def execute(): pass",
            "Two/tools/main.py": "def execute(): pass",
        }
    )
    assert said in failure(root, "One", path, function)
