"""The process that plays the AWS services behind an API: moto, Step Functions' executor included.

Started as a script by ``aws_process.AwsProcess``; reads one JSON line of configuration from its standard input, writes
one JSON line when it is ready, and ends when its standard input does, so it never outlives the stack.
A process of its own, because moto keeps its state per process and runs executions in threads: neither must touch the
event loop that carries sockets, nor another stack beside this one.
"""

from __future__ import annotations

import copy
import json
import logging
import os
import socket
import sys
import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from mozaiks_local.local_kms import KmsRefusal, LocalKms, key_of_file

# The services this process plays: the prefix of X-Amz-Target to moto's host name. One line adds a service.
SERVICES = {
    "AWSStepFunctions": "states",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}
ENDED_EXECUTIONS_KEPT = 200  # of each state machine, with their history; a quarter of a megabyte each
MAX_INPUT_BYTES = 262_144
NAME_FORBIDDEN = set(' {}[]<>?*"#%\\^|~`$&,;:/') | {chr(code) for code in (*range(32), *range(127, 160))}


class Refusal(Exception):
    """An error AWS would answer and moto does not."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ParsedOnce:
    """Parses each definition once: the parser takes longer than a whole execution, and copying a program hardly any
    time.

    Each copy is used by one execution only, as each parsed program is in moto itself.
    """

    def __init__(self, parse: Any) -> None:
        self._parse = parse
        self._programs: dict[str, Any] = {}

    def parse(self, definition: str) -> Any:
        program = self._programs.get(definition)
        # moto does not look at the syntax tree again.
        return self._parse(definition) if program is None else (copy.deepcopy(program), None)

    def prepare(self, definition: str) -> None:
        self._programs[definition] = self._parse(definition)[0]


class StepFunctions:
    """moto's executor, with AWS's answers where moto's differ."""

    def __init__(self, region: str, account: str, time_scale: float) -> None:
        moto_config: Any = import_module("moto.core.config")
        moto_config.default_user_config["stepfunctions"] = {"execute_state_machine": True}
        backends: Any = import_module("moto.stepfunctions.parser.models")
        worker: Any = import_module("moto.stepfunctions.parser.backend.execution_worker")
        component = "moto.stepfunctions.parser.asl.component"
        lambda_calls: Any = import_module(f"{component}.state.exec.state_task.lambda_eval_utils")

        self._backend: Any = backends.stepfunctions_parser_backends[account][region]
        self._threads: list[threading.Thread] = worker.TMP_THREADS
        self._lock = threading.Lock()
        self._ended_names: dict[str, set[str]] = {}
        self._answered: set[str] = set()
        self._callback: Any = import_module("moto.stepfunctions.parser.asl.eval.callback.callback")
        # Neither of these two changes what an execution does, only when the same work is done.
        self._parsed = ParsedOnce(worker.AmazonStateLanguageParser.parse)
        worker.AmazonStateLanguageParser = self._parsed
        make_client = lambda_calls.boto_client_for

        @lru_cache(maxsize=8)
        def kept_client(region: str, service: str) -> Any:
            return make_client(region=region, service=service)

        def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
            return kept_client(region, service)

        lambda_calls.boto_client_for = client_for
        kept_client(region, "lambda")
        if time_scale != 1.0:
            retrier: Any = import_module(f"{component}.common.retry.retrier_decl")
            retrier.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * time_scale))
            wait: Any = import_module(f"{component}.state.wait.wait_function.wait_function")

            def scaled_wait(_self: Any, env: Any, wait_seconds: float) -> None:
                env.program_state_event.wait(wait_seconds * time_scale)

            wait.WaitFunction._wait_interval = scaled_wait

    def create(self, name: str, definition: str, role: str) -> None:
        self._backend.create_state_machine(name=name, definition=definition, roleArn=role)
        self._parsed.prepare(definition)

    def start_execution(self, request: dict[str, Any]) -> dict[str, Any]:
        name = request.get("name") or str(uuid4())  # moto needs one, AWS does not
        text = request.get("input") or "{}"
        if len(name) > 80 or NAME_FORBIDDEN.intersection(name):
            raise Refusal("InvalidName", f"Invalid Name: '{name}'")
        if len(text.encode()) > MAX_INPUT_BYTES:
            raise Refusal("InvalidExecutionInput", f"the input is over {MAX_INPUT_BYTES} bytes")
        arn = request["stateMachineArn"]
        with self._lock:
            self._forget_old(arn)
            if name in self._ended_names.get(arn, ()):
                taken = arn.replace(":stateMachine:", ":execution:") + f":{name}"
                raise Refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{taken}'")
            execution = self._backend.start_execution(arn, name, text)
        return {"executionArn": execution.execution_arn, "startDate": execution.start_date.timestamp()}

    def send_task_success(self, request: dict[str, Any]) -> dict[str, Any]:
        token, output = request["taskToken"], request["output"]
        try:
            json.loads(output)
        except ValueError as error:
            raise Refusal("InvalidOutput", f"Invalid Output: {error}") from error
        return self._answer_task(token, self._callback.CallbackOutcomeSuccess(callback_id=token, output=output))

    def send_task_failure(self, request: dict[str, Any]) -> dict[str, Any]:
        token, error, cause = request["taskToken"], request.get("error"), request.get("cause")
        return self._answer_task(token, self._callback.CallbackOutcomeFailure(token, error=error, cause=cause))

    def send_task_heartbeat(self, request: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._task(request["taskToken"]).notify_heartbeat()
        return {}

    def _answer_task(self, token: str, outcome: Any) -> dict[str, Any]:
        # moto would take a second answer over the first, and trip over executions that are just starting.
        with self._lock:
            self._task(token).notify(outcome)
            self._answered.add(token)
        return {}

    def _task(self, token: str) -> Any:
        gone = Refusal("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        if token in self._answered:
            raise gone
        for machine in self._backend.state_machines:
            for execution in machine.executions:
                environment = getattr(execution.exec_worker, "env", None)
                task = environment.callback_pool_manager.get(token) if environment is not None else None
                if task is not None:
                    if execution.status != "RUNNING" or task.consumer_error is not None:
                        raise gone
                    return task
        raise Refusal("InvalidToken", "Invalid Token: 'Invalid token'")

    def _forget_old(self, arn: str) -> None:
        machine = self._backend.describe_state_machine(arn)
        ended = [execution for execution in machine.executions if execution.status != "RUNNING"]
        for execution in ended[:-ENDED_EXECUTIONS_KEPT]:
            machine.executions.remove(execution)
            self._ended_names.setdefault(arn, set()).add(execution.name)
        if len(self._threads) > 2 * ENDED_EXECUTIONS_KEPT:
            self._threads[:] = [thread for thread in self._threads if thread.is_alive()]


class Services:
    """Answers AWS JSON requests, from our own handlers or from moto."""

    def __init__(self, region: str, step_functions: StepFunctions, kms: LocalKms) -> None:
        from botocore.awsrequest import AWSPreparedRequest
        from moto.core.botocore_stubber import BotocoreStubber
        from moto.core.exceptions import AWSError, ServiceException

        self._region = region
        self._moto = BotocoreStubber()
        self._request: Any = AWSPreparedRequest
        self._moto_errors = (AWSError, ServiceException)  # moto has both, of old and of new
        self._own = {
            "AWSStepFunctions.StartExecution": step_functions.start_execution,
            "AWSStepFunctions.SendTaskSuccess": step_functions.send_task_success,
            "AWSStepFunctions.SendTaskFailure": step_functions.send_task_failure,
            "AWSStepFunctions.SendTaskHeartbeat": step_functions.send_task_heartbeat,
            **kms.actions,
        }

    def answer(self, target: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        own = self._own.get(target)
        if own is not None:
            try:
                return 200, {}, json.dumps(own(json.loads(body))).encode()
            except (Refusal, KmsRefusal) as refusal:
                return _refused(refusal.kind, str(refusal))
            except self._moto_errors as error:
                kind = getattr(error, "TYPE", None) or getattr(error, "code", "InternalFailure")
                return _refused(str(kind), str(getattr(error, "message", error)))
        service = SERVICES.get(target.partition(".")[0])
        if service is None:
            return _refused(
                "UnknownOperationException", f"{target!r} is not played here; services: {', '.join(SERVICES)}"
            )
        host = f"{service}.{self._region}.amazonaws.com"
        prepared = self._request("POST", f"https://{host}/", {**headers, "Host": host}, body, False)
        response = self._moto.process_request(prepared)
        if response is None:
            return _refused("UnknownOperationException", f"moto does not know {target!r}")
        status, given, text = response
        return int(status), dict(given), text.encode() if isinstance(text, str) else bytes(text)


def _refused(kind: str, message: str) -> tuple[int, dict[str, str], bytes]:
    return 400, {"x-amzn-errortype": kind}, json.dumps({"__type": kind, "message": message}).encode()


def _handler(services: Services) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if not self.headers.get("authorization"):
                # Also keeps web pages out: a browser asks before it sends this header across origins.
                status, headers, answer = _refused("MissingAuthenticationToken", "Missing Authentication Token")
            else:
                try:
                    target = self.headers.get("x-amz-target", "")
                    status, headers, answer = services.answer(target, dict(self.headers.items()), body)
                except Exception as error:
                    logging.getLogger(__name__).exception("a service failed")
                    status, headers, answer = (
                        500,
                        {},
                        json.dumps({"__type": "InternalFailure", "message": repr(error)}).encode(),
                    )
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "content-type", "connection", "transfer-encoding"):
                    self.send_header(name, str(value))
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("x-amzn-RequestId", str(uuid4()))
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


def main() -> None:
    """Serve until standard input ends."""
    configuration = json.loads(sys.stdin.readline())
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    # moto reports each failing state with its whole syntax tree; the execution's error and cause say the same.
    logging.getLogger("moto").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    sys.setswitchinterval(0.001)  # an execution that computes must not hold up the one that just started
    os.environ["MOTO_PORT"] = str(configuration["lambda_port"])  # where moto's executor finds Lambda
    step_functions = StepFunctions(configuration["region"], configuration["account"], configuration["time_scale"])
    for machine in configuration["machines"]:
        step_functions.create(machine["name"], machine["definition"], configuration["role"])
    kms = LocalKms(key_of_file(Path(configuration["kms_key_file"])))
    services = Services(configuration["region"], step_functions, kms)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(services), bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=configuration["socket"])  # bound by the stack, which knows its port already
    server.socket.setblocking(True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 60}, daemon=True).start()
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends with the stack, however it ends
    os._exit(0)  # executions that wait would keep the process


if __name__ == "__main__":
    main()
