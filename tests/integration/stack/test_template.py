"""The template decides what runs: read through AWS's own transform, nothing dropped silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mozaiks_local.stack import TemplateError, read_template

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent

MINIMAL = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: String, Default: small, AllowedValues: [small, big]}
Conditions:
  IsBig: !Equals [!Ref Size, big]
Mappings:
  Sizes: {small: {memory: 128}, big: {memory: 1024}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  OneFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: app.handler
      Runtime: python3.11
      MemorySize: !FindInMap [Sizes, !Ref Size, memory]
      Environment:
        Variables:
          JOINED: !Join ["-", [a, !Ref Size]]
          CHOSEN: !If [IsBig, large, little]
          ABSENT: !If [IsBig, here, !Ref AWS::NoValue]
          LITERAL: !Sub "${!Keep} ${Size}"
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /one, Method: GET}}
"""


def write(folder: Path, text: str) -> Path:
    (folder / "code").mkdir(exist_ok=True)
    path = folder / "template.yaml"
    path.write_text(text)
    return path


def test_reads_the_products_own_template() -> None:
    template = read_template(ROOT / "template.yaml", {"MongoDbUri": "mongodb://localhost", "StageName": "local"})

    assert {"ConnectFunction", "MessageFunction", "OrchestrateFunction", "ApiFunction"} <= set(template.functions)
    api = template.socket_apis[0]
    assert api.route_selection == "$request.body.type"
    assert {key: route.function for key, route in api.routes.items()} == {
        "$connect": "ConnectFunction",
        "$disconnect": "ConnectFunction",
        "$default": "MessageFunction",
    }
    assert template.schedules[0].expression == "rate(1 minute)"
    machine = json.loads(template.state_machines["RunStateMachine"].definition)
    orchestrate = template.functions["OrchestrateFunction"].arn
    assert machine["States"]["Slice"]["Parameters"]["FunctionName"] == f"{orchestrate}:live"
    assert template.state_machines["RunStateMachine"].name == "local-runs"
    assert template.functions["MessageFunction"].environment["RUN_STATE_MACHINE_ARN"].endswith(":local-runs")


def test_resolves_intrinsic_functions(tmp_path: Path) -> None:
    function = read_template(write(tmp_path, MINIMAL)).functions["OneFunction"]

    assert function.environment == {"JOINED": "a-small", "CHOSEN": "little", "LITERAL": "${Keep} small"}
    assert function.memory == 128


def test_parameters_override_defaults(tmp_path: Path) -> None:
    function = read_template(write(tmp_path, MINIMAL), {"Size": "big"}).functions["OneFunction"]

    assert function.environment["ABSENT"] == "here"
    assert function.memory == 1024


def test_an_added_function_and_route_are_found(tmp_path: Path) -> None:
    added = MINIMAL + (
        "  TwoFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        "      {CodeUri: code, Handler: other.run, Runtime: python3.11, Events: {Post: {Type: HttpApi, "
        "Properties: {ApiId: !Ref Api, Path: /two, Method: POST}}}}\n"
    )
    template = read_template(write(tmp_path, added))

    assert template.functions["TwoFunction"].handler == "other.run"
    assert {(route.key, route.function) for route in template.http_routes} == {
        ("GET /one", "OneFunction"),
        ("POST /two", "TwoFunction"),
    }


def test_lists_what_does_not_run_locally(tmp_path: Path) -> None:
    added = MINIMAL + (
        "  Bucket: {Type: AWS::S3::Bucket}\n"
        "  NodeFunction:\n    Type: AWS::Serverless::Function\n"
        "    Properties: {CodeUri: code, Handler: a.b, Runtime: nodejs22.x}\n"
    )
    ignored = read_template(write(tmp_path, added)).ignored

    assert any(line.startswith("Bucket (AWS::S3::Bucket)") for line in ignored)
    assert any(line.startswith("NodeFunction") and "nodejs22.x" in line for line in ignored)


def test_a_kept_transform_gives_the_same_template(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    first = read_template(path, cache=tmp_path / "cache")
    (kept,) = (tmp_path / "cache").glob("template-*.json")

    assert read_template(path, cache=tmp_path / "cache") == first
    path.write_text(MINIMAL.replace("/one", "/uno"))
    assert read_template(path, cache=tmp_path / "cache").http_routes[0].key == "GET /uno"
    assert not kept.exists()


@pytest.mark.parametrize(
    ("change", "parameters", "said"),
    [
        (("CodeUri: code", "CodeUri: nowhere"), {}, "'nowhere' does not exist"),
        (("!Ref Size, memory", "!Ref Nobody, memory"), {}, "'Nobody'"),
        (("", ""), {"Size": "huge"}, "'huge', expected one of"),
        (("", ""), {"Colour": "red"}, "no parameter 'Colour'"),
        (("Type: AWS::Serverless::HttpApi", "Type: AWS::Serverless::HttpApi, Properties: {Nope: 1}"), {}, "Nope"),
        (("Resources:", "Things:"), {}, "no Resources"),
        (("Resources:", "Resources: ["), {}, "is not YAML"),
    ],
)
def test_a_broken_template_says_what_is_wrong(
    tmp_path: Path, change: tuple[str, str], parameters: dict[str, str], said: str
) -> None:
    path = write(tmp_path, MINIMAL.replace(*change) if change[0] else MINIMAL)

    with pytest.raises(TemplateError, match=said):
        read_template(path, parameters)


def test_a_definition_without_its_substitution_is_refused(tmp_path: Path) -> None:
    added = MINIMAL + (
        "  Machine:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n"
        '      Definition: {StartAt: A, States: {A: {Type: Pass, Result: "${Missing}", End: true}}}\n'
    )
    with pytest.raises(TemplateError, match="Missing"):
        read_template(write(tmp_path, added))
