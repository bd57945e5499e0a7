"""What is watched: alarms on metrics that exist, of functions that exist, each told of in the guide."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mozaiks.emf import SERVICE
from mozaiks.metrics import Metric
from mozaiks_local.cost.workload import Deployment as Priced

from .conftest import ROOT
from .deployment import Deployment
from .test_template import GIVEN

TOPIC = "arn:aws:sns:eu-west-1:210987654321:alarms"
OF_AWS = {
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "Invocations", "ConcurrentExecutions"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
    "AWS/States": {"ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut"},
    "AWS/ApiGateway": {
        "ConnectCount", "MessageCount", "IntegrationError", "ClientError", "Count", "4xx", "5xx",
    },
}  # fmt: skip
"""Metrics that AWS's own pages name."""


@pytest.fixture(scope="module")
def deployed() -> Deployment:
    return Deployment(**GIVEN, AlarmTopicArn=TOPIC, DailyModelUsd="20", DailyAwsUsd="50")


@pytest.fixture(scope="module")
def alarms(deployed: Deployment) -> dict[str, dict[str, Any]]:
    return deployed.of("AWS::CloudWatch::Alarm")


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """``{"Namespace", "MetricName", "Dimensions"}`` of everything an alarm looks at."""
    if "Metrics" in alarm:
        return [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [alarm]


def test_an_alarm_looks_at_metrics_that_are_written(alarms: dict[str, dict[str, Any]]) -> None:
    ours = {metric.value for metric in Metric}
    for name, alarm in alarms.items():
        for metric in metrics_of(alarm):
            known = {**OF_AWS, "Mozaiks": ours}[metric["Namespace"]]
            assert metric["MetricName"] in known, name


def test_what_we_count_is_found_under_the_dimensions_it_is_written_with(alarms: dict[str, dict[str, Any]]) -> None:
    for alarm in alarms.values():
        for metric in metrics_of(alarm):
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            if metric["Namespace"] == "Mozaiks":
                assert dimensions == {"service": SERVICE, "stage": "prod"}


def test_every_metric_of_ours_is_alarmed_on(alarms: dict[str, dict[str, Any]]) -> None:
    watched = {metric["MetricName"] for alarm in alarms.values() for metric in metrics_of(alarm)}
    assert {metric.value for metric in Metric} <= watched


@pytest.mark.parametrize("metric", ["Errors", "Duration", "Throttles", "ConcurrentExecutions"])
def test_every_function_is_watched(deployed: Deployment, alarms: dict[str, dict[str, Any]], metric: str) -> None:
    watched = {
        each["Dimensions"][0]["Value"]
        for alarm in alarms.values()
        for each in metrics_of(alarm)
        if each["MetricName"] == metric
    }
    assert watched == set(deployed.functions)


@pytest.mark.parametrize("metric", ["ExecutionsFailed", "ExecutionsTimedOut"])
def test_every_state_machine_is_watched(deployed: Deployment, alarms: dict[str, dict[str, Any]], metric: str) -> None:
    watched = {
        each["Dimensions"][0]["Value"].rpartition(":")[2]
        for alarm in alarms.values()
        for each in metrics_of(alarm)
        if each["MetricName"] == metric
    }
    assert watched == set(deployed.of("AWS::StepFunctions::StateMachine"))


def test_who_comes_near_its_time_out_is_seen_before_it_is_there(
    deployed: Deployment, alarms: dict[str, dict[str, Any]]
) -> None:
    for alarm in alarms.values():
        if alarm.get("MetricName") == "Duration":
            timeout = 1000 * deployed.functions[alarm["Dimensions"][0]["Value"]]["Timeout"]
            assert 0.8 * timeout <= alarm["Threshold"] < timeout
            assert alarm["ExtendedStatistic"] == "p99"


def test_a_slice_that_hands_over_in_time_sounds_no_alarm(alarms: dict[str, dict[str, Any]]) -> None:
    assert alarms["OrchestrateSlow"]["Threshold"] > 290_000


def test_reconcile_that_does_not_run_is_as_bad_as_chats_that_are_stuck(alarms: dict[str, dict[str, Any]]) -> None:
    assert alarms["StuckChats"]["TreatMissingData"] == "breaching"
    assert {each["TreatMissingData"] for name, each in alarms.items() if name != "StuckChats"} == {"notBreaching"}


def test_every_alarm_tells_the_topic(alarms: dict[str, dict[str, Any]]) -> None:
    assert {json.dumps(each["AlarmActions"]) for each in alarms.values()} == {json.dumps([TOPIC])}


def test_the_connections_of_the_database_are_held_against_what_it_allows() -> None:
    alarm = Deployment(**GIVEN, MongoDbConnectionLimit="350").of("AWS::CloudWatch::Alarm")["MongoConnectionUse"]
    (expression,) = (each["Expression"] for each in alarm["Metrics"] if "Expression" in each)
    assert expression.endswith("/ 350")
    assert set(re.findall(r"FILL\((\w+), 0\)", expression)) == {each["Id"] for each in alarm["Metrics"]} - {"percent"}


def test_costs_are_watched_when_a_sum_is_named(deployed: Deployment, alarms: dict[str, dict[str, Any]]) -> None:
    assert alarms["ModelCost"]["Threshold"] == "20"
    (budget,) = deployed.of("AWS::Budgets::Budget").values()
    assert budget["Budget"]["TimeUnit"] == "DAILY"
    assert budget["Budget"]["BudgetLimit"] == {"Amount": "50", "Unit": "USD"}
    unnamed = Deployment(**GIVEN)
    assert "ModelCost" not in unnamed.resources
    assert unnamed.of("AWS::Budgets::Budget") == {}


def test_without_alarms_there_are_none() -> None:
    silent = Deployment(**GIVEN, Alarms="false")
    assert silent.of("AWS::CloudWatch::Alarm") == silent.of("AWS::CloudWatch::Dashboard") == {}


def test_without_a_namespace_no_alarm_waits_for_metrics_that_never_come() -> None:
    blind = Deployment(**GIVEN, MetricsNamespace="").of("AWS::CloudWatch::Alarm")
    assert blind
    assert all(metric["Namespace"].startswith("AWS/") for alarm in blind.values() for metric in metrics_of(alarm))


def test_the_dashboard_shows_metrics_that_are_written(deployed: Deployment) -> None:
    (dashboard,) = deployed.of("AWS::CloudWatch::Dashboard").values()
    shown = [metric for widget in json.loads(dashboard["DashboardBody"])["widgets"]
             for metric in widget["properties"]["metrics"]]  # fmt: skip
    known = {**OF_AWS, "Mozaiks": {metric.value for metric in Metric}}
    assert [metric[:2] for metric in shown if metric[1] not in known[metric[0]]] == []
    assert {metric[1] for metric in shown if metric[0] == "Mozaiks"} == {metric.value for metric in Metric}
    assert "${" not in dashboard["DashboardBody"]


def test_the_guide_says_of_every_alarm_what_it_means_and_what_to_do(deployed: Deployment) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \| ([^|]+) \|$", guide, re.MULTILINE)
    told = {name for names, *_ in rows for name in re.findall(r"`(\w+)`", names)}
    there = {*deployed.of("AWS::CloudWatch::Alarm"), *deployed.of("AWS::Budgets::Budget")}
    assert there <= told


def test_the_cost_program_counts_the_alarms_there_are() -> None:
    assert Priced().alarms == sum(
        len(metrics_of(each)) for each in Deployment(**GIVEN).of("AWS::CloudWatch::Alarm").values()
    )
    assert Priced().metrics >= len(Metric)
