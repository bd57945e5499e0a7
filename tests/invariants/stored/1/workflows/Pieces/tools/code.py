
import json
import os
import uuid
from pathlib import Path

# Beside the folder of workflows; the code is the same wherever that is, and so is the workflow's version.
EFFECTS = Path(__file__).parents[3] / "effects.jsonl"


def happened(key, tool):
    '''What a tool does to the world outside, once for every time it runs.'''
    nonce = uuid.uuid4().hex
    line = json.dumps({"key": key, "tool": tool, "nonce": nonce}) + "\n"
    file = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
    return nonce


async def note(turn_idempotency_key, context_variables):
    context_variables["note"] = True
    return {"nonce": happened(turn_idempotency_key, "note")}
