"""The optional bucket and distribution of the chat page."""

from __future__ import annotations

import re

import pytest

from mozaiks_local.stack.site import PAGE_PATHS, PAGE_POLICY, PREVIEW_POLICY

from .deployment import Deployment
from .test_template import GIVEN


@pytest.fixture(scope="module")
def with_page() -> Deployment:
    return Deployment(**GIVEN, ChatPage="true")


def test_there_is_no_page_unless_asked() -> None:
    plain = Deployment(**GIVEN)
    assert {
        kind for kind in (each["Type"] for each in plain.resources.values()) if "S3" in kind or "Front" in kind
    } == set()
    assert not any(name.startswith("Page") for name in plain.outputs)


def test_the_pages_files_are_read_by_the_distribution_alone(with_page: Deployment) -> None:
    (bucket,) = with_page.of("AWS::S3::Bucket").values()
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    (policy,) = with_page.of("AWS::S3::BucketPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Principal"], statement["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert statement["Condition"]["StringEquals"]["AWS:SourceArn"].endswith("distribution/PageDistribution")


def test_the_api_and_the_page_are_one_origin(with_page: Deployment) -> None:
    (distribution,) = with_page.of("AWS::CloudFront::Distribution").values()
    behaviours = {each["PathPattern"]: each for each in distribution["DistributionConfig"]["CacheBehaviors"]}
    assert behaviours["/api/*"]["TargetOriginId"] == behaviours["/metrics/*"]["TargetOriginId"] == "api"
    assert {"PUT", "POST", "DELETE"} <= set(behaviours["/api/*"]["AllowedMethods"])


def test_addresses_of_the_page_are_those_of_the_local_gateway(with_page: Deployment) -> None:
    (function,) = with_page.of("AWS::CloudFront::Function").values()
    found = re.search(r"\(([a-z]+(?:\|[a-z]+)+)\)", function["FunctionCode"])
    assert found is not None
    assert tuple(found[1].split("|")) == PAGE_PATHS


def test_policies_are_those_of_the_local_gateway(with_page: Deployment) -> None:
    said = {
        name: each["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]["ContentSecurityPolicy"][
            "ContentSecurityPolicy"
        ]
        for name, each in with_page.of("AWS::CloudFront::ResponseHeadersPolicy").items()
    }
    assert said["PreviewHeaders"].split() == PREVIEW_POLICY.split()
    # The deployed socket has a host of its own; the local one is the page's.
    socket = "wss://ChatSocket.execute-api.us-east-1.amazonaws.com"
    assert (
        re.sub(r"wss://[\w.-]+", socket, said["PageHeaders"]).split() == PAGE_POLICY.replace("ws: wss:", socket).split()
    )
