"""What authors import: the result that names a speaker, and the error that ends a run."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import mozaiks.authoring
from mozaiks.authoring import AbortRun, Handoff, handoff


def test_a_handoff_holds_where_why_and_what() -> None:
    assert handoff(" Billing ", reason="an invoice", result={"id": 1}) == Handoff("Billing", "an invoice", {"id": 1})


@pytest.mark.parametrize(("target", "error"), [("", ValueError), ("  ", ValueError), (None, TypeError)])
def test_a_handoff_to_nobody_is_refused(target: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="needs the name of an agent"):
        handoff(target)


def test_abort_run_carries_what_is_shown() -> None:
    assert (AbortRun("over").message, str(AbortRun("over")), bool(AbortRun().message)) == ("over", "over", True)


def test_authors_import_nothing_heavy() -> None:
    code = (
        "import sys, mozaiks.authoring\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)))"
    )
    path = str(mozaiks.authoring.__file__).removesuffix("/mozaiks/authoring.py")
    ran = subprocess.run([sys.executable, "-S", "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True)
    assert ran.stdout.strip() == "['__main__', 'mozaiks']", ran.stderr
