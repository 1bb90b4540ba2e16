"""Access logs: one line for each request and each connection, with caller, route and result."""

import json
from collections.abc import Mapping

import jsii
from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as rest
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge

REQUEST_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "address": "$context.identity.sourceIp",
    "maker": "$context.authorizer.claims.sub",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "latency_ms": "$context.responseLatency",
    "lambda_ms": "$context.integrationLatency",
    "lambda_error": "$context.integrationErrorMessage",
    "authorizer_error": "$context.authorizer.error",
}

# Without a connection's query, because it contains a ticket.
CONNECTION_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTime",
    "address": "$context.identity.sourceIp",
    "connection": "$context.connectionId",
    "event": "$context.eventType",
    "route": "$context.routeKey",
    "status": "$context.status",
    "lambda_error": "$context.integrationErrorMessage",
}


@jsii.implements(apigateway.IAccessLogSettings)
class AccessLogs:
    """Access log settings: one JSON object per request."""

    def __init__(self, log_group: logs.ILogGroup, fields: Mapping[str, str]) -> None:
        self._log_group, self._fields = log_group, fields

    @property
    def destination(self) -> apigateway.IAccessLogDestination:
        return apigateway.LogGroupLogDestination(self._log_group)

    @property
    def format(self) -> rest.AccessLogFormat:
        return rest.AccessLogFormat.custom(json.dumps(dict(self._fields)))


class AccessLogRole(Construct):
    """The role with which API Gateway writes the logs of WebSocket APIs. An account has one such role in each region.

    Each stage sets its own role, and any of them works. A deleted stack leaves its role, because another stage may
    use it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        acknowledge(
            role, "API Gateway asks for exactly this policy, to write the logs of all its APIs.", "AwsSolutions-IAM4"
        )
        account = rest.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        for resource in (role, account):
            resource.apply_removal_policy(RemovalPolicy.RETAIN)
