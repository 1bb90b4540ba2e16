"""Who signs makers in: a user pool of the stage's own, or whichever OpenID Connect issuer it names."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from cdk_app.stage import Api


class SignIn(Construct):
    """`authorizer` lets in whoever has a valid token of the issuer for our audience."""

    def __init__(self, scope: Construct, construct_id: str, *, api: Api, keep: bool) -> None:
        super().__init__(scope, construct_id)
        issuer, audience = api.oidc_issuer, list(api.oidc_audience)
        if issuer is None:
            pool = self._user_pool(keep=keep)
            client = _front_end(pool)
            issuer, audience = pool.user_pool_provider_url, [client.user_pool_client_id]
            CfnOutput(self, "UserPoolId", value=pool.user_pool_id).override_logical_id("UserPoolId")
            CfnOutput(self, "UserPoolClientId", value=client.user_pool_client_id).override_logical_id(
                "UserPoolClientId"
            )
        self.authorizer = authorizers.HttpJwtAuthorizer("Makers", issuer, jwt_audience=audience)

    def _user_pool(self, *, keep: bool) -> cognito.UserPool:
        return cognito.UserPool(
            self,
            "Makers",
            self_sign_up_enabled=True,
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(min_length=12),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )


def _front_end(pool: cognito.UserPool) -> cognito.UserPoolClient:
    """A client without a secret, for browsers and scripts."""
    return pool.add_client(
        "FrontEnd",
        auth_flows=cognito.AuthFlow(user_srp=True, user_password=True, admin_user_password=True),
        disable_o_auth=True,
        prevent_user_existence_errors=True,
        access_token_validity=Duration.hours(1),
        id_token_validity=Duration.hours(1),
    )
