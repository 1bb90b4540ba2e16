"""Error names of Step Functions, of the services that it calls, and of the AWS SDK. No other module spells them."""

HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
TIMEOUT = "States.Timeout"

LAUNCH_FAULTS = (
    "AmazonECS.Unknown",  # RunTask returned failures
    "ECS.AmazonECSException",
    "ECS.ClientException",  # also if 500 tasks of the cluster wait for instances
    "ECS.SdkClientException",
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "Ecs.EcsException",
    "Ecs.SdkClientException",
)
LAMBDA_FAULTS = (
    "Lambda.AWSLambdaException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.TooManyRequestsException",
)
QUEUE_FAULTS = ("SQS.AmazonSQSException", "SQS.SdkClientException", "Sqs.SqsException", "Sqs.SdkClientException")
EVENT_FAULTS = (
    "EventBridge.AmazonEventBridgeException",
    "EventBridge.FailedEntry",
    "EventBridge.InternalException",
    "EventBridge.SdkClientException",
    "EventBridge.ThrottlingException",
)
# Classes of the SDK that our functions raise when a service is unreachable or refuses a call.
SDK_FAULTS = ("ClientError", "ConnectTimeoutError", "EndpointConnectionError", "ReadTimeoutError")
