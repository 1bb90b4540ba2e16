"""Sign-in: the stage's own user pool, or another OpenID Connect issuer that the stage names."""

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.api.user_pool_firewall import UserPoolFirewall
from cdk_app.stages.api import Api, UserPool
from cdk_app.stages.stage import Operations

THREAT_PROTECTION = {
    "off": None,
    "audit": cognito.StandardThreatProtectionMode.AUDIT_ONLY,
    "enforced": cognito.StandardThreatProtectionMode.FULL_FUNCTION,
}


class SignIn(Construct):
    """`authorizer` accepts callers with a valid token from the issuer for our audience."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: Api,
        user_pool: UserPool,
        keep: bool,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        issuer, audience = api.oidc_issuer, list(api.oidc_audience)
        self._pool: cognito.UserPool | None = None
        if issuer is None:
            pool = self._pool = self._create_user_pool(user_pool, operations, keep=keep)
            client = _create_front_end_client(pool)
            services = _create_server_clients(pool)
            audience = [client.user_pool_client_id, *(service.user_pool_client_id for service in services.values())]
            issuer = pool.user_pool_provider_url
            for name, service in services.items():
                CfnOutput(self, name, value=service.user_pool_client_id).override_logical_id(f"{name}ClientId")
            CfnOutput(self, "UserPoolId", value=pool.user_pool_id).override_logical_id("UserPoolId")
            CfnOutput(self, "UserPoolClientId", value=client.user_pool_client_id).override_logical_id(
                "UserPoolClientId"
            )
        self.authorizer = authorizers.HttpJwtAuthorizer("Makers", issuer, jwt_audience=audience)

    @property
    def user_pool_id(self) -> str:
        """Empty if the stage uses another issuer."""
        return self._pool.user_pool_id if self._pool else ""

    def grant_find(self, grantee: iam.IGrantable) -> None:
        """Find users by an attribute, if the stage has a user pool."""
        if self._pool:
            self._pool.grant(grantee, "cognito-idp:ListUsers")

    def _create_user_pool(self, values: UserPool, operations: Operations, *, keep: bool) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Makers",
            self_sign_up_enabled=values.self_sign_up,
            feature_plan=cognito.FeaturePlan.PLUS if values.threat_protection != "off" else None,
            standard_threat_protection_mode=THREAT_PROTECTION[values.threat_protection],
            sign_in_aliases=cognito.SignInAliases(email=True),
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(min_length=12),
            email=_configure_mail(values),
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
        _acknowledge(pool, values)
        if values.requests_per_address is not None:
            UserPoolFirewall(
                self,
                "Firewall",
                pool=pool,
                requests_per_address=values.requests_per_address,
                operations=operations,
            )
        return pool


def _acknowledge(pool: cognito.UserPool, values: UserPool) -> None:
    acknowledge(
        pool,
        "NIST SP 800-63B asks for length and forbids rules of composition: twelve characters of any kind.",
        "AwsSolutions-COG1",
    )
    acknowledge(
        pool,
        "A maker's account holds pictures and a month's credits. A stage that requires a second factor names its own "
        "OpenID Connect issuer.",
        "AwsSolutions-COG2",
    )
    if values.threat_protection == "off":
        acknowledge(
            pool, "The plus plan costs money for each maker, so it is a value of the stage.", "AwsSolutions-COG8"
        )


def _configure_mail(values: UserPool) -> cognito.UserPoolEmail:
    """The sender of sign-up mails: SES with the stage's domain, or Cognito, which sends about 50 per day."""
    if values.mail_from is None:
        return cognito.UserPoolEmail.with_cognito()
    return cognito.UserPoolEmail.with_ses(
        from_email=values.mail_from,
        ses_region=values.mail_region,
        ses_verified_domain=values.mail_from.rpartition("@")[2],
    )


def _create_server_clients(pool: cognito.UserPool) -> dict[str, cognito.UserPoolClient]:
    """Clients for servers, which get tokens by the client credentials grant: one for a partner, one for administrators.

    A partner's server counts as one maker. Only an administrator's token has the scope for administration.
    """
    scopes = {name: cognito.ResourceServerScope(scope_name=name, scope_description=name) for name in ("jobs", "admin")}
    server = pool.add_resource_server("Service", identifier="craftspark", scopes=list(scopes.values()))
    # A Cognito domain prefix is unique among all accounts of a region.
    prefix = f"{Stack.of(pool).stack_name.lower()}-{Aws.ACCOUNT_ID}"
    pool.add_domain("Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix))
    return {
        name: pool.add_client(
            name,
            generate_secret=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(client_credentials=True),
                scopes=[cognito.OAuthScope.resource_server(server, scopes[scope])],
            ),
            access_token_validity=Duration.hours(1),
        )
        for name, scope in (("Partner", "jobs"), ("Administrator", "admin"))
    }


def _create_front_end_client(pool: cognito.UserPool) -> cognito.UserPoolClient:
    """A client without a secret, for browsers and scripts."""
    return pool.add_client(
        "FrontEnd",
        auth_flows=cognito.AuthFlow(user_srp=True, user_password=True, admin_user_password=True),
        disable_o_auth=True,
        prevent_user_existence_errors=True,
        access_token_validity=Duration.hours(1),
        id_token_validity=Duration.hours(1),
    )
