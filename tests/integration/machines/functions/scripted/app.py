"""Notes each event it gets, and answers what the script of its run says.

The script is ``SCRIPTS/<run>.json``: by action, group and chat (``open_member 0 a``), or action and child
(``open_child a``), the answers of one call after the
other, the last one for all that follow. ``{"raise": …}`` fails, ``{"sleep": …}`` takes its time first, as Lambda's
time-out sees it.
"""

import json
import os
import pathlib
import time

SCRIPTS = pathlib.Path(os.environ["SCRIPTS"])


def handler(event, _context):
    run = event.get("journey_run_id") or event["chat_id"]
    words = [
        event["action"],
        event.get("group"),
        event.get("chat_id") if "journey_run_id" in event else event.get("child_id"),
    ]
    key = " ".join(str(word) for word in words if word is not None)
    with (SCRIPTS / f"{run}.jsonl").open("a") as noted:
        noted.write(json.dumps({"key": key, "at": time.time(), **event}) + "\n")
    answers = json.loads((SCRIPTS / f"{run}.json").read_text()).get(key, [{}])
    calls = [json.loads(line)["key"] for line in (SCRIPTS / f"{run}.jsonl").read_text().splitlines()].count(key)
    answer = answers[min(calls, len(answers)) - 1]
    time.sleep(answer.pop("sleep", 0))
    if "raise" in answer:
        raise RuntimeError(answer["raise"])
    return answer
