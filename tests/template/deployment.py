"""The template as CloudFormation would carry it out: AWS's own transform, conditions decided, references resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from mozaiks_local.stack.intrinsics import Intrinsics
from mozaiks_local.stack.transform import transform

__all__ = ["ACCOUNT", "REGION", "TEMPLATE", "Deployment", "arn"]

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION, ACCOUNT = "eu-west-1", "210987654321"


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


_ARNS = {
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::StepFunctions::StateMachine": ("states", "stateMachine:{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{}"),
}
_NAMES = (
    "Name", "ApiId", "RoleId", "Id", "DomainName", "RegionalDomainName", "FunctionARN", "QueueName", "Version",
)  # fmt: skip
_REF_IS_ARN = {"AWS::StepFunctions::StateMachine", "AWS::SecretsManager::Secret", "AWS::IAM::ManagedPolicy"}


class Deployment:
    """The resources of one deployment with these parameters, by logical id."""

    def __init__(self, **parameters: str) -> None:
        self.document = transform(TEMPLATE, None, parameters)
        declared = self.document["Parameters"]
        assert set(parameters) <= set(declared)
        self.parameters = {name: str(parameters.get(name, each.get("Default"))) for name, each in declared.items()}
        listed = {name for name, each in declared.items() if "List" in each["Type"]}
        references: dict[str, Any] = {
            **{name: value.split(",") if name in listed else value for name, value in self.parameters.items()},
            "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com", "AWS::StackName": "mozaiks",
        }  # fmt: skip
        attributes: dict[tuple[str, str], str] = {}
        conditions = self.document["Conditions"]
        resources = {
            name: each
            for name, each in self.document["Resources"].items()
            if "Condition" not in each or Intrinsics(references, {}, {}, conditions).holds(each["Condition"])
        }
        for name, each in resources.items():
            service, resource = _ARNS.get(each["Type"], ("none", "{}"))
            references[name] = arn(service, resource.format(name)) if each["Type"] in _REF_IS_ARN else name
            attributes[name, "Arn"] = arn(service, resource.format(name))
            for attribute in _NAMES:
                attributes[name, attribute] = name
            if each["Type"] == "AWS::Lambda::Alias":
                references[name] = arn("lambda", f"function:{each['Properties']['FunctionName']['Ref']}:live")
        self._intrinsics = Intrinsics(references, attributes, {}, conditions)
        self.resources: dict[str, dict[str, Any]] = {
            name: {**each, "Properties": self._intrinsics.resolve(each.get("Properties", {}))}
            for name, each in resources.items()
        }

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties of every resource of one type."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        there = {
            name: each
            for name, each in self.document["Outputs"].items()
            if "Condition" not in each or self._intrinsics.holds(each["Condition"])
        }
        resolved: Mapping[str, Any] = self._intrinsics.resolve(there)
        return resolved

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        return self.of("AWS::Lambda::Function")

    def environment(self, function: str) -> dict[str, str]:
        variables: dict[str, str] = self.functions[function]["Environment"]["Variables"]
        return variables

    def role(self, owner: str) -> str:
        """The logical id of a function's or state machine's role."""
        properties = self.resources[owner]["Properties"]
        return str(properties.get("Role") or properties["RoleArn"]).rpartition("/")[2]

    def managed_by_aws(self, owner: str) -> set[str]:
        arns = self.resources[self.role(owner)]["Properties"].get("ManagedPolicyArns", [])
        return {each.rpartition("/")[2] for each in arns if ":aws:policy/" in each}

    def allows(self, owner: str, action: str, resource: str) -> bool:
        """Whether the owner's role may do this, as IAM decides it: no Deny, and one Allow."""
        effects = {
            statement["Effect"]
            for statement in self._statements(owner)
            if any(_matches(pattern, action) for pattern in _listed(statement["Action"]))
            and any(_matches(pattern, resource) for pattern in _listed(statement["Resource"]))
        }
        return effects == {"Allow"}

    def _statements(self, owner: str) -> list[dict[str, Any]]:
        role = self.resources[self.role(owner)]["Properties"]
        documents = [each["PolicyDocument"] for each in role.get("Policies", [])]
        for each in role.get("ManagedPolicyArns", []):
            if (name := each.rpartition("/")[2]) in self.resources:
                documents.append(self.resources[name]["Properties"]["PolicyDocument"])
        for policy in self.of("AWS::IAM::ManagedPolicy").values():
            if self.role(owner) in policy.get("Roles", []):
                documents.append(policy["PolicyDocument"])
        return [statement for document in documents for statement in _listed(document["Statement"])]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, value: str) -> bool:
    return fnmatchcase(value, re.sub(r"\[", "[[]", pattern))
