"""Reads ``template.yaml`` through AWS's own SAM transform into what the local stack runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .definitions import (
    ACCOUNT_ID,
    REGION,
    FunctionDefinition,
    HttpRoute,
    Schedule,
    SocketApi,
    SocketRoute,
    StackTemplate,
    StateMachineDefinition,
)
from .errors import TemplateError
from .intrinsics import Intrinsics
from .transform import LOCAL_BUCKET, transform

__all__ = ["read_template"]

# Nothing happens locally for these, and nothing is missing without them.
_SILENT = {"AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Lambda::Permission",
           "AWS::Logs::LogGroup", "AWS::CloudFormation::WaitConditionHandle",
           # Workers get secrets by their environment; failed events are reported in the worker's log.
           "AWS::SecretsManager::Secret", "AWS::Lambda::EventInvokeConfig", "AWS::SQS::Queue",
           # Any key id does: what plays KMS has one key, in a file of the data folder.
           "AWS::KMS::Key",
           # Here is one version of each function, and nobody to be alarmed.
           "AWS::Lambda::Alias", "AWS::Lambda::Version", "AWS::CodeDeploy::Application",
           "AWS::CodeDeploy::DeploymentGroup", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
           "AWS::Budgets::Budget"}  # fmt: skip
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}
_INTEGRATION_TIMEOUT_SECONDS = 29.0  # API Gateway's longest for a socket route
_URL_SUFFIX = "amazonaws.com"


def read_template(path: Path, parameters: Mapping[str, str] | None = None, cache: Path | None = None) -> StackTemplate:
    """Read a SAM template.

    Parameters
    ----------
    path
        The template; its folder is what relative code paths start from.
    parameters
        Values of its parameters, over their defaults.
    cache
        Folder that keeps the transformed template, so that an unchanged one is not transformed again.

    Raises
    ------
    TemplateError
        If the template is not valid, or names a parameter, folder or file that does not exist.
    """
    document = transform(path, cache)
    return _Reader(path.resolve(), document, dict(parameters or {})).read()


class _Reader:
    def __init__(self, path: Path, document: dict[str, Any], parameters: dict[str, str]) -> None:
        self._path = path
        self._root = path.parent
        self._resources: dict[str, dict[str, Any]] = document["Resources"]
        self._ignored: list[str] = []
        references = self._parameters(document.get("Parameters", {}), parameters)
        conditions = document.get("Conditions", {})
        first = Intrinsics(references, {}, document.get("Mappings", {}), conditions)
        self._resources = {
            name: resource
            for name, resource in self._resources.items()
            if "Condition" not in resource or first.holds(resource["Condition"])
        }
        attributes: dict[tuple[str, str], str] = {}
        for name, resource in self._resources.items():
            self._identify(name, resource, first, references, attributes)
        self._intrinsics = Intrinsics(references, attributes, document.get("Mappings", {}), conditions)
        self._by_arn: dict[str, str] = {}

    def _parameters(self, declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
        unknown = sorted(set(given) - set(declared))
        if unknown:
            raise TemplateError(
                f"{self._path.name} has no parameter {', '.join(map(repr, unknown))}; it has {', '.join(declared)}"
            )
        references: dict[str, Any] = {
            "AWS::Region": REGION, "AWS::AccountId": ACCOUNT_ID, "AWS::Partition": "aws",
            "AWS::URLSuffix": _URL_SUFFIX, "AWS::StackName": "local", "AWS::NotificationARNs": [],
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT_ID}:stack/local/local",
        }  # fmt: skip
        missing = [name for name, spec in declared.items() if name not in given and "Default" not in spec]
        if missing:
            raise TemplateError(f"{self._path.name}: no value for the parameter {', '.join(map(repr, missing))}")
        for name, spec in declared.items():
            value = given.get(name, spec.get("Default"))
            allowed = spec.get("AllowedValues")
            if allowed and value not in allowed:
                raise TemplateError(f"{self._path.name}: parameter {name} is {value!r}, expected one of {allowed}")
            is_list = "List" in spec.get("Type", "")
            references[name] = str(value).split(",") if is_list else str(value)
        return references

    def _identify(
        self,
        name: str,
        resource: Mapping[str, Any],
        first: Intrinsics,
        references: dict[str, Any],
        attributes: dict[tuple[str, str], str],
    ) -> None:
        """Decide what ``Ref`` and ``GetAtt`` of a resource give: the local stack's stand-ins for physical ids."""
        kind, properties = resource["Type"], resource.get("Properties", {})

        def named(key: str) -> str:
            return str(first.resolve(properties[key])) if key in properties else name

        match kind:
            case "AWS::Lambda::Function":
                references[name] = named("FunctionName")
                attributes[name, "Arn"] = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{references[name]}"
            case "AWS::Lambda::Alias":
                function = properties["FunctionName"]["Ref"]
                owner = self._resources[function].get("Properties", {})
                called = str(first.resolve(owner["FunctionName"])) if "FunctionName" in owner else function
                references[name] = f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{called}:{named('Name')}"
            case "AWS::StepFunctions::StateMachine":
                attributes[name, "Name"] = named("StateMachineName")
                arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:{attributes[name, 'Name']}"
                references[name] = attributes[name, "Arn"] = arn
            case "AWS::ApiGatewayV2::Api":
                references[name] = attributes[name, "ApiId"] = name
                attributes[name, "ApiEndpoint"] = f"https://{name}.execute-api.{REGION}.{_URL_SUFFIX}"
            case "AWS::Events::Rule":
                references[name] = named("Name")
                attributes[name, "Arn"] = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{references[name]}"
            case _:
                service = kind.split("::")[1].lower() if kind.count("::") == 2 else "local"
                references[name] = name
                attributes[name, "Arn"] = f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{name}"
                attributes[name, "RoleId"] = name

    def read(self) -> StackTemplate:
        functions = {f.id: f for f in self._each("AWS::Lambda::Function", self._function) if f is not None}
        self._by_arn = {function.arn: function.id for function in functions.values()}
        http_routes: list[HttpRoute] = []
        sockets: list[SocketApi] = []
        for name, resource in self._of("AWS::ApiGatewayV2::Api"):
            properties = self._intrinsics.resolve(resource["Properties"])
            if properties.get("ProtocolType") == "WEBSOCKET":
                sockets.append(self._socket_api(name, properties))
            else:
                http_routes.extend(self._http_routes(name, properties))
        schedules = [*self._each("AWS::Events::Rule", self._rule), *self._each("AWS::Scheduler::Schedule", self._timer)]
        machines = {m.id: m for m in self._each("AWS::StepFunctions::StateMachine", self._state_machine)}
        self._list_ignored()
        watched = {path for function in functions.values() for path in (function.code, *function.layers)}
        return StackTemplate(
            path=self._path,
            functions=functions,
            http_routes=tuple(http_routes),
            socket_apis=tuple(sockets),
            schedules=tuple(schedule for schedule in schedules if schedule is not None),
            state_machines=machines,
            ignored=tuple(self._ignored),
            watched=tuple(sorted(watched)),
        )

    def _of(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        return [(name, resource) for name, resource in self._resources.items() if resource["Type"] == kind]

    def _each(self, kind: str, read: Any) -> list[Any]:
        return [read(name, self._intrinsics.resolve(resource["Properties"])) for name, resource in self._of(kind)]

    def _folder(self, content: Any, owner: str) -> Path:
        if not isinstance(content, dict) or content.get("S3Bucket") != LOCAL_BUCKET:
            raise TemplateError(f"{owner}: its code is not a folder beside the template, so it cannot run locally")
        folder: Path = (self._root / content["S3Key"]).resolve()
        if not folder.is_dir():
            raise TemplateError(f"{owner}: its code folder {content['S3Key']!r} does not exist beside the template")
        return folder

    def _function(self, name: str, properties: dict[str, Any]) -> FunctionDefinition | None:
        runtime = properties.get("Runtime", "none, an image")
        if not runtime.startswith("python"):
            self._ignored.append(f"{name} (AWS::Lambda::Function): its runtime is {runtime}, only Python runs here")
            return None
        layers: list[Path] = []
        for layer in properties.get("Layers", []):
            content = self._resources.get(layer, {}).get("Properties", {}).get("Content")
            if content is None:
                self._ignored.append(f"{name}: layer {layer} is not a folder of this template")
                continue
            folder = self._folder(self._intrinsics.resolve(content), layer)
            if folder not in layers:
                layers.append(folder)
        variables = properties.get("Environment", {}).get("Variables", {})
        function_name = properties.get("FunctionName", name)
        reserved = properties.get("ReservedConcurrentExecutions")  # text, when a parameter says it
        return FunctionDefinition(
            id=name,
            name=function_name,
            arn=f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function_name}",
            code=self._folder(properties.get("Code"), name),
            handler=properties.get("Handler", "app.handler"),
            runtime=runtime,
            timeout=float(properties.get("Timeout", 3)),
            memory=int(properties.get("MemorySize", 128)),
            environment={key: str(value) for key, value in variables.items()},
            layers=tuple(layers),
            reserved_concurrency=None if reserved is None else int(reserved),
        )

    def _target(self, uri: Any) -> str | None:
        """Give the logical id of the function an integration's URI or a target's ARN names."""
        match = re.search(r"functions/(.+)/invocations$", str(uri))
        arn = match.group(1) if match else str(uri)
        return self._by_arn.get(":".join(arn.split(":")[:7]))  # without the alias: there is one version here

    def _http_routes(self, api: str, properties: dict[str, Any]) -> list[HttpRoute]:
        stages = [
            self._intrinsics.resolve(resource["Properties"])
            for _, resource in self._of("AWS::ApiGatewayV2::Stage")
        ]  # fmt: skip
        stage = next((item["StageName"] for item in stages if item["ApiId"] == api), "$default")
        body = properties.get("Body") or {}
        for setting in ("CorsConfiguration", "x-amazon-apigateway-cors"):
            if setting in properties or setting in body:
                self._ignored.append(f"{api}: {setting} (answer cross-origin requests in the function)")
        routes: list[HttpRoute] = []
        for path, methods in body.get("paths", {}).items():
            for method, operation in methods.items():
                if method.lower() not in _METHODS:
                    continue
                verb = "ANY" if method.startswith("x-amazon") else method.upper()
                key = path if path == "$default" else f"{verb} {path}"
                function = self._target(operation.get("x-amazon-apigateway-integration", {}).get("uri"))
                if function is None:
                    self._ignored.append(f"{api}: route {key} leads to no function of this template")
                    continue
                if operation.get("security"):
                    self._ignored.append(f"{api}: the authorizer of route {key} (every request passes)")
                routes.append(HttpRoute(api, stage, key, function))
        return routes

    def _socket_api(self, api: str, properties: dict[str, Any]) -> SocketApi:
        def belonging(kind: str) -> list[tuple[str, dict[str, Any]]]:
            found = [(name, self._intrinsics.resolve(res["Properties"])) for name, res in self._of(kind)]
            return [(name, item) for name, item in found if item.get("ApiId") == api]

        integrations = dict(belonging("AWS::ApiGatewayV2::Integration"))
        answering = {item["RouteId"] for _, item in belonging("AWS::ApiGatewayV2::RouteResponse")}
        stages = [item["StageName"] for _, item in belonging("AWS::ApiGatewayV2::Stage")]
        if len(stages) != 1:
            raise TemplateError(f"{api}: a WebSocket API has {len(stages)} stages, expected one")
        routes: dict[str, SocketRoute] = {}
        for name, item in belonging("AWS::ApiGatewayV2::Route"):
            integration = integrations.get(str(item.get("Target", "")).removeprefix("integrations/"), {})
            function = self._target(integration.get("IntegrationUri"))
            if function is None:
                self._ignored.append(f"{api}: route {item['RouteKey']} leads to no function of this template")
                continue
            if item.get("AuthorizationType", "NONE") != "NONE":
                self._ignored.append(f"{api}: the authorizer of route {item['RouteKey']} (every connection passes)")
            timeout = integration.get("TimeoutInMillis", _INTEGRATION_TIMEOUT_SECONDS * 1000) / 1000
            routes[item["RouteKey"]] = SocketRoute(item["RouteKey"], function, timeout, answers=name in answering)
        return SocketApi(api, stages[0], properties.get("RouteSelectionExpression", "$request.body.action"), routes)

    def _rule(self, name: str, properties: dict[str, Any]) -> Schedule | None:
        expression = properties.get("ScheduleExpression")
        targets = properties.get("Targets", [])
        function = self._target(targets[0]["Arn"]) if targets else None
        if expression is None or function is None:
            self._ignored.append(f"{name} (AWS::Events::Rule): not a schedule of a function of this template")
            return None
        arn = f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{properties.get('Name', name)}"
        enabled = properties.get("State", "ENABLED") == "ENABLED"
        return Schedule(name, arn, expression, function, enabled, targets[0].get("Input"))

    def _timer(self, name: str, properties: dict[str, Any]) -> Schedule | None:
        target = properties.get("Target", {})
        function = self._target(target.get("Arn"))
        if function is None:
            self._ignored.append(f"{name} (AWS::Scheduler::Schedule): leads to no function of this template")
            return None
        arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT_ID}:schedule/default/{name}"
        enabled = properties.get("State", "ENABLED") == "ENABLED"
        return Schedule(name, arn, properties["ScheduleExpression"], function, enabled, target.get("Input"))

    def _state_machine(self, name: str, properties: dict[str, Any]) -> StateMachineDefinition:
        text = properties.get("DefinitionString") or json.dumps(properties.get("Definition", {}))
        for key, value in properties.get("DefinitionSubstitutions", {}).items():
            text = text.replace("${" + key + "}", str(value))
        left = re.search(r"\$\{([A-Za-z0-9_]+)\}", text)
        if left:
            raise TemplateError(f"{name}: its definition uses ${{{left.group(1)}}}, which no substitution supplies")
        machine_name = properties.get("StateMachineName", name)
        arn = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:{machine_name}"
        return StateMachineDefinition(name, machine_name, arn, text)

    def _list_ignored(self) -> None:
        known = _SILENT | {
            "AWS::Lambda::Function", "AWS::Lambda::LayerVersion", "AWS::StepFunctions::StateMachine",
            "AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage",
            "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::RouteResponse",
        }  # fmt: skip
        for name, resource in self._resources.items():
            if resource["Type"] not in known:
                self._ignored.append(f"{name} ({resource['Type']})")
