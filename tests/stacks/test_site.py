"""The distribution in front of Studio, public pictures and the API."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.stacks.synthesis import Synthesis

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def config_of(synthesis: Synthesis) -> Mapping[str, Any]:
    [found] = synthesis.properties("AWS::CloudFront::Distribution")
    config: Mapping[str, Any] = found["DistributionConfig"]
    return config


def behaviors_of(synthesis: Synthesis) -> dict[str, Mapping[str, Any]]:
    config = config_of(synthesis)
    return {each["PathPattern"]: each for each in config["CacheBehaviors"]} | {"*": config["DefaultCacheBehavior"]}


def headers_of(synthesis: Synthesis, behavior: str) -> dict[str, Any]:
    name = behaviors_of(synthesis)[behavior]["ResponseHeadersPolicyId"]["Ref"]
    found: dict[str, Any] = synthesis.resources[f"Api/{name}"]["Properties"]["ResponseHeadersPolicyConfig"]
    return found


def policy_of(synthesis: Synthesis, behavior: str) -> str:
    security = headers_of(synthesis, behavior)["SecurityHeadersConfig"]
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    return policy if isinstance(policy, str) else json.dumps(policy)


def cache_policy_of(synthesis: Synthesis, behavior: str) -> Mapping[str, Any]:
    name = behaviors_of(synthesis)[behavior]["CachePolicyId"]["Ref"]
    found: Mapping[str, Any] = synthesis.resources[f"Api/{name}"]["Properties"]["CachePolicyConfig"]
    return found


def test_api_gateway_serves_only_stages_whose_names_are_secrets(synthesis: Synthesis) -> None:
    names = {
        name: json.dumps(each["Properties"]["StageName"])
        for name, each in synthesis.of_type("AWS::ApiGatewayV2::Stage").items()
        if name.startswith("Api/")
    }
    origins = {each["Id"]: each for each in config_of(synthesis)["Origins"]}
    api = origins[behaviors_of(synthesis)["/v1/*"]["TargetOriginId"]]

    assert all("{{resolve:secretsmanager:" in name for name in names.values())
    assert len(set(names.values())) == 2
    secret = json.loads(names[min(names)])["Fn::Join"][1][1]["Ref"]
    assert json.dumps(secret) in json.dumps(api["OriginPath"])  # the first of the two
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    for found in synthesis.properties("AWS::SecretsManager::Secret"):
        generated = found["GenerateSecretString"]
        assert generated["PasswordLength"] >= 32
        assert generated["ExcludePunctuation"]


def test_no_answer_for_a_token_is_kept(synthesis: Synthesis) -> None:
    behaviors = behaviors_of(synthesis)
    policy = cache_policy_of(synthesis, "/v1/gallery/*")

    assert behaviors["/v1/*"]["CachePolicyId"] == CACHING_DISABLED
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0)  # only an answer that says so is kept
    assert policy["MaxTTL"] <= 60
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert "Authorization" in key["HeadersConfig"]["Headers"]
    assert key["QueryStringsConfig"]["QueryStringBehavior"] == "all"
    assert behaviors["/v1/plans"]["CachePolicyId"] == behaviors["/v1/gallery/*"]["CachePolicyId"]
    for pattern in ("/v1/*", "/v1/gallery/*", "/v1/plans"):
        assert behaviors[pattern]["OriginRequestPolicyId"] == ALL_BUT_HOST
    assert list(behaviors)[:4] == [
        "/pictures/*",
        "/v1/gallery/*",
        "/v1/plans",
        "/v1/*",
    ]  # the first that matches counts


def test_a_picture_that_is_taken_down_is_gone_after_ten_seconds(synthesis: Synthesis) -> None:
    policy = cache_policy_of(synthesis, "/pictures/*")

    assert (policy["MinTTL"], policy["MaxTTL"]) == (0, 10)


def test_an_error_is_not_kept_and_stays_what_it_is(synthesis: Synthesis) -> None:
    for each in config_of(synthesis)["CustomErrorResponses"]:
        assert each["ErrorCachingMinTTL"] == 0
        assert "ResponsePagePath" not in each


def test_studio_runs_nothing_but_its_own_files(synthesis: Synthesis) -> None:
    policy = policy_of(synthesis, "*")

    assert "unsafe" not in policy
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    for service in ("wss://", "cognito-idp", "amazoncognito.com", "Images", "Uploads"):
        assert service in policy
    security = headers_of(synthesis, "*")["SecurityHeadersConfig"]
    assert security["FrameOptions"]["FrameOption"] == "DENY"
    assert security["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000
    assert {"ContentTypeOptions", "ReferrerPolicy"} <= set(security)


@pytest.mark.parametrize("behavior", ["/v1/*", "/v1/gallery/*", "/v1/plans", "/pictures/*"])
def test_what_is_no_page_runs_nothing(synthesis: Synthesis, behavior: str) -> None:
    assert policy_of(synthesis, behavior) == "default-src 'none'; frame-ancestors 'none'"


def test_only_distributions_of_the_account_read_public_pictures_and_nothing_else(synthesis: Synthesis) -> None:
    granted = [
        statement
        for policy in synthesis.properties("AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Principal") == {"Service": "cloudfront.amazonaws.com"}
    ]
    pictures, studio = sorted(granted, key=lambda each: "pictures" not in json.dumps(each["Resource"]))

    assert len(granted) == 2
    assert json.dumps(pictures["Resource"]).endswith('"/pictures/*"]]}')
    source = pictures["Condition"]["ArnLike"]["AWS:SourceArn"]["Fn::Join"][1]
    assert (source[-2], source[-1]) == ({"Ref": "AWS::AccountId"}, ":distribution/*")
    assert "SourceArn" in json.dumps(studio["Condition"])
    assert pictures["Action"] == studio["Action"] == "s3:GetObject"


def test_prod_has_a_web_acl_and_the_others_have_none(dev: Synthesis, prod: Synthesis, local: Synthesis) -> None:
    [acl] = [each for each in prod.properties("AWS::WAFv2::WebACL") if each["Scope"] == "CLOUDFRONT"]

    assert config_of(prod)["WebACLId"]["Fn::GetAtt"][1] == "Arn"
    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    assert rules["Rate"]["RateBasedStatement"]["Limit"] == 3000
    assert set(rules) == {"Reputation", "BadInputs", "Rate"}
    for stage in (dev, local):
        assert "WebACLId" not in config_of(stage)


def test_names_of_cloudfront_differ_by_stage_because_they_are_the_accounts(dev: Synthesis, prod: Synthesis) -> None:
    def names(synthesis: Synthesis) -> set[str]:
        policies = [each["CachePolicyConfig"] for each in synthesis.properties("AWS::CloudFront::CachePolicy")]
        headers = [
            each["ResponseHeadersPolicyConfig"]
            for each in synthesis.properties("AWS::CloudFront::ResponseHeadersPolicy")
        ]
        functions = synthesis.properties("AWS::CloudFront::Function")
        return {json.dumps(each["Name"]) for each in (*policies, *headers, *functions)}

    assert not names(dev) & names(prod)
    assert len(names(dev)) == 6
