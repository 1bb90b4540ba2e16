"""Before Cognito gives a token: members of the administrators' group get the scope of administrators.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from typing import Any

from craftspark.settings.accounts import GroupSettings
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Add the scope to the access token of a member. Other users get the scopes that they asked for."""
    settings = GroupSettings.from_environment()
    groups = event["request"].get("groupConfiguration", {}).get("groupsToOverride") or ()
    if settings.administrators in groups:
        generation = {"scopesToAdd": [settings.admin_scope]}
        event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": generation}}
        logger.info("administrator signed in", extra={"maker": event["userName"]})
    return event
