"""Who may sign up and sign in, and what protects the user pool."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from craftspark.routes import ADMIN, PUBLIC, ROUTES
from tests.stacks.synthesis import Synthesis

MAKER_SCOPES = {"aws.cognito.signin.user.admin", "craftspark/jobs"}


def pool_of(synthesis: Synthesis) -> Mapping[str, Any]:
    [pool] = synthesis.properties("AWS::Cognito::UserPool")
    return pool


def test_every_function_of_the_api_is_told_the_scopes_of_its_routes(synthesis: Synthesis) -> None:
    told = {
        function["Handler"].split(".")[1]: function["Environment"]["Variables"].get("CRAFTSPARK_TOKEN_SCOPES")
        for function in synthesis.properties("AWS::Lambda::Function")
    }

    for route in ROUTES:
        wanted = {"maker": MAKER_SCOPES, ADMIN: {"craftspark/admin"}, PUBLIC: set()}[route.scope]
        assert set((told[route.function] or "").split()) == wanted, route


def test_a_server_gets_the_scope_of_its_kind_and_no_other(synthesis: Synthesis) -> None:
    servers = [
        client for client in synthesis.properties("AWS::Cognito::UserPoolClient") if client.get("GenerateSecret")
    ]

    scopes = [json.dumps(client["AllowedOAuthScopes"]) for client in servers]
    assert len(servers) == 2
    assert [("/jobs" in each, "/admin" in each) for each in sorted(scopes)] in (
        [(False, True), (True, False)],
        [(True, False), (False, True)],
    )
    assert all(client["AllowedOAuthFlows"] == ["client_credentials"] for client in servers)


@pytest.mark.parametrize(("stage", "closed"), [("dev", True), ("prod", True), ("local", False)])
def test_sign_up_is_open_where_the_stage_says_so(stage: str, closed: bool, request: pytest.FixtureRequest) -> None:
    pool = pool_of(request.getfixturevalue(stage))

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is closed


def test_prod_stops_risky_sign_ins(prod: Synthesis, dev: Synthesis) -> None:
    assert (pool_of(prod)["UserPoolTier"], pool_of(prod)["UserPoolAddOns"]) == (
        "PLUS",
        {"AdvancedSecurityMode": "ENFORCED"},
    )
    assert "UserPoolAddOns" not in pool_of(dev)


def test_a_web_acl_stands_before_prod_s_user_pool(prod: Synthesis) -> None:
    [acl] = [each for each in prod.properties("AWS::WAFv2::WebACL") if each["Scope"] == "REGIONAL"]
    [association] = prod.properties("AWS::WAFv2::WebACLAssociation")

    rules = {rule["Name"]: rule["Statement"] for rule in acl["Rules"]}
    assert rules["Rate"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "EvaluationWindowSec": 300,
        "Limit": 300,
    }
    assert "IpReputation" in rules["Reputation"]["ManagedRuleGroupStatement"]["Name"]
    assert "Makers" in json.dumps(association["ResourceArn"])
    assert "WebAcl" in json.dumps(association["WebACLArn"])


def test_requests_that_the_web_acls_block_are_logged(prod: Synthesis) -> None:
    names = set()
    for logging in prod.properties("AWS::WAFv2::LoggingConfiguration"):
        [destination] = logging["LogDestinationConfigs"]
        group = prod.resources[f"Api/{destination['Fn::Join'][1][-1]['Ref']}"]
        names.add(group["Properties"]["LogGroupName"])
        assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
        [kept] = logging["LoggingFilter"]["Filters"]
        assert kept["Conditions"] == [{"ActionCondition": {"Action": "BLOCK"}}]
    assert names == {"aws-waf-logs-Craftspark-Prod-Api-UserPool", "aws-waf-logs-Craftspark-Prod-Api-Site"}


@pytest.mark.parametrize("stage", ["dev", "local"])
def test_a_stage_without_a_rate_has_no_web_acl(stage: str, request: pytest.FixtureRequest) -> None:
    assert request.getfixturevalue(stage).properties("AWS::WAFv2::WebACL") == []


def test_studio_signs_in_by_a_code_and_cannot_ask_for_the_scope_of_administrators(synthesis: Synthesis) -> None:
    [studio] = [
        client
        for client in synthesis.properties("AWS::Cognito::UserPoolClient")
        if client.get("AllowedOAuthFlows") == ["code"]
    ]

    assert not studio.get("GenerateSecret")
    assert "/admin" not in json.dumps(studio["AllowedOAuthScopes"])
    assert "/jobs" in json.dumps(studio["AllowedOAuthScopes"])
    assert studio["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    [at_site, *_] = studio["CallbackURLs"]
    assert at_site["Fn::Join"][1][-1] == "/signed-in"


def test_only_members_of_the_group_get_the_scope_of_administrators(synthesis: Synthesis) -> None:
    [group] = synthesis.properties("AWS::Cognito::UserPoolGroup")
    variables = synthesis.function("add_scopes")["Environment"]["Variables"]

    assert group["GroupName"] == variables["CRAFTSPARK_ADMINISTRATORS"] == "administrators"
    assert variables["CRAFTSPARK_ADMIN_SCOPE"] == "craftspark/admin"
    trigger = pool_of(synthesis)["LambdaConfig"]["PreTokenGenerationConfig"]
    assert trigger["LambdaVersion"] == "V2_0"
    assert "AddScopes" in json.dumps(trigger["LambdaArn"])


@pytest.mark.parametrize("address", [None, "hello@makers.example"])
def test_sign_up_mails_come_from_the_stage_s_own_domain_where_it_has_one(address: str | None) -> None:
    from aws_cdk import App, Stack
    from aws_cdk.assertions import Template

    from cdk_app.api.sign_in import SignIn
    from cdk_app.stages.values import find_stage

    prod = find_stage("prod")
    values = replace(prod.user_pool, mail_from=address, mail_region="eu-west-1" if address else None)
    stack = Stack(App(), "Api")
    SignIn(stack, "SignIn", stage=replace(prod, user_pool=values), site_url="https://site.example")

    [pool] = Template.from_stack(stack).find_resources("AWS::Cognito::UserPool").values()
    mail = pool["Properties"].get("EmailConfiguration", {})
    assert mail.get("From") == address
    assert mail.get("EmailSendingAccount", "COGNITO_DEFAULT") == ("DEVELOPER" if address else "COGNITO_DEFAULT")
    assert ("identity/makers.example" in json.dumps(mail)) == bool(address)
