"""Step Functions, KMS and Secrets Manager for the stack: starts the process that plays them, and asks it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .definitions import ACCOUNT_ID, REGION, StateMachineDefinition
from .errors import StackError
from .http_client import post_json
from .http_server import listening_socket

__all__ = ["ENDPOINT_VARIABLES", "AwsProcess"]

ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
"""What tells boto3 in a worker where these services are."""

_SCRIPT = Path(__file__).with_name("aws_main.py")
_START_SECONDS = 60.0


class AwsProcess:
    """The process behind ``AWS_ENDPOINT_URL_SFN`` and its kin.

    Parameters
    ----------
    machines
        State machines to create.
    log
        File that takes what the process writes.
    kms_key
        File of the key that KMS encrypts with; made if it is missing.
    time_scale
        Factor of Wait states and retry intervals; below 1 for tests only.
    """

    def __init__(
        self, machines: Iterable[StateMachineDefinition], log: Path, kms_key: Path, time_scale: float = 1.0
    ) -> None:
        self._machines = list(machines)
        self._log = log
        self._kms_key = kms_key
        self._time_scale = time_scale
        self._process: asyncio.subprocess.Process | None = None
        self._socket: socket.socket | None = None
        self.endpoint = ""

    def bind(self, host: str) -> str:
        """Take a port; gives the endpoint URL. Requests wait until the process has started."""
        self._socket = listening_socket(host, 0)
        self.endpoint = f"http://{host}:{self._socket.getsockname()[1]}"
        return self.endpoint

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, lambda_endpoint: str) -> None:
        """Start the process; executions invoke functions at ``lambda_endpoint``.

        Raises
        ------
        StackError
            If it does not come up; the message holds the last of what it wrote.
        """
        assert self._socket is not None  # noqa: S101 - bind comes first
        number = self._socket.fileno()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", str(_SCRIPT),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                pass_fds=[number],
                start_new_session=True,  # Ctrl-C is for the stack, which ends it in its turn
                env=_environment(os.environ),
            )  # fmt: skip
        self._socket.close()  # the process has its own copy
        configuration = {
            "socket": number,
            "region": REGION,
            "account": ACCOUNT_ID,
            "role": f"arn:aws:iam::{ACCOUNT_ID}:role/local",
            "lambda_port": int(lambda_endpoint.rpartition(":")[2]),
            "time_scale": self._time_scale,
            "kms_key_file": str(self._kms_key.resolve()),
            "machines": [{"name": machine.name, "definition": machine.definition} for machine in self._machines],
        }
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018 - asked for above
        self._process.stdin.write(json.dumps(configuration).encode() + b"\n")
        await self._process.stdin.drain()
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _START_SECONDS)
            json.loads(line)
        except (TimeoutError, ValueError) as error:
            await self.stop()
            tail = self._log.read_bytes()[-2000:].decode(errors="replace")
            raise StackError(f"Step Functions did not start; the end of {self._log} is:\n{tail}") from error

    async def stop(self) -> None:
        """End the process; running executions end with it."""
        if self._socket is not None:
            self._socket.close()
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    async def call(self, action: str, body: Mapping[str, Any]) -> Any:
        """Call an action of Step Functions, ``ListExecutions`` for one.

        Raises
        ------
        StackError
            If it answers an error.
        """
        status, text = await post_json(self.endpoint, body, {"X-Amz-Target": f"AWSStepFunctions.{action}"})
        answer = json.loads(text)
        if status != 200:
            raise StackError(f"{action}: {answer.get('__type')}: {answer.get('message')}")
        return answer

    async def executions(self) -> list[dict[str, Any]]:
        """Every execution of every state machine that is remembered, as ``DescribeExecution`` gives it."""
        found: list[dict[str, Any]] = []
        for machine in self._machines:
            page: dict[str, Any] = {"stateMachineArn": machine.arn}
            while True:
                listed = await self.call("ListExecutions", page)
                for item in listed["executions"]:
                    found.append(await self.call("DescribeExecution", {"executionArn": item["executionArn"]}))
                if not listed.get("nextToken"):
                    break
                page["nextToken"] = listed["nextToken"]
        return found


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Give only what the process needs: the developer's AWS settings and proxies must not reach it."""
    kept = {
        name: inherited[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH") if name in inherited
    }
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "*",
    }
