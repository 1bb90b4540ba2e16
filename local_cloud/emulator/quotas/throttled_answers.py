"""How each service refuses a call because too many are made, as the common errors of its API reference say."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Throttled(NamedTuple):
    """The error of a service that throttles."""

    code: str
    status: int
    message: str = "Rate exceeded"


OTHERS = Throttled("ThrottlingException", 400)
THROTTLED: Mapping[str, Throttled] = MappingProxyType(
    {
        "apigateway": Throttled("TooManyRequestsException", 429, "Too Many Requests"),
        "autoscaling": Throttled("Throttling", 400),
        "bedrock-runtime": Throttled("ThrottlingException", 429, "Too many requests, please wait before trying again."),
        "cloudformation": Throttled("Throttling", 400),
        "cognito-idp": Throttled("TooManyRequestsException", 400),
        "ec2": Throttled("RequestLimitExceeded", 503, "Request limit exceeded."),
        "execute-api": Throttled("LimitExceededException", 429, "Too Many Requests"),
        "iam": Throttled("Throttling", 400),
        "lambda": Throttled("TooManyRequestsException", 429, "Rate Exceeded."),
        "monitoring": Throttled("Throttling", 400),
        "s3": Throttled("SlowDown", 503, "Please reduce your request rate."),
        "s3vectors": Throttled("TooManyRequestsException", 429),
        "sns": Throttled("Throttled", 429),
        "sqs": Throttled("RequestThrottled", 400, "The request was denied due to request throttling."),
        "sts": Throttled("Throttling", 400),
    }
)
# How Step Functions names the error of a task whose service throttles it. The entries of PutEvents fail one by one,
# which the task reports as one error.
TASK_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "ecs": "ECS.ThrottlingException",
        "events": "EventBridge.FailedEntry",
        "lambda": "Lambda.TooManyRequestsException",
        "sqs": "SQS.AmazonSQSException",
        "states": "StepFunctions.ThrottlingException",
    }
)


def throttled_by(service: str) -> Throttled:
    return THROTTLED.get(service, OTHERS)
