"""Live updates: a WebSocket API that sends makers the progress of their jobs."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.api.access_log import CONNECTION_LOG, AccessLogRole, AccessLogs
from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.stages.stage import Stage
from cdk_app.storage.log_group import LogGroup
from cdk_app.storage.tables import ConnectionsTable
from cdk_app.storage.work_queue import DeadLetterQueue
from craftspark.settings.notifications import ConnectionSettings, PushSettings
from stacks.data import DataStack

TIMEOUT = Duration.seconds(10)
# Allows a few seconds for connections that do not respond.
PUSH_TIMEOUT = Duration.seconds(30)
# An older update is useless, because the client has polled in the meantime.
FRESH = Duration.seconds(60)


class LiveStack(Stack):
    """From the jobs table's stream to the connections of the jobs' makers."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, data: DataStack, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        self._stage = stage
        self.unsent = DeadLetterQueue(self, "UnsentUpdates")
        acknowledge(self.unsent, "It holds the dead letters of a stream, not of a queue.", "AwsSolutions-SQS3")
        # It only holds open connections, so it is never kept.
        self.connections = ConnectionsTable(self, "Connections", keep=False)
        settings = ConnectionSettings(connections_table=self.connections.table.table_name)
        opens = Access(settings=(settings,), grants=(self.connections.grant_open,))
        connect = self._create_function("Connect", "connect_live", opens)
        closes = Access(settings=(settings,), grants=(self.connections.grant_close,))
        disconnect = self._create_function("Disconnect", "disconnect_live", closes)
        api = apigateway.WebSocketApi(
            self,
            "Api",
            api_name=self.stack_name,
            connect_route_options=apigateway.WebSocketRouteOptions(
                integration=integrations.WebSocketLambdaIntegration("Connect", connect)
            ),
            disconnect_route_options=apigateway.WebSocketRouteOptions(
                integration=integrations.WebSocketLambdaIntegration("Disconnect", disconnect)
            ),
        )
        for route in ("$connect", "$disconnect"):
            acknowledge(
                api.node.find_child(f"{route}-Route"),
                "A browser cannot send a token when it opens a WebSocket. The function checks the connection's ticket, "
                "which a signed-in maker has requested.",
                "AwsSolutions-APIG4",
            )
        self.websocket = apigateway.WebSocketStage(
            self,
            "Stage",
            web_socket_api=api,
            stage_name="live",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=stage.api.others.per_s, burst_limit=stage.api.others.burst),
            access_log_settings=AccessLogs(LogGroup(self, "AccessLogs", operations=stage.operations), CONNECTION_LOG),
        )
        self.websocket.node.add_dependency(AccessLogRole(self, "AccessLogRole"))
        self._push_updates(data)
        CfnOutput(self, "LiveUrl", value=self.websocket.url)

    def _push_updates(self, data: DataStack) -> None:
        settings = PushSettings(
            connections_table=self.connections.table.table_name,
            images_bucket=data.images.bucket_name,
            url_lifetime_s=self._stage.makers.url_lifetime_s,
        )
        push = self._create_function(
            "Push",
            "push_updates",
            Access(
                settings=(settings,),
                grants=(
                    self.connections.grant_find,
                    self.websocket.grant_management_api_access,
                    data.images.grant_read,
                ),
            ),
            timeout=PUSH_TIMEOUT,
            # boto3's own variable for the address of this one service.
            AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI=self.websocket.callback_url,
        )
        push.add_event_source(
            sources.DynamoEventSource(
                data.jobs.table,
                starting_position=lambda_.StartingPosition.LATEST,
                batch_size=25,
                max_batching_window=Duration.seconds(0),
                max_record_age=FRESH,
                # Halving the batch isolates a record that breaks the function. After two retries it goes to the queue.
                bisect_batch_on_error=True,
                retry_attempts=2,
                on_failure=sources.SqsDlq(self.unsent),
                parallelization_factor=10,
                # Items without a maker are records of the fleet, which nobody is sent.
                filters=[
                    lambda_.FilterCriteria.filter(
                        {"dynamodb": {"NewImage": {"maker": {"S": lambda_.FilterRule.exists()}}}}
                    )
                ],
            )
        )

    def _create_function(
        self, construct_id: str, name: str, access: Access, timeout: Duration = TIMEOUT, **environment: str
    ) -> lambda_.Function:
        return PythonFunction(
            self,
            construct_id,
            name=name,
            stage=self._stage,
            timeout=timeout,
            access=access,
            environment=environment,
        ).function
