"""Three decisions per minute: EventBridge starts an Express execution each minute, which waits between decisions."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.stage import Operations
from cdk_app.storage.log_group import LogGroup
from cdk_app.workflows.retries import to_timeout
from craftspark.fleet.observations import DECIDE_EVERY_S

MINUTE_S = 60
NAMES = ("first", "second", "third")


class DecisionLoop(Construct):
    """Invokes `decide` every DECIDE_EVERY_S. A decision that fails is not repeated: the next one follows soon."""

    def __init__(
        self, scope: Construct, construct_id: str, *, decide: lambda_.IFunction, operations: Operations
    ) -> None:
        super().__init__(scope, construct_id)
        end = sfn.Succeed.jsonata(self, "End of the minute")
        following: sfn.IChainable = end
        for number in reversed(range(MINUTE_S // DECIDE_EVERY_S)):
            following = self._decide(NAMES[number], decide, following)
            if number:
                wait = sfn.Wait.jsonata(
                    self,
                    f"Wait for the {NAMES[number]} decision",
                    time=sfn.WaitTime.duration(Duration.seconds(DECIDE_EVERY_S)),
                )
                following = wait.next(following)
        log = LogGroup(
            self,
            "ExecutionLog",
            operations=operations,
            name=f"/aws/vendedlogs/states/{Stack.of(self).stack_name}-Decisions",
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_type=sfn.StateMachineType.EXPRESS,
            definition_body=sfn.DefinitionBody.from_chainable(following),
            query_language=sfn.QueryLanguage.JSONATA,
            timeout=Duration.seconds(2 * MINUTE_S),
            tracing_enabled=True,
            logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ERROR, include_execution_data=False),
        )
        acknowledge(
            self.machine,
            "A successful execution says nothing that the log of its function does not say.",
            "AwsSolutions-SF1",
        )
        self.rule = events.Rule(
            self,
            "EveryMinute",
            schedule=events.Schedule.rate(Duration.seconds(MINUTE_S)),
            targets=[targets.SfnStateMachine(self.machine, retry_attempts=0)],
        )

    def _decide(self, name: str, decide: lambda_.IFunction, following: sfn.IChainable) -> tasks.LambdaInvoke:
        state = tasks.LambdaInvoke.jsonata(
            self,
            f"Make the {name} decision",
            lambda_function=decide,
            payload=sfn.TaskInput.from_object({}),
            outputs={},
            retry_on_service_exceptions=False,
            task_timeout=to_timeout(DECIDE_EVERY_S),
        )
        state.add_catch(following, outputs={})
        state.next(following)
        return state
