"""Our own metrics of one stage: events that log lines count, and the fleet as its controller measures it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_app.observability.metrics import MINUTE, PERIOD
from cdk_app.storage.desired_counts import ON_DEMAND, SPOT

CONTROLLER = {"service": "control_fleet"}
LANES = ("interactive", "bulk")
# Each event, and who counts it: a function, by the name of its folder, or the GPU worker.
EVENTS = {
    "ModerationUnavailable": "submit_job",
    "UploadUnmoderated": "check_upload",
    "PictureUnmoderated": "gpu_worker",
    "JobAccepted": "submit_job",
    "AdmissionRefused": "submit_job",
    "JobSucceeded": "settle_job",
    "JobPartlySucceeded": "settle_job",
    "JobFailed": "settle_job",
    "JobCancelled": "cancel_job",
    "JobOverdue": "sweep_overdue_jobs",
    "JobSentAgain": "resend_lost_jobs",
    "OrderDeferred": "start_render",
    "InstanceInterrupted": "drain_instance",
    "RebalanceRecommended": "drain_instance",
    "SpotLaunchFailed": "drain_instance",
    "TaskLost": "settle_task",
    "LaunchRefused": "grant_launch",
    "FleetDecided": "control_fleet",
    "FleetDecisionRefused": "control_fleet",
    "WebhookGivenUp": "deliver_webhook",
}
# The functions whose events are about the fleet and not about jobs.
FLEET = ("control_fleet", "drain_instance", "grant_launch", "settle_task")


@dataclass(frozen=True)
class OwnMetrics:
    """The metrics in a stage's namespace. Stages of one account do not see each other's."""

    namespace: str

    def count_events(
        self, name: str, label: str | None = None, *, by: str | None = None, period: Duration = PERIOD
    ) -> cloudwatch.Metric:
        """How often an event happened, as log lines in the embedded metric format count it.

        `by` is another function that counts it too.
        """
        return self._measure(name, label, {"service": by or EVENTS[name]}, period=period, statistic="Sum")

    def count_unmoderated_prompts(self) -> cloudwatch.MathExpression:
        """How often the service that moderates words failed, of submissions, quotes, publications and names."""
        name = "ModerationUnavailable"
        return cloudwatch.MathExpression(
            expression="FILL(submitted, 0) + FILL(quoted, 0) + FILL(published, 0) + FILL(named, 0)",
            using_metrics={
                "submitted": self.count_events(name),
                "quoted": self.count_events(name, by="quote_job"),
                "published": self.count_events(name, by="publish_image"),
                "named": self.count_events(name, by="change_profile"),
            },
            period=PERIOD,
            label=name,
        )

    def count_refusals(self, pool: str, plan: str) -> cloudwatch.Metric:
        """How many jobs of a plan were refused because GPU capacity does not suffice."""
        dimensions = {"service": EVENTS["AdmissionRefused"], "pool": pool, "plan": plan}
        return self._measure("AdmissionRefused", f"{pool}, {plan}", dimensions, period=PERIOD, statistic="Sum")

    def draw_supply(self, pool: str) -> Iterator[cloudwatch.Metric]:
        """The desired and the running tasks of a pool, by capacity type."""
        for capacity in (SPOT, ON_DEMAND):
            for name, label in (("FleetTasksDesired", "desired"), ("FleetTasksRunning", "running")):
                yield self.measure_fleet(name, f"{pool}, {capacity}, {label}", pool=pool, capacity=capacity)

    def draw_demand(self, pool: str) -> Iterator[cloudwatch.Metric]:
        """The work that waits in a pool, what of it is late, and what arrived since the last decision, by lane."""
        for lane in LANES:
            for name, label in (("FleetBacklog", "waits"), ("FleetLateWork", "late"), ("FleetArrivedWork", "arrived")):
                yield self.measure_fleet(name, f"{pool}, {lane}, {label}", pool=pool, lane=lane)

    def draw_waits(self, pool: str) -> Iterator[cloudwatch.Metric]:
        """How long the oldest job of a pool has waited, by lane."""
        for lane in LANES:
            yield self.measure_wait(pool, lane, f"{pool}, {lane}")

    def measure_wait(self, pool: str, lane: str, label: str | None = None) -> cloudwatch.Metric:
        """For how long the oldest job of a lane has waited that no worker has started, in seconds."""
        return self.measure_fleet("FleetOldestWait", label, pool=pool, lane=lane)

    def measure_fleet(self, name: str, label: str | None, **dimensions: str) -> cloudwatch.Metric:
        """A metric of the fleet's controller, of all pools together if there are no `dimensions`."""
        return self._measure(name, label, {**dimensions, **CONTROLLER}, period=MINUTE, statistic="Maximum")

    def measure_start_delay(self, pool: str, capacity: str) -> cloudwatch.Metric:
        """For how many cold starts the oldest task has been starting. The minimum ignores one that has just ended."""
        dimensions = {"pool": pool, "capacity": capacity, **CONTROLLER}
        return self._measure("FleetStartDelay", "start delay", dimensions, period=PERIOD, statistic="Minimum")

    def _measure(
        self, name: str, label: str | None, dimensions: Mapping[str, str], *, period: Duration, statistic: str
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=dict(dimensions),
            period=period,
            statistic=statistic,
            label=label,
        )
