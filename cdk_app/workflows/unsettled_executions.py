"""Executions that ended before they settled their job or training."""

from collections.abc import Mapping

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

EXECUTION = events.EventField.from_path("$.detail.name")
STATUS = events.EventField.from_path("$.detail.status")


class UnsettledExecutions(Construct):
    """Calls `settler` for each execution that failed, timed out or was stopped.

    `end` is the settler's input, in which EXECUTION is the execution's name and STATUS its status.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        machine: sfn.IStateMachine,
        settler: lambda_.IFunction,
        end: Mapping[str, object],
        dead_letters: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "Rule",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[
                targets.LambdaFunction(
                    settler,
                    dead_letter_queue=dead_letters,
                    event=events.RuleTargetInput.from_object({**end}),
                )
            ],
        )
