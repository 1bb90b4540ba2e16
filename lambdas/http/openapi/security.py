"""How requests are authorized: what Cognito issues, API Gateway checks and each function demands."""

from craftspark.routes import ADMIN, MAKER, PUBLIC

SIGN_IN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Access token of a maker who signed in, for example through the `InitiateAuth` API of Amazon "
    "Cognito. Cognito gives each of these tokens the scope `aws.cognito.signin.user.admin`, which operations for "
    "makers accept. ID tokens are refused with 401.",
}
# An example: the domain of a user pool has a different prefix in each deployment.
TOKEN_URL = "https://craftspark-dev-api-111122223333.auth.us-east-1.amazoncognito.com/oauth2/token"  # noqa: S105
SERVICE = {
    "type": "oauth2",
    "description": "Access token of a server, requested with its client ID and client secret. A partner's server is "
    "itself a maker. The token URL is an example: each deployment has its own.",
    "flows": {
        "clientCredentials": {
            "tokenUrl": TOKEN_URL,
            "scopes": {
                "craftspark/jobs": "Use all operations for makers.",
                "craftspark/admin": "Use all operations for administrators.",
            },
        }
    },
}
SCHEMES = {"signIn": SIGN_IN, "service": SERVICE}
# One entry of a list is enough.
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    MAKER: [{"signIn": []}, {"service": ["craftspark/jobs"]}],
    ADMIN: [{"service": ["craftspark/admin"]}],
    PUBLIC: [],
}
