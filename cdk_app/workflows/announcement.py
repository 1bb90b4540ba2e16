"""Send the result of a job or a training to the event bus. The result does not depend on the event."""

from aws_cdk import aws_events as events
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from cdk_app.workflows.expressions import UNCHANGED
from cdk_app.workflows.retries import retry_faults, to_timeout
from craftspark.contracts import Event
from craftspark.errors.aws_names import EVENT_FAULTS


def match_event(event: type[Event]) -> events.EventPattern:
    """The pattern of a rule that matches this event."""
    return events.EventPattern(source=[event.source], detail_type=[event.detail_type()])


def announce_result(scope: Construct, event: type[Event], *, then: sfn.IChainable) -> tasks.EventBridgePutEvents:
    """A state that sends its input as this event. It passes the input to `then` even if the event cannot be sent."""
    announce = tasks.EventBridgePutEvents.jsonata(
        scope,
        "Announce the result",
        entries=[
            tasks.EventBridgePutEventsEntry(
                source=event.source, detail_type=event.detail_type(), detail=sfn.TaskInput.from_text(UNCHANGED)
            )
        ],
        outputs=UNCHANGED,
        task_timeout=to_timeout(30),
    )
    retry_faults(announce, EVENT_FAULTS, attempts=3)
    announce.add_catch(then, outputs=UNCHANGED)
    announce.next(then)
    return announce
