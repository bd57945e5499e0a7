"""Does what the event asks for: sleeps, fails, dies, writes."""

import os
import pathlib
import signal
import subprocess
import sys
import time

STARTED = time.time()
calls = 0


def handler(event, context):
    global calls
    calls += 1
    match event.get("do"):
        case "sleep":
            time.sleep(event["seconds"])
        case "raise":
            raise RuntimeError("asked to raise")
        case "exit":
            os._exit(3)
        case "die_once":
            path = pathlib.Path(event["path"])
            if not path.exists():
                path.write_text("died")
                os.kill(os.getpid(), signal.SIGKILL)
        case "append":
            with pathlib.Path(event["path"]).open("a") as file:
                file.write(f"{event['line']}\n")
            if event.get("fail"):
                raise RuntimeError("asked to fail")
        case "keep_token":
            pathlib.Path(event["path"]).write_text(event["token"])
        case "large":
            return "x" * event["size"]
        case "say":
            print(event["text"])
        case "child":
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            pathlib.Path(event["path"]).write_text(str(child.pid))
            time.sleep(event["seconds"])
    return {"pid": os.getpid(), "calls": calls, "event": event}
