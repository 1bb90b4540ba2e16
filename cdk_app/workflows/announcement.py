"""Tell the event bus how something ended, without making its end depend on being heard."""

from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.workflows.gpu_launch import seconds
from cdk_app.workflows.retries import retry_faults
from craftspark.errors.aws_names import EVENT_FAULTS

UNCHANGED = "{% $states.input %}"


def announce_result(
    scope: Construct, *, source: str, detail_type: str, then: sfn.IChainable
) -> tasks.EventBridgePutEvents:
    """A state that sends its input as an event and hands it on to `then`, sent or not: all is settled already."""
    announce = tasks.EventBridgePutEvents.jsonata(
        scope,
        "Announce the result",
        entries=[
            tasks.EventBridgePutEventsEntry(
                source=source, detail_type=detail_type, detail=sfn.TaskInput.from_text(UNCHANGED)
            )
        ],
        outputs=UNCHANGED,
        task_timeout=seconds(30),
    )
    retry_faults(announce, EVENT_FAULTS, attempts=3)
    announce.add_catch(then, outputs=UNCHANGED)
    announce.next(then)
    return announce
