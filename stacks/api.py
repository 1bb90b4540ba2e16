"""The API of makers' front ends: gateway, sign-in, and a Lambda for each route."""

from typing import Any

from aws_cdk import Aws, CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk_app.api.http_api import HttpApi
from cdk_app.api.sign_in import SignIn, sign_in_origins
from cdk_app.guardrail import Guardrail
from cdk_app.packaging.python_function import MEMORY_MIB, Access, PythonFunction
from cdk_app.site.distribution import Distribution
from cdk_app.site.studio_files import StudioFiles
from cdk_app.stages.stage import Stage
from cdk_app.storage.work_queue import WorkQueue
from craftspark.routes import PUBLIC, ROUTES
from craftspark.settings.accounts import TokenSettings
from stacks.api_access import (
    define_account_access,
    define_job_access,
    define_notification_access,
    define_suspension_access,
    define_upload_access,
)
from stacks.data import DataStack
from stacks.gallery_access import define_gallery_access
from stacks.live import LiveStack
from stacks.search import SearchStack
from stacks.webhooks import WebhooksStack

TIMEOUT = Duration.seconds(10)
# A picture is decoded and encoded by a process of up to 320 MiB in addition to the function, in up to 6 s of one vCPU.
# CPU scales with memory.
# A zip of 400 MB is read, and written, at about 60 MB/s with a whole vCPU.
LARGER = {  # memory in MiB, and timeout
    "check_upload": (2048, Duration.seconds(25)),
    "zip_files": (1769, Duration.seconds(28)),
}


class ApiStack(Stack):
    """Each function may do what its route needs, and no more."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        data: DataStack,
        intake: WorkQueue,
        live: LiveStack,
        webhooks: WebhooksStack,
        search: SearchStack,
        guardrail: Guardrail | None,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage, self._suspension = stage, define_suspension_access(stage, data)
        self.http_api = HttpApi(
            self, "HttpApi", api=stage.api, origin_secret=stage.site.origin_secret, operations=stage.operations
        )
        self.site = self._create_site(data, live)
        sign_in = SignIn(self, "SignIn", stage=stage, site_url=self.site.url)
        access = {
            **define_job_access(stage, data, intake, guardrail),
            **define_upload_access(stage, data, guardrail),
            **define_gallery_access(stage, data, search.indexes, guardrail, site_url=self.site.url),
            **define_notification_access(data, live, webhooks),
            **define_account_access(stage, data, sign_in),
        }
        functions = {name: self._create_function(name, needed) for name, needed in access.items()}
        for route in ROUTES:
            self.http_api.add_route(route, functions[route.function], authorizer=sign_in.authorizer)
        StudioFiles(
            self,
            "StudioFiles",
            stage=stage,
            bucket=self.site.studio,
            configuration={"oidc": sign_in.oidc, "api": "/v1"},
        )
        # One address: Studio's pages, and the API below /v1.
        CfnOutput(self, "ApiUrl", value=self.site.url)
        CfnOutput(self, "StudioUrl", value=self.site.url)

    def _create_site(self, data: DataStack, live: LiveStack) -> Distribution:
        """The site may call the sign-in, live updates and the buckets that links and forms lead to."""
        buckets = [f"https://{bucket.bucket_regional_domain_name}" for bucket in (data.images, data.uploads)]
        live_origin = f"wss://{live.websocket.api.api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        return Distribution(
            self,
            "Site",
            site=self._stage.site,
            operations=self._stage.operations,
            http_api=self.http_api,
            pictures=data.gallery,
            connect=[*sign_in_origins(self._stage), live_origin, *buckets],
            images=buckets,
        )

    def _create_function(self, name: str, access: Access) -> lambda_.Function:
        """The function of one or several routes, all with the same kind of scope."""
        routes = [route for route in ROUTES if route.function == name]
        [scope] = {route.scope for route in routes}
        token = TokenSettings(token_scopes=" ".join(self._stage.api.scopes[scope])) if scope != PUBLIC else None
        checked = Access(settings=(token,) if token else ())
        shared = checked + self._suspension if any(route.costs for route in routes) else checked
        memory_mib, timeout = LARGER.get(name, (MEMORY_MIB, TIMEOUT))
        return PythonFunction(
            self,
            name.title().replace("_", ""),
            name=name,
            stage=self._stage,
            timeout=timeout,
            memory_mib=memory_mib,
            access=shared + access,
        ).function
