"""Alarms, and the topic that they notify."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from cdk_app.acknowledgements import acknowledge


class Alarms(Construct):
    """Alarms that notify one topic when they start and when they end."""

    def __init__(self, scope: Construct, construct_id: str, *, email: str | None) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        acknowledge(
            self.topic,
            "CloudWatch cannot send to a topic with SNS's own KMS key. Messages have names of alarms, and no data.",
            "NIST.800.53.R5-SNSEncryptedKMS",
            "CKV_AWS_26",
        )
        self.topic.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
        if email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))

    def add(
        self, construct_id: str, metric: cloudwatch.IMetric, *, max_value: float, means: str, periods: int = 1
    ) -> None:
        """Add an alarm that starts when the metric exceeds `max_value` for `periods` in a row. Missing data is good."""
        self._notify(
            cloudwatch.Alarm(
                self,
                construct_id,
                metric=metric,
                threshold=max_value,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                evaluation_periods=periods,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                alarm_description=means,
            )
        )

    def add_silence(self, construct_id: str, metric: cloudwatch.Metric, *, periods: int, means: str) -> None:
        """Add an alarm that starts when nothing is counted for `periods` in a row.

        A period without a data point counts as 0. CloudWatch reads more periods than it evaluates, and would look at
        older data points instead of the missing ones: the alarm would start several periods later.
        """
        counted = cloudwatch.MathExpression(
            expression="FILL(counted, 0)",
            using_metrics={"counted": metric},
            period=metric.period,
            label=metric.metric_name,
        )
        self._notify(
            cloudwatch.Alarm(
                self,
                construct_id,
                metric=counted,
                threshold=1,
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                evaluation_periods=periods,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
                alarm_description=means,
            )
        )

    def _notify(self, alarm: cloudwatch.Alarm) -> None:
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
