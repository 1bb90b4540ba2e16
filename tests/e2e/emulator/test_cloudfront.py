"""A distribution with a private bucket and an API behind it, as templates define them."""

import uuid
from typing import Any, NamedTuple

import httpx
import pytest

from local_cloud.launcher.aws_clients import Clients
from tests.e2e.emulator.test_patches import deploy
from tests.e2e.front_end import HTTP

SERVICES = (
    "https://cognito-idp.us-east-1.amazonaws.com",
    "https://makers.auth.us-east-1.amazoncognito.com",
    "https://images.s3.us-east-1.amazonaws.com",
    "wss://a1b2.execute-api.us-east-1.amazonaws.com",
)
STAGE = "unguessable"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


class Site(NamedTuple):
    address: str
    bucket: str
    api: str


@pytest.fixture(scope="module")
def site(aws: Clients) -> Site:
    outputs = deploy(
        aws,
        {
            "Files": {"Type": "AWS::S3::Bucket"},
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy_of_files()},
            "Access": {"Type": "AWS::CloudFront::OriginAccessControl", "Properties": access()},
            "Api": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "api", "ProtocolType": "HTTP"}},
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "Properties": {"ApiId": {"Ref": "Api"}, "StageName": STAGE, "AutoDeploy": True},
            },
            "Headers": {"Type": "AWS::CloudFront::ResponseHeadersPolicy", "Properties": headers()},
            "Site": {"Type": "AWS::CloudFront::Distribution", "Properties": distribution()},
        },
        {
            "Address": {"Fn::Join": ["", ["https://", {"Fn::GetAtt": ["Site", "DomainName"]}]]},
            "Bucket": {"Ref": "Files"},
            "Api": {"Ref": "Api"},
        },
    )
    for name, content in (("index.html", "<p>Studio</p>"), ("config.json", "{}")):
        aws["s3"].put_object(
            Bucket=outputs["Bucket"], Key=name, Body=content, ContentType="text/html", CacheControl="no-cache"
        )
    return Site(outputs["Address"], outputs["Bucket"], outputs["Api"])


def policy_of_files() -> dict[str, Any]:
    everything = {"Fn::Join": ["", [{"Fn::GetAtt": ["Files", "Arn"]}, "/*"]]}
    source = {"Fn::Join": ["", ["arn:aws:cloudfront::000000000000:distribution/", {"Ref": "Site"}]]}
    insecure = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": everything,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    read = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": everything,
        "Condition": {"StringEquals": {"AWS:SourceArn": source}},
    }
    return {"Bucket": {"Ref": "Files"}, "PolicyDocument": {"Version": "2012-10-17", "Statement": [insecure, read]}}


def access() -> dict[str, Any]:
    signing = {"OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4"}
    return {"OriginAccessControlConfig": {"Name": f"access-{uuid.uuid4().hex[:8]}", **signing}}


def headers() -> dict[str, Any]:
    policy = {"ContentSecurityPolicy": f"connect-src 'self' {' '.join(SERVICES)}", "Override": True}
    name = f"headers-{uuid.uuid4().hex[:8]}"
    return {"ResponseHeadersPolicyConfig": {"Name": name, "SecurityHeadersConfig": {"ContentSecurityPolicy": policy}}}


def distribution() -> dict[str, Any]:
    bucket = {
        "Id": "files",
        "DomainName": {"Fn::GetAtt": ["Files", "RegionalDomainName"]},
        "OriginAccessControlId": {"Ref": "Access"},
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    api = {
        "Id": "api",
        "DomainName": {"Fn::Join": ["", [{"Ref": "Api"}, ".execute-api.us-east-1.amazonaws.com"]]},
        "OriginPath": f"/{STAGE}",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only"},
    }
    behavior = {"ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": CACHING_DISABLED}
    methods = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    to_api = {"OriginRequestPolicyId": ALL_BUT_HOST, "AllowedMethods": methods, "TargetOriginId": "api", **behavior}
    return {
        "DistributionConfig": {
            "Enabled": True,
            "DefaultRootObject": "index.html",
            "Origins": [bucket, api],
            "DefaultCacheBehavior": {
                "TargetOriginId": "files",
                "ResponseHeadersPolicyId": {"Ref": "Headers"},
                **behavior,
            },
            "CacheBehaviors": [{"PathPattern": "/v1/*", **to_api}],
        }
    }


def get(url: str, **request: Any) -> httpx.Response:
    return HTTP.get(url, **request)


def test_a_distribution_has_a_local_address(aws: Clients, site: Site) -> None:
    assert site.address.startswith("http://127.0.0.1:")
    assert site.address != aws.endpoint
    assert get(f"{site.address}/config.json").text == "{}"


def test_a_distribution_reads_a_bucket_that_requires_tls(site: Site) -> None:
    page = get(f"{site.address}/")

    assert (page.status_code, page.text) == (200, "<p>Studio</p>")
    assert page.headers["content-type"] == "text/html"
    assert page.headers["cache-control"] == "no-cache"
    assert get(f"{site.address}/missing.js").status_code == 403


def test_nobody_else_reads_the_bucket(aws: Clients, site: Site) -> None:
    assert get(f"{aws.endpoint}/{site.bucket}/index.html").status_code == 403


def test_a_security_policy_names_the_emulator_for_services_of_aws(aws: Clients, site: Site) -> None:
    policy = get(f"{site.address}/").headers["content-security-policy"]

    websockets = aws.endpoint.replace("http", "ws")
    assert policy.split() == ["connect-src", "'self'", *[aws.endpoint] * 3, websockets]


def test_a_distribution_reaches_an_api_at_the_stage_that_it_names(site: Site) -> None:
    answer = get(f"{site.address}/v1/jobs")

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert "apigw-requestid" in answer.headers


def test_a_path_pattern_matches_any_character(site: Site) -> None:
    assert get(f"{site.address}/v1/jobs/a%0Ab").json() == {"message": "Not Found"}


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("POST", 403), ("PUT", 403), ("DELETE", 403)])
def test_a_behaviour_that_names_no_methods_can_only_be_read(site: Site, method: str, status: int) -> None:
    assert HTTP.request(method, f"{site.address}/config.json").status_code == status


@pytest.mark.parametrize("path", ["v1/jobs", "$default/v1/jobs", "other/v1/jobs", "v1"])
def test_an_api_answers_only_for_a_stage_that_it_has(aws: Clients, site: Site, path: str) -> None:
    make_route(aws, site.api)

    assert get(f"{aws.endpoint}/_aws/execute-api/{site.api}/{path}").status_code == 404
    assert get(f"{site.address}/v1/jobs").status_code == 500  # the route's function does not exist


def make_route(aws: Clients, api: str) -> None:
    gateway = aws["apigatewayv2"]
    if gateway.get_routes(ApiId=api)["Items"]:
        return
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri="arn:aws:lambda:us-east-1:000000000000:function:missing",
        PayloadFormatVersion="2.0",
    )
    gateway.create_route(ApiId=api, RouteKey="GET /v1/jobs", Target=f"integrations/{integration['IntegrationId']}")


def test_a_distribution_takes_no_websockets(site: Site) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = get(f"{site.address}/", headers=upgrade | {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})

    assert answer.status_code == 403
