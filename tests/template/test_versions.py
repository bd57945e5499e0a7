"""Versions of the functions: every caller calls the alias, and what the options make of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mozaiks_local.stack.transform import transform

from .deployment import REGION, TEMPLATE, Deployment
from .test_template import GIVEN

FUNCTIONS = ("ConnectFunction", "MessageFunction", "OrchestrateFunction", "ApiFunction", "ReconcileFunction")


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    return Deployment(**GIVEN)


@pytest.fixture(scope="module")
def gradual() -> Deployment:
    return Deployment(**GIVEN, GradualDeployment="true", DeploymentType="Linear10PercentEvery1Minute")


def named(value: Any) -> set[str]:
    """Every function that is named by an ARN, as ``Name`` or ``Name:alias``."""
    return set(re.findall(rf"arn:aws:lambda:{REGION}:\d+:function:([\w:]+)", json.dumps(value)))


def test_every_function_has_an_alias_on_its_newest_version(deployed: Deployment) -> None:
    aliases = deployed.of("AWS::Lambda::Alias").values()
    assert {each["FunctionName"]: each["Name"] for each in aliases} == dict.fromkeys(FUNCTIONS, "live")
    versions = {name: each["FunctionName"] for name, each in deployed.of("AWS::Lambda::Version").items()}
    assert {each["FunctionName"]: versions[each["FunctionVersion"]] for each in aliases} == {
        name: name for name in FUNCTIONS
    }


@pytest.mark.parametrize(
    "kind",
    [
        "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Api", "AWS::Lambda::Permission", "AWS::Events::Rule",
        "AWS::StepFunctions::StateMachine",
    ],
)  # fmt: skip
def test_whoever_calls_a_function_calls_its_alias(deployed: Deployment, kind: str) -> None:
    called = {name for each in deployed.of(kind).values() for name in named(each)}
    assert called
    assert {name for name in called if not name.endswith(":live")} == set()


def test_what_is_kept_of_failed_events_is_that_of_the_alias(deployed: Deployment) -> None:
    assert {each["Qualifier"] for each in deployed.of("AWS::Lambda::EventInvokeConfig").values()} == {"live"}
    assert deployed.environment("ConnectFunction")["MESSAGE_FUNCTION_NAME"].endswith(":MessageFunction:live")


def test_each_release_makes_versions_of_all_functions(deployed: Deployment) -> None:
    """SAM does not look at what parameters are: without it, a changed one would reach no function."""
    seen = [set(deployed.of("AWS::Lambda::Version"))]
    seen += [set(Deployment(**GIVEN, Release=release).of("AWS::Lambda::Version")) for release in ("0a" * 5, "0b" * 5)]
    assert [len(each) for each in seen] == [5, 5, 5]
    assert len(set().union(*seen)) == 15


def test_another_layer_makes_versions_of_the_functions_that_have_it(tmp_path: Path, deployed: Deployment) -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert text.count("ContentUri: workflows") == 1
    for name in ("statemachines",):
        shutil.copytree(TEMPLATE.parent / name, tmp_path / name)
    changed = tmp_path / "template.yaml"
    changed.write_text(text.replace("ContentUri: workflows", "ContentUri: other-workflows"), encoding="utf-8")
    after = {name for name, each in transform(changed, None)["Resources"].items() if "Version" in each["Type"]}
    renewed = {name for name in deployed.of("AWS::Lambda::Version") if name not in after}
    assert {re.sub(r"Version\w+$", "", name) for name in renewed} == {
        "MessageFunction", "OrchestrateFunction", "ApiFunction",
    }  # fmt: skip


def test_without_the_option_nothing_is_deployed_gradually(deployed: Deployment) -> None:
    assert {each["Type"] for each in deployed.resources.values() if "CodeDeploy" in each["Type"]} == set()
    assert not any("UpdatePolicy" in each for each in deployed.resources.values())


def test_gradual_deployment_shifts_every_function_and_goes_back_on_its_errors(gradual: Deployment) -> None:
    groups = gradual.of("AWS::CodeDeploy::DeploymentGroup")
    assert set(groups) == {f"{name}DeploymentGroup" for name in FUNCTIONS}
    for name, group in groups.items():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
        (alarm,) = group["AlarmConfiguration"]["Alarms"]
        assert alarm["Name"] == name.replace("FunctionDeploymentGroup", "Errors")
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    policies = [each.get("UpdatePolicy") for each in gradual.resources.values() if each["Type"] == "AWS::Lambda::Alias"]
    assert all("CodeDeployLambdaAliasUpdate" in policy for policy in policies)


def test_gradual_deployment_does_without_alarms() -> None:
    quiet = Deployment(**GIVEN, GradualDeployment="true", Alarms="false")
    assert {
        json.dumps(each["AlarmConfiguration"]) for each in quiet.of("AWS::CodeDeploy::DeploymentGroup").values()
    } == {"{}"}


@pytest.mark.parametrize(
    ("runtime", "asked", "applied"),
    [
        ("python3.11", "true", "None"),
        ("python3.12", "true", "PublishedVersions"),
        ("python3.14", "true", "PublishedVersions"),
        ("python3.12", "false", "None"),
    ],
)
def test_snapshots_are_made_where_the_runtime_can(runtime: str, asked: str, applied: str) -> None:
    made = Deployment(**GIVEN, Runtime=runtime, SnapStart=asked)
    assert {each["SnapStart"]["ApplyOn"] for each in made.functions.values()} == {applied}


def test_functions_are_in_no_vpc_unless_asked(deployed: Deployment) -> None:
    assert not any("VpcConfig" in each for each in deployed.functions.values())


def test_functions_are_in_the_subnets_that_are_given() -> None:
    inside = Deployment(**GIVEN, VpcSubnetIds="subnet-a,subnet-b", VpcSecurityGroupIds="sg-1")
    for each in inside.functions.values():
        assert each["VpcConfig"] == {"SubnetIds": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-1"]}
