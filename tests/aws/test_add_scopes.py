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


def event(**configuration: Any) -> dict[str, Any]:
    return {"userName": "maker", "request": {"groupConfiguration": configuration}, "response": {}}


def test_a_member_of_the_group_gets_the_scope() -> None:
    answer = handler(event(groupsToOverride=["others", "administrators"]), CONTEXT)

    generation = answer["response"]["claimsAndScopeOverrideDetails"]["accessTokenGeneration"]
    assert generation == {"scopesToAdd": ["craftspark/admin"]}


@pytest.mark.parametrize("groups", [None, [], ["administrators-of-others"]])
def test_nobody_else_gets_a_scope(groups: list[str] | None) -> None:
    assert handler(event(groupsToOverride=groups), CONTEXT)["response"] == {}


def test_a_token_without_groups_stays_as_it_is() -> None:
    assert handler({"userName": "maker", "request": {}, "response": {}}, CONTEXT)["response"] == {}
