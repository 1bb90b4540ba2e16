"""Before Cognito gives a token: those of members of the administrators' group get the scope of administrators, and
their email address for the audit.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
"""

from typing import Any

from craftspark.settings.accounts import GroupSettings
from lambdas.log import logger


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Add the scope and the address to the access token of a member. Other tokens stay as they are."""
    settings = GroupSettings.from_environment()
    groups = event["request"].get("groupConfiguration", {}).get("groupsToOverride") or ()
    if settings.administrators in groups:
        generation: dict[str, Any] = {"scopesToAdd": [settings.admin_scope]}
        attributes = event["request"].get("userAttributes", {})
        if attributes.get("email_verified") == "true":
            generation["claimsToAddOrOverride"] = {"email": attributes["email"]}
        event["response"] = {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": generation}}
        logger.info("administrator signed in", extra={"maker": event["userName"]})
    return event
