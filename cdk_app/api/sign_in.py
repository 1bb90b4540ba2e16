"""Sign-in: the stage's own user pool, or another OpenID Connect issuer that the stage names."""

from collections.abc import Mapping, Sequence
from typing import cast
from urllib.parse import urlsplit

from aws_cdk import Aws, CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_iam as iam
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.api.firewall import REPUTATION, Firewall
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.api import UserPool
from cdk_app.stages.stage import Operations, Stage
from craftspark.settings.accounts import GroupSettings

TRIGGER_TIMEOUT = Duration.seconds(5)  # Cognito waits no longer

THREAT_PROTECTION = {
    "off": None,
    "audit": cognito.StandardThreatProtectionMode.AUDIT_ONLY,
    "enforced": cognito.StandardThreatProtectionMode.FULL_FUNCTION,
}


# The group of the user pool whose members administer the service.
ADMINISTRATORS = "administrators"
# Where Studio continues after a sign-in.
SIGNED_IN = "/signed-in"


class SignIn(Construct):
    """`authorizer` accepts callers with a valid token from the issuer for our audience.

    `oidc` is what Studio needs to sign its users in, as its configuration has it. Studio is at `site_url`, and may also
    be at an origin that the API allows.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        site_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        api, site = stage.api, stage.site
        issuer, audience = api.oidc_issuer, list(api.oidc_audience)
        client_id, oidc_scope = site.oidc_client_id, site.oidc_scope
        self._pool: cognito.UserPool | None = None
        if issuer is None:
            pool = self._pool = self._create_user_pool(stage)
            client = _create_front_end_client(pool)
            server, scopes = _create_scopes(pool)
            services = _create_server_clients(pool, server, scopes)
            studio = _create_studio_client(pool, server, scopes["jobs"], [site_url, *api.allowed_origins])
            clients = (client, studio, *services.values())
            audience = [each.user_pool_client_id for each in clients]
            client_id, oidc_scope = studio.user_pool_client_id, f"openid email {api.maker_scopes[-1]}"
            issuer = pool.user_pool_provider_url
            self._let_members_administer(pool, stage)
            for name, service in services.items():
                CfnOutput(self, name, value=service.user_pool_client_id).override_logical_id(f"{name}ClientId")
            CfnOutput(self, "UserPoolId", value=pool.user_pool_id).override_logical_id("UserPoolId")
            CfnOutput(self, "UserPoolClientId", value=client.user_pool_client_id).override_logical_id(
                "UserPoolClientId"
            )
            CfnOutput(self, "StudioClientId", value=client_id).override_logical_id("StudioClientId")
        self.authorizer = authorizers.HttpJwtAuthorizer("Makers", issuer, jwt_audience=audience)
        self.oidc = {"authority": issuer, "client_id": client_id or "", "scope": oidc_scope}

    @property
    def user_pool_id(self) -> str:
        """Empty if the stage uses another issuer."""
        return self._pool.user_pool_id if self._pool else ""

    def grant_find(self, grantee: iam.IGrantable) -> None:
        """Find users by an attribute, if the stage has a user pool."""
        if self._pool:
            self._pool.grant(grantee, "cognito-idp:ListUsers")

    def _create_user_pool(self, stage: Stage) -> cognito.UserPool:
        values, keep = stage.user_pool, stage.data.keep
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
            self._protect(pool, values.requests_per_address, stage.operations)
        return pool

    def _let_members_administer(self, pool: cognito.UserPool, stage: Stage) -> None:
        """A user who is a member of ADMINISTRATORS gets access tokens with the scope of administrators."""
        domain = cognito.CognitoDomainOptions(domain_prefix=_name_domain(stage))
        pool.add_domain("Domain", cognito_domain=domain)
        cognito.CfnUserPoolGroup(
            self,
            "Administrators",
            user_pool_id=pool.user_pool_id,
            group_name=ADMINISTRATORS,
            description="May use the administrative routes of the API",
        )
        settings = GroupSettings(administrators=ADMINISTRATORS, admin_scope=stage.api.admin_scope)
        add_scopes = PythonFunction(
            self,
            "AddScopes",
            name="add_scopes",
            stage=stage,
            timeout=TRIGGER_TIMEOUT,
            access=Access(settings=(settings,)),
        )
        pool.add_trigger(
            cognito.UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
            add_scopes.function,
            cognito.LambdaVersion.V2_0,
        )

    def _protect(self, pool: cognito.UserPool, requests_per_address: int, operations: Operations) -> None:
        firewall = Firewall(
            self,
            "Firewall",
            kind="REGIONAL",
            protects="UserPool",
            rules=[("Reputation", REPUTATION)],
            requests_per_address=requests_per_address,
            operations=operations,
        )
        acknowledge(firewall.acl, "Cognito answers the requests behind it, and runs no code of ours.", "CKV_AWS_192")
        waf.CfnWebACLAssociation(
            firewall, "Association", resource_arn=pool.user_pool_arn, web_acl_arn=firewall.acl.attr_arn
        )


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


def sign_in_origins(stage: Stage) -> list[str]:
    """The origins that Studio calls to sign its users in: those of the issuer's description and of its tokens."""
    if stage.api.oidc_issuer is not None:
        found = urlsplit(stage.api.oidc_issuer)
        return [f"{found.scheme}://{found.netloc}", *stage.site.connect_origins]
    return [
        f"https://cognito-idp.{Aws.REGION}.amazonaws.com",
        f"https://{_name_domain(stage)}.auth.{Aws.REGION}.amazoncognito.com",
    ]


