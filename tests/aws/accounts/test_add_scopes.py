"""The scopes of an access token that Cognito is about to give."""

from types import SimpleNamespace
from typing import Any

import pytest

from craftspark.settings.accounts import GroupSettings
from lambdas.add_scopes.handler import handler

CONTEXT = SimpleNamespace(
    function_name="add_scopes", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="r"
)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = GroupSettings(administrators="administrators", admin_scope="craftspark/admin")
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)


def event(verified: str = "true", **configuration: Any) -> dict[str, Any]:
    attributes = {"email": "maker@craftspark.example", "email_verified": verified}
    request = {"groupConfiguration": configuration, "userAttributes": attributes}
    return {"userName": "maker", "request": request, "response": {}}


@pytest.mark.parametrize("verified", ["true", "false"])
def test_a_member_of_the_group_gets_the_scope_and_a_verified_address(verified: str) -> None:
    answer = handler(event(verified, groupsToOverride=["others", "administrators"]), CONTEXT)

    generation = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    claims = {"claimsToAddOrOverride": {"email": "maker@craftspark.example"}} if verified == "true" else {}
    assert generation == {"scopesToAdd": ["craftspark/admin"], **claims}


@pytest.mark.parametrize("groups", [None, [], ["administrators-of-others"]])
def test_nobody_else_gets_a_scope_or_an_address(groups: list[str] | None) -> None:
    assert handler(event(groupsToOverride=groups), CONTEXT)["response"] == {}


def test_a_token_without_groups_stays_as_it_is() -> None:
    assert handler({"userName": "maker", "request": {}, "response": {}}, CONTEXT)["response"] == {}
