"""The demo model: a local OpenAI-compatible server that plays scripts kept beside each workflow.

Development only. It streams, calls tools, gives structured outputs, refuses what the real API would refuse, and fails
on request, so that a chat can be tried and tested without a model key.

Examples
--------
>>> with run_in_thread(Path("workflows")) as model:  # doctest: +SKIP
...     model.scripts.set("Greeting", {"agents": {"*": [{"say": "Hello, {user}!"}]}})
...     model.faults.add(Fault("rate_limit", retry_after=0.1))
...     client = OpenAI(base_url=model.url, api_key="none")
"""

from .faults import Fault, FaultKind, FaultList
from .records import RequestRecord
from .rules import check_request
from .script import Script, parse_script
from .server import DELAY_VARIABLE, MODEL_NAME, DemoModel
from .threads import run_in_thread

__all__ = [
    "DELAY_VARIABLE",
    "MODEL_NAME",
    "DemoModel",
    "Fault",
    "FaultKind",
    "FaultList",
    "RequestRecord",
    "Script",
    "check_request",
    "parse_script",
    "run_in_thread",
]
