"""Log groups."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.stage import Operations

RETENTIONS = {
    1: logs.RetentionDays.ONE_DAY,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}


class LogGroup(logs.LogGroup):
    """A log group with the stage's retention. It is deleted with its stack."""

    def __init__(self, scope: Construct, construct_id: str, *, operations: Operations, name: str | None = None) -> None:
        super().__init__(
            scope,
            construct_id,
            log_group_name=name,
            retention=RETENTIONS[operations.log_retention_days],
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(
            self,
            "CloudWatch encrypts every log with keys of its own. Logs name makers by their IDs and contain no prompts, "
            "and a key for each stage costs money and can lock the logs out.",
            "NIST.800.53.R5-CloudWatchLogGroupEncrypted",
            "CKV_AWS_158",
        )
