"""What the template promises, after AWS's own transform."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from typing import Any

import pytest
from pydantic import AliasChoices

from mozaiks.settings import Settings
from mozaiks_local.packaging.target import Target

from .conftest import ROOT
from .deployment import TEMPLATE, Deployment, arn

GIVEN = {
    "StageName": "prod",
    "AllowedIssuers": "us",
    "MongoDbUri": "mongodb+srv://u:hush-mongo@h/",
    "JwtSecret": "hush-jwt",
    "OpenAiApiKey": "hush-key",
    "PlatformApiKey": "hush-platform",
    "RealtimeGatewaySharedSecret": "hush-realtime",
    "UsageWebhookUrl": "https://billing.example.com/usage",
    "UsageWebhookSecret": "hush-usage",
    "ModelPrices": '{"m-*":{"input":0.5,"output":1.5}}',
    "RunBudgetUsd": "2.5",
    "TracesEndpoint": "https://otlp.example.com",
    "TracesHeadersSecretArn": arn("secretsmanager", "secret:Traces"),
}
KEPT = (
    "MongoDbUriSecret",
    "JwtSecretOfTokens",
    "OpenAiApiKeySecret",
    "PlatformApiKeySecret",
    "RealtimeSecret",
    "UsageSecret",
)
MONGO, JWT, KEY, PLATFORM, REALTIME, USAGE = (arn("secretsmanager", f"secret:{name}") for name in KEPT)
TRACES = GIVEN["TracesHeadersSecretArn"]
POST, DELETE = (arn("execute-api", f"ChatSocket/prod/{verb}/@connections/abc=") for verb in ("POST", "DELETE"))
MACHINES = [arn("states", f"stateMachine:{name}") for name in ("RunStateMachine", "JourneyStateMachine")]
START = {("states:StartExecution", machine) for machine in MACHINES}
ANSWER = {("states:SendTaskSuccess", machine) for machine in MACHINES}
DESCRIBE = ("states:DescribeExecution", arn("states", "execution:RunStateMachine:chat-r1"))
SECRET = "secretsmanager:GetSecretValue"
PUSH = {("execute-api:ManageConnections", POST), ("execute-api:ManageConnections", DELETE)}
SECRETS = {(SECRET, MONGO), (SECRET, JWT)}
SECRETS_KEY = arn("kms", "key/SecretsKey")
SEAL, OPEN = ("kms:Encrypt", SECRETS_KEY), ("kms:Decrypt", SECRETS_KEY)
LETTER = ("sqs:SendMessage", arn("sqs", "DeadLetters"))
MAY = {
    "ConnectFunction": {*SECRETS, ("lambda:InvokeFunction", arn("lambda", "function:MessageFunction:live"))},
    "MessageFunction": {*SECRETS, *PUSH, SEAL, *START, *ANSWER, LETTER},
    "OrchestrateFunction": {
        *SECRETS,
        *PUSH,
        OPEN,
        (SECRET, KEY),
        (SECRET, PLATFORM),
        (SECRET, TRACES),
        *START,
        *ANSWER,
    },
    "ApiFunction": {*SECRETS, *PUSH, SEAL, *START, (SECRET, REALTIME), *ANSWER},
    "ReconcileFunction": {*SECRETS, *PUSH, *START, LETTER, *ANSWER, DESCRIBE, (SECRET, USAGE)},
    "RunStateMachine": {("lambda:InvokeFunction", arn("lambda", "function:OrchestrateFunction:live"))},
    "JourneyStateMachine": {("lambda:InvokeFunction", arn("lambda", "function:OrchestrateFunction:live"))},
}
"""Every call the code of a function makes, and all that it may make."""
NEVER = {
    (SECRET, arn("secretsmanager", "secret:SomebodyElses")),
    ("secretsmanager:PutSecretValue", MONGO),
    ("states:StartExecution", arn("states", "stateMachine:Another")),
    ("states:StopExecution", arn("states", "stateMachine:RunStateMachine")),
    ("execute-api:ManageConnections", arn("execute-api", "AnotherApi/prod/POST/@connections/abc=")),
    ("execute-api:ManageConnections", arn("execute-api", "ChatSocket/another/POST/@connections/abc=")),
    ("execute-api:ManageConnections", arn("execute-api", "ChatSocket/prod/GET/@connections/abc=")),
    ("lambda:InvokeFunction", arn("lambda", "function:ApiFunction")),
    ("lambda:InvokeFunction", arn("lambda", "function:ApiFunction:live")),
    ("lambda:InvokeFunction", arn("lambda", "function:OrchestrateFunction")),
    ("ec2:CreateNetworkInterface", "*"),
    ("ec2:DeleteNetworkInterface", "*"),
    ("lambda:UpdateFunctionCode", arn("lambda", "function:MessageFunction")),
    ("sqs:ReceiveMessage", arn("sqs", "DeadLetters")),
    ("kms:GenerateDataKey", SECRETS_KEY),
    ("kms:ScheduleKeyDeletion", SECRETS_KEY),
    ("kms:Decrypt", arn("kms", "key/SomebodyElses")),
    ("iam:PassRole", arn("iam", "role/Any")),
    ("s3:GetObject", "arn:aws:s3:::bucket/key"),
}
CALLS = {
    "stepfunctions.start_execution": "states:StartExecution",
    "stepfunctions.describe_execution": "states:DescribeExecution",
    "stepfunctions.send_task_success": "states:SendTaskSuccess",
    "lambda.invoke": "lambda:InvokeFunction",
    "apigatewaymanagementapi.post_to_connection": "execute-api:ManageConnections",
    "apigatewaymanagementapi.delete_connection": "execute-api:ManageConnections",
    "kms.encrypt": "kms:Encrypt",
    "kms.decrypt": "kms:Decrypt",
    "secretsmanager.get_secret": SECRET,
}
"""What the package asks of AWS → the permission it takes. Powertools reads secrets; Lambda itself sends letters."""
FROM_ELSEWHERE = {"POWERTOOLS_SERVICE_NAME"}
"""Variables that libraries read."""


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    return Deployment(**GIVEN)


def variables_of(field: str) -> list[str]:
    alias = Settings.model_fields[field].validation_alias
    return [str(each).upper() for each in (alias.choices if isinstance(alias, AliasChoices) else [field])]


# -- who may do what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("owner", "call"), [(owner, call) for owner, calls in MAY.items() for call in sorted(calls)])
def test_a_function_may_do_what_its_code_does(deployed: Deployment, owner: str, call: tuple[str, str]) -> None:
    assert deployed.allows(owner, *call)


def calls_of_the_package() -> set[str]:
    """``service.operation`` of every call of AWS that the package's code holds."""
    found = set()
    for path in sorted((ROOT / "layers/runtime/mozaiks").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        services = set(re.findall(r'boto3\.client\(\s*"([\w-]+)"', text))
        if not services:
            continue
        (service,) = services
        operations = re.findall(r'(?:_client\.(?!meta)|_call\(\s*")(\w+)', text)
        assert operations, path
        found |= {f"{service}.{operation}" for operation in operations}
    return found


def test_every_call_of_the_code_is_one_that_a_role_allows() -> None:
    """A call that is added to the code has no row in ``CALLS``, and then perhaps none in a policy."""
    assert calls_of_the_package() | {"secretsmanager.get_secret"} == set(CALLS)
    assert set(CALLS.values()) | {"sqs:SendMessage"} == {action for calls in MAY.values() for action, _ in calls}


@pytest.mark.parametrize("owner", MAY)
def test_a_function_may_do_nothing_else(deployed: Deployment, owner: str) -> None:
    others = (set().union(*MAY.values()) | NEVER) - MAY[owner]
    assert {call for call in others if deployed.allows(owner, *call)} == set()


def test_every_function_and_machine_has_a_role_of_its_own(deployed: Deployment) -> None:
    roles = [deployed.role(owner) for owner in [*deployed.functions, *deployed.of("AWS::StepFunctions::StateMachine")]]
    assert len(set(roles)) == len(roles) == len(MAY)


@pytest.mark.parametrize("owner", MAY)
def test_aws_own_policies_are_those_for_logs_and_traces(deployed: Deployment, owner: str) -> None:
    # Network interfaces are Lambda's own to make: what the template denies the code is in NEVER.
    allowed = {
        "AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess", "AWSXrayWriteOnlyAccess",
        "AWSLambdaVPCAccessExecutionRole",
    }  # fmt: skip
    assert deployed.managed_by_aws(owner) <= allowed


def test_a_deployment_without_a_model_key_asks_for_none() -> None:
    keyless = Deployment(StageName="prod", MongoDbUri="mongodb://h/")
    assert not keyless.allows("OrchestrateFunction", SECRET, KEY)
    assert "OPENAI_API_KEY_SECRET_ARN" not in keyless.environment("OrchestrateFunction")
    assert "PLATFORM_API_KEY_SECRET_ARN" not in keyless.environment("OrchestrateFunction")
    assert "REALTIME_GATEWAY_SHARED_SECRET_ARN" not in keyless.environment("ApiFunction")


def test_spans_are_sent_from_slices_and_only_if_asked(deployed: Deployment) -> None:
    told = {name: deployed.environment(name).get("OTEL_EXPORTER_OTLP_ENDPOINT") for name in deployed.functions}
    assert {name for name, where in told.items() if where} == {"OrchestrateFunction"}
    quiet = Deployment(StageName="prod", MongoDbUri="mongodb://h/").environment("OrchestrateFunction")
    assert quiet["OTEL_EXPORTER_OTLP_ENDPOINT"] == ""
    assert "OTEL_EXPORTER_OTLP_HEADERS_SECRET_ARN" not in quiet


def test_secrets_of_ones_own_are_read_and_none_is_created() -> None:
    mine = arn("secretsmanager", "secret:mine")
    own = Deployment(
        StageName="prod", MongoDbUriSecretArn=mine, JwtSecretArn=mine, OpenAiApiKeySecretArn=mine,
        PlatformApiKeySecretArn=mine, RealtimeGatewaySharedSecretArn=mine, UsageWebhookSecretArn=mine,
    )  # fmt: skip
    assert own.of("AWS::SecretsManager::Secret") == {}
    assert all(own.environment(name)["MONGODB_URI_SECRET_ARN"] == mine for name in own.functions)
    assert own.allows("ConnectFunction", SECRET, mine)
    assert not own.allows("ConnectFunction", SECRET, MONGO)


# -- secrets and settings --------------------------------------------------------------------------------------------


def test_a_secret_stands_nowhere_but_in_secrets_manager(deployed: Deployment) -> None:
    holding = {name for name, each in deployed.resources.items() if "hush" in json.dumps(each)}
    assert holding == set(KEPT)
    assert "hush" not in json.dumps(deployed.outputs)


def test_parameters_with_secrets_are_never_shown(deployed: Deployment) -> None:
    shown = [
        name
        for name in (
            "MongoDbUri",
            "JwtSecret",
            "OpenAiApiKey",
            "PlatformApiKey",
            "RealtimeGatewaySharedSecret",
            "UsageWebhookSecret",
        )
        if not deployed.document["Parameters"][name].get("NoEcho")
    ]
    assert shown == []


def test_every_variable_is_a_setting(deployed: Deployment) -> None:
    known = {variable for field in Settings.model_fields for variable in variables_of(field)} | FROM_ELSEWHERE
    given = {variable for name in deployed.functions for variable in deployed.environment(name)}
    assert given - known == set()


def test_every_setting_without_a_default_is_given(deployed: Deployment) -> None:
    local = {"demo_model_url", "llm_default_cache_seed", "mozaiks_lambda_endpoint"}  # a deployment has none of them
    by_arn = {
        "mongodb_uri", "jwt_secret", "openai_api_key", "platform_api_key", "realtime_gateway_shared_secret",
        "usage_webhook_secret", "otel_exporter_otlp_headers",
    }  # fmt: skip
    given = {variable for name in deployed.functions for variable in deployed.environment(name)}
    unset = {name for name, field in Settings.model_fields.items() if field.get_default() is None}
    assert {name for name in unset - local - by_arn if not given & set(variables_of(name))} == set()


def test_settings_take_what_each_function_is_given(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        for variable in variables_of(field):
            monkeypatch.delenv(variable, raising=False)
    for name in deployed.functions:
        for variable, value in deployed.environment(name).items():
            monkeypatch.setenv(variable, value)
        # As its own settings do, with the secrets that the ARNs name.
        made = Settings(mongodb_uri="mongodb://h/", jwt_secret="0123456789" * 4)  # type: ignore[arg-type]
        assert made.stage == "prod"
        assert made.checks_tokens


def test_the_stage_without_token_checks_cannot_be_deployed(deployed: Deployment) -> None:
    pattern = deployed.document["Parameters"]["StageName"]["AllowedPattern"]
    assert re.search(pattern, "prod")
    assert not re.search(pattern, "local")


# -- routes, times, bounds -------------------------------------------------------------------------------------------


def test_every_route_of_the_socket_has_its_function_and_may_invoke_it(deployed: Deployment) -> None:
    integrations = deployed.of("AWS::ApiGatewayV2::Integration")
    permissions = [each["FunctionName"] for each in deployed.of("AWS::Lambda::Permission").values()]
    found = {}
    for route in deployed.of("AWS::ApiGatewayV2::Route").values():
        uri = integrations[route["Target"].removeprefix("integrations/")]["IntegrationUri"]
        found[route["RouteKey"]] = re.search(r"function:(\w+)", uri)[1]  # type: ignore[index]
    assert found == {"$connect": "ConnectFunction", "$disconnect": "ConnectFunction", "$default": "MessageFunction"}
    for function in set(found.values()):
        assert any(function in permission for permission in permissions)


def test_every_request_of_the_http_api_has_its_function(deployed: Deployment) -> None:
    bodies = [each["Body"] for each in deployed.of("AWS::ApiGatewayV2::Api").values() if "Body" in each]
    paths = {path: methods for body in bodies for path, methods in body["paths"].items()}
    (integration,) = (each["x-amazon-apigateway-integration"] for each in paths["/{proxy+}"].values())
    assert set(paths) == {"/{proxy+}"}
    assert re.search(r"function:(\w+)", integration["uri"])[1] == "ApiFunction"  # type: ignore[index]


def test_functions_behind_an_api_end_before_the_gateway_gives_up(deployed: Deployment) -> None:
    for name in ("ConnectFunction", "MessageFunction", "ApiFunction"):
        assert deployed.functions[name]["Timeout"] <= 29


def test_a_slice_has_time_beyond_what_it_keeps_back(deployed: Deployment) -> None:
    defaults = Settings.model_fields
    needed = sum(
        defaults[name].get_default()
        for name in ("slice_reserve_seconds", "model_timeout_seconds", "tool_timeout_seconds")
    )
    assert needed < deployed.functions["OrchestrateFunction"]["Timeout"] <= 900


def test_reconcile_is_done_before_its_next_minute(deployed: Deployment) -> None:
    assert deployed.functions["ReconcileFunction"]["Timeout"] <= 60


def test_every_substitution_of_the_state_machine_is_supplied(deployed: Deployment) -> None:
    machines = deployed.of("AWS::StepFunctions::StateMachine")
    files = {"RunStateMachine": "run.asl.json", "JourneyStateMachine": "journey.asl.json"}
    assert set(machines) == set(files)
    for name, machine in machines.items():
        wanted = set(re.findall(r"\$\{(\w+)\}", (ROOT / "statemachines" / files[name]).read_text()))
        assert set(machine["DefinitionSubstitutions"]) == wanted


def test_nothing_is_bounded_unless_asked(deployed: Deployment) -> None:
    bounds = [each.get("ReservedConcurrentExecutions") for each in deployed.functions.values()]
    assert bounds == [None] * 5


def test_concurrency_is_bounded_when_asked() -> None:
    bounded = Deployment(**GIVEN, OrchestrateConcurrency="60", RequestConcurrency="20").functions
    found = {name: each.get("ReservedConcurrentExecutions") for name, each in bounded.items()}
    assert found == {
        "OrchestrateFunction": "60", "ConnectFunction": "20", "MessageFunction": "20", "ApiFunction": "20",
        "ReconcileFunction": None,
    }  # fmt: skip


def test_both_apis_are_throttled(deployed: Deployment) -> None:
    stages = deployed.of("AWS::ApiGatewayV2::Stage")
    assert len(stages) == 2
    for stage in stages.values():
        assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": "500", "ThrottlingBurstLimit": "1000"}


# -- logs, traces, dead letters --------------------------------------------------------------------------------------


def test_every_log_has_a_retention(deployed: Deployment) -> None:
    assert {each["RetentionInDays"] for each in deployed.of("AWS::Logs::LogGroup").values()} == {"30"}
    assert {each["LoggingConfig"]["LogGroup"] for each in deployed.functions.values()} == {"FunctionLogs"}


def test_access_logs_hold_what_is_harmless_only() -> None:
    loud = Deployment(**GIVEN, SocketAccessLogs="true")
    formats = [each["AccessLogSettings"]["Format"] for each in loud.of("AWS::ApiGatewayV2::Stage").values()]
    harmless = {
        "requestTimeEpoch", "requestId", "routeKey", "eventType", "connectionId", "httpMethod", "status",
        "responseLength", "responseLatency", "integrationErrorMessage",
    }  # fmt: skip
    assert len(formats) == 2
    for each in formats:
        assert set(re.findall(r"\$context\.([\w.]+)", each)) <= harmless
        assert json.loads(each)


def test_runs_are_logged_without_their_data_and_traced(deployed: Deployment) -> None:
    for machine in deployed.of("AWS::StepFunctions::StateMachine").values():
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["LoggingConfiguration"]["Destinations"]
        assert machine["TracingConfiguration"] == {"Enabled": True}
    assert {each["TracingConfig"]["Mode"] for each in deployed.functions.values()} == {"Active"}


def test_events_nobody_waits_for_end_in_the_dead_letters(deployed: Deployment) -> None:
    configured = deployed.of("AWS::Lambda::EventInvokeConfig").values()
    assert {each["FunctionName"] for each in configured} == {"MessageFunction", "ReconcileFunction"}
    destinations = {each["DestinationConfig"]["OnFailure"]["Destination"] for each in configured}
    assert destinations == {arn("sqs", "DeadLetters")}


# -- what surrounds the template -------------------------------------------------------------------------------------


def _sections() -> dict[str, Any]:
    return tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


def _overrides(section: str) -> dict[str, str]:
    words = shlex.split(_sections()[section]["deploy"]["parameters"]["parameter_overrides"])
    return dict(word.split("=", 1) for word in words)  # type: ignore[misc]


@pytest.mark.parametrize("section", ["default", "dev", "prod"])
def test_a_section_gives_parameters_that_exist_and_no_secret(deployed: Deployment, section: str) -> None:
    for name, value in _overrides(section).items():
        declared = deployed.document["Parameters"][name]
        assert not declared.get("NoEcho")
        assert value in map(str, declared.get("AllowedValues", [value]))


def test_the_bounds_of_prod_leave_a_fifth_of_the_clusters_connections() -> None:
    given = _overrides("prod")
    environments = int(given["OrchestrateConcurrency"]) + 3 * int(given["RequestConcurrency"]) + 1
    pool = int(re.search(r"maxPoolSize=(\d+)", (ROOT / "layers/runtime/mozaiks/store/client.py").read_text())[1])  # type: ignore[index]
    assert (pool + 1) * environments <= 0.8 * 1500


@pytest.mark.parametrize(("variable", "parameter"), [("RUNTIME", "Runtime"), ("ARCHITECTURE", "Architecture")])
def test_layers_are_built_for_what_is_deployed_by_default(deployed: Deployment, variable: str, parameter: str) -> None:
    for makefile in ("Makefile", "layers/runtime/Makefile", "workflows/Makefile"):
        default = re.search(rf"^{variable} \?= (\S+)$", (ROOT / makefile).read_text(), re.MULTILINE)[1]  # type: ignore[index]
        assert default == deployed.document["Parameters"][parameter]["Default"]


def test_every_parameter_is_described(deployed: Deployment) -> None:
    assert [name for name, each in deployed.document["Parameters"].items() if not each.get("Description")] == []


def test_awss_own_linter_has_nothing_to_say() -> None:
    linter = ROOT / ".venv-sam" / "bin" / "cfn-lint"
    if not linter.exists():
        pytest.skip("AWS's sam is not installed; make build installs it and lints the template too")
    done = subprocess.run([linter, TEMPLATE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_platforms_of_a_target_end_at_its_c_library() -> None:
    assert Target("python3.11", "arm64").platforms[0] == "manylinux_2_26_aarch64"
    assert Target("python3.13", "x86_64").platforms[0] == "manylinux_2_34_x86_64"
    assert len(set(Target("python3.11", "x86_64").platforms)) == 15
