"""The HTTP API: signed-in callers except for public routes, a throttle for each route, and an access log."""

from typing import Any, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.api.access_log import REQUEST_LOG, AccessLogs
from cdk_app.stages.api import Api
from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup
from craftspark.routes import ADMIN, PUBLIC, Route

SECRET_CHARACTERS = 40


class HttpApi(Construct):
    """An HTTP API with two stages, whose names are secrets.

    API Gateway returns 404 for requests without the name of a stage, and only the stage's distribution knows one. It
    uses the stage of `origin_secret`; the one after it exists, so that a distribution that changes to it finds it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        api: Api,
        origin_secret: int,
        operations: Operations,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = api
        self._route_settings: dict[str, Any] = {}
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=Stack.of(self).stack_name,
            create_default_stage=False,
            cors_preflight=_configure_cors(api.allowed_origins) if api.allowed_origins else None,
        )
        logs = AccessLogs(LogGroup(self, "AccessLogs", operations=operations), REQUEST_LOG)
        self._stage_names = {number: self._create_secret(number) for number in (origin_secret, origin_secret + 1)}
        self._stages = [
            apigateway.HttpStage(
                self,
                f"Stage{number}",
                http_api=self.api,
                stage_name=name,
                auto_deploy=True,
                throttle=apigateway.ThrottleSettings(rate_limit=api.others.per_s, burst_limit=api.others.burst),
                access_log_settings=logs,
                detailed_metrics_enabled=True,
            )
            for number, name in self._stage_names.items()
        ]

    def find_stage_name(self, number: int) -> str:
        """The secret name of the stage with this number. CloudFormation fills it in."""
        return self._stage_names[number]

    def _create_secret(self, number: int) -> str:
        secret = secretsmanager.Secret(
            self,
            f"StageName{number}",
            description="The name of a stage of the API, which only the distribution knows",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=SECRET_CHARACTERS
            ),
        )
        acknowledge(
            secret,
            "It is in the settings of the API and of the distribution, so a deployment with a higher origin_secret "
            "replaces it.",
            "AwsSolutions-SMG4",
            "NIST.800.53.R5-SecretsManagerRotationEnabled",
        )
        acknowledge(
            secret,
            "Secrets Manager encrypts it with a key of its own, and only deployments read it.",
            "NIST.800.53.R5-SecretsManagerUsingKMSKey",
            "CKV_AWS_149",
        )
        return secret.secret_value.unsafe_unwrap()

    def add_route(
        self, route: Route, function: lambda_.IFunction, *, authorizer: apigateway.IHttpRouteAuthorizer
    ) -> None:
        """Connect a route to its Lambda, and set the route's throttle.

        API Gateway lets everybody use public routes, and checks the scope of administrative ones. The functions check
        makers' scopes, because API Gateway would reject an ID token with 403 (no such scope). The right status is 401:
        it is the wrong kind of token.
        """
        made = self.api.add_routes(
            path=route.path,
            methods=[apigateway.HttpMethod[route.method]],
            authorizer=apigateway.HttpNoneAuthorizer() if route.scope == PUBLIC else authorizer,
            authorization_scopes=list(self._settings.scopes[ADMIN]) if route.scope == ADMIN else None,
            integration=integrations.HttpLambdaIntegration(route.function, function),
        )
        if route.scope == PUBLIC:
            for each in made:
                acknowledge(each, "Everybody may read the plans, and what makers have published.", "AwsSolutions-APIG4")
        throttle = self._settings.find_throttle(route)
        self._route_settings[route.key] = {
            "ThrottlingRateLimit": throttle.per_s,
            "ThrottlingBurstLimit": throttle.burst,
            "DetailedMetricsEnabled": True,
        }
        for stage in self._stages:
            # API Gateway rejects settings of a route that does not exist yet.
            stage.node.add_dependency(*made)
            cast(apigateway.CfnStage, stage.node.default_child).route_settings = self._route_settings


def _configure_cors(origins: tuple[str, ...]) -> apigateway.CorsPreflightOptions:
    return apigateway.CorsPreflightOptions(
        allow_origins=list(origins),
        allow_methods=[apigateway.CorsHttpMethod[name] for name in ("GET", "POST", "PUT", "PATCH", "DELETE")],
        allow_headers=["authorization", "content-type", "idempotency-key", "if-none-match"],
        expose_headers=["etag", "location", "retry-after", "www-authenticate"],
        max_age=Duration.hours(1),
    )