def _name_domain(stage: Stage) -> str:
    """The prefix of the user pool's domain, which is unique among all accounts of a region."""
    return f"{stage.name_stack('Api').lower()}-{Aws.ACCOUNT_ID}"


def _create_scopes(
    pool: cognito.UserPool,
) -> tuple[cognito.UserPoolResourceServer, dict[str, cognito.ResourceServerScope]]:
    """The scopes of the service: `jobs` for makers and partners, `admin` for administrators."""
    scopes = {name: cognito.ResourceServerScope(scope_name=name, scope_description=name) for name in ("jobs", "admin")}
    return pool.add_resource_server("Service", identifier="craftspark", scopes=list(scopes.values())), scopes


def _create_studio_client(
    pool: cognito.UserPool,
    server: cognito.UserPoolResourceServer,
    scope: cognito.ResourceServerScope,
    origins: Sequence[str],
) -> cognito.UserPoolClient:
    """The client of Studio, which has no secret. Users sign in at the pool's own page, by a code with PKCE.

    It cannot ask for the scope of administrators, because every user could.
    """
    client = pool.add_client(
        "Studio",
        o_auth=cognito.OAuthSettings(
            flows=cognito.OAuthFlows(authorization_code_grant=True),
            scopes=[
                cognito.OAuthScope.OPENID,
                cognito.OAuthScope.EMAIL,
                cognito.OAuthScope.resource_server(server, scope),
            ],
            callback_urls=[f"{origin}{SIGNED_IN}" for origin in origins],
            logout_urls=[f"{origin}/" for origin in origins],
        ),
        supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
        prevent_user_existence_errors=True,
        enable_token_revocation=True,
        access_token_validity=Duration.hours(1),
        id_token_validity=Duration.hours(1),
        refresh_token_validity=Duration.days(30),
    )
    # Only the pool's page takes passwords. Without this, Cognito would also take them from this client.
    resource = cast(cognito.CfnUserPoolClient, client.node.default_child)
    resource.explicit_auth_flows = ["ALLOW_REFRESH_TOKEN_AUTH"]
    return client


def _create_server_clients(
    pool: cognito.UserPool,
    server: cognito.UserPoolResourceServer,
    scopes: Mapping[str, cognito.ResourceServerScope],
) -> dict[str, cognito.UserPoolClient]:
    """Clients for servers, which get tokens by the client credentials grant: one for a partner, one for administrators.

    A partner's server counts as one maker. Only an administrator's token has the scope for administration.
    """
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
