"""Monitoring: alarms, a dashboard and traces."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_xray as xray
from constructs import Construct

from cdk_app.observability.alarms import Alarms
from cdk_app.observability.dashboard import draw_fleet, draw_graph, list_failures_by_reason
from cdk_app.observability.metrics import (
    MINUTE,
    PERIOD,
    count_messages,
    find_dead_letter_queues,
    find_work_queues,
    measure_age,
    measure_reservation,
    measure_site_errors,
)
from cdk_app.observability.own_metrics import EVENTS, FLEET, OwnMetrics
from cdk_app.stages.stage import Stage
from cdk_app.storage.desired_counts import ON_DEMAND, SPOT
from craftspark.accounts.plans import ANY_PLAN, PLANS
from stacks.api import ApiStack
from stacks.gallery import GalleryStack
from stacks.live import LiveStack
from stacks.rendering import RenderingStack
from stacks.search import SearchStack
from stacks.training import TrainingStack
from stacks.webhooks import WebhooksStack

LATE_PERIODS = 3  # of five minutes: an instance, its image and its model take ten minutes
SILENT_MINUTES = 3
MAX_START_DELAY = 3  # in cold starts; a start that takes longer has no capacity, or its worker fails
MAX_LOST_TASKS = 5  # some tasks of a zone that AWS takes back do not finish in time
MAX_UNMODERATED = 5  # a service times out now and then
MAX_SITE_ERRORS = 5  # percent of all requests
MAX_REFUSED = 10  # a maker who tries again a few times


class OperationsStack(Stack):
    """Watches the other stacks; nothing depends on it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        rendering: RenderingStack,
        api: ApiStack,
        training: TrainingStack,
        webhooks: WebhooksStack,
        live: LiveStack,
        gallery: GalleryStack,
        search: SearchStack,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._operations, self._rendering, self._api, self._training = stage.operations, rendering, api, training
        watched = (rendering, api, training, webhooks, live, gallery, search)
        self._own = OwnMetrics(stage.metrics_namespace)
        self._dead = find_dead_letter_queues(watched)
        self._queues = find_work_queues(watched)
        self._alarms = Alarms(self, "Alarms", email=stage.operations.alarm_email)
        self._watch_queues()
        self._watch_jobs()
        self._watch_gpus()
        self._watch_decisions()
        self._create_dashboard()
        self._sample(stage)

    def _watch_queues(self) -> None:
        """Find every queue of the stacks, so that none can be forgotten."""
        for name, letters in self._dead.items():
            self._alarms.add(
                name,
                count_messages(letters),
                max_value=0,
                means="messages that nothing could handle wait for a person",
            )
        of_gpus = {
            queue: (pool.name, lane)
            for pool in self._rendering.fleet.pools.values()
            for lane, queue in pool.work.items()
        }
        for name, queue in self._queues.items():
            # A message's age includes the time for which it is received: that of a batch in progress is no wait.
            waits = self._own.measure_wait(*of_gpus[queue]) if queue in of_gpus else measure_age(queue.queue)
            means = f"{'jobs' if queue in of_gpus else 'messages'} wait too long"
            self._alarms.add(f"{name}Late", waits, max_value=queue.late_after.to_seconds(), means=means)
        self._alarms.add(
            "DeferredOrders",
            self._own.count_events("OrderDeferred"),
            max_value=self._operations.deferred_orders,
            means="Step Functions accepts fewer starts than jobs arrive; orders return to the queue",
        )

    def _watch_jobs(self) -> None:
        add, thresholds = self._alarms.add, self._operations
        machine, trainings = self._rendering.workflow.machine, self._training.workflow.machine
        add(
            "FailedJobs",
            machine.metric_failed(period=PERIOD),
            max_value=thresholds.failed_executions,
            means="jobs fail unusually often",
        )
        add(
            "OverdueJobs",
            machine.metric_timed_out(period=PERIOD),
            max_value=0,
            means="a job's execution reached its deadline",
        )
        add(
            "SweptJobs",
            self._own.count_events("JobOverdue"),
            max_value=0,
            means="the sweeper ended a job, not its execution",
        )
        add("FailedTrainings", trainings.metric_failed(period=PERIOD), max_value=0, means="a training failed")
        for name, each in (("ThrottledJobs", machine), ("ThrottledTrainings", trainings)):
            add(
                name,
                each.metric_throttled(period=PERIOD),
                max_value=0,
                means="executions wait for the quota of state transitions",
            )
        add(
            "UnmoderatedPrompts",
            self._own.count_unmoderated_prompts(),
            max_value=MAX_UNMODERATED,
            means="the service that moderates prompts fails",
        )
        for name, event in (
            ("UnmoderatedUploads", "UploadUnmoderated"),
            ("UnmoderatedPictures", "PictureUnmoderated"),
        ):
            add(
                name,
                self._own.count_events(event),
                max_value=MAX_UNMODERATED,
                means="the guardrail does not moderate pictures",
            )
        errors = self._api.http_api.api.metric_server_error(period=PERIOD, statistic="Sum")
        add(
            "SiteErrors",
            measure_site_errors(self._api.site.distribution.distribution_id),
            max_value=MAX_SITE_ERRORS,
            means="CloudFront returns 5xx: the API does, or CloudFront cannot reach it",
        )
        add("ServerErrors", errors, max_value=thresholds.server_errors, means="the API returns 5xx")

    def _watch_gpus(self) -> None:
        self._alarms.add(
            "LostTasks",
            self._own.count_events("TaskLost"),
            max_value=MAX_LOST_TASKS,
            means="GPU tasks end without an answer: they are killed, fail, or do not start",
        )
        self._alarms.add(
            "RefusedAdmissions",
            self._own.count_events("AdmissionRefused"),
            max_value=MAX_REFUSED,
            means="makers are refused because their pool gets no more tasks: the budget, the cap, the pool's maximum, "
            "or no capacity at AWS",
        )
        for pool in self._rendering.fleet.pools.values():
            of_pool = pool.name.capitalize()
            for name, capacity_type in (("SpotStartsLate", SPOT), ("OnDemandStartsLate", ON_DEMAND)):
                self._alarms.add(
                    f"{of_pool}{name}",
                    self._own.measure_start_delay(pool.name, capacity_type),
                    max_value=MAX_START_DELAY,
                    periods=LATE_PERIODS,
                    means=f"tasks of the pool {pool.name} do not start: the desired count is not reached",
                )
            for name, capacity in (("SpotCapacityMissing", pool.spot), ("OnDemandCapacityMissing", pool.on_demand)):
                self._alarms.add(
                    f"{of_pool}{name}",
                    measure_reservation(capacity, pool.cluster),
                    max_value=100,
                    periods=LATE_PERIODS,
                    means=f"tasks of the pool {pool.name} wait for GPU instances that do not start: no quota, or no "
                    "capacity in the zones",
                )

    def _watch_decisions(self) -> None:
        self._alarms.add_silence(
            "FleetUndecided",
            self._own.count_events("FleetDecided", period=MINUTE),
            periods=SILENT_MINUTES,
            means=f"the fleet's controller has made no decision for {SILENT_MINUTES} minutes; the last counts stand",
        )
        self._alarms.add(
            "FleetDecisionsRefused",
            self._own.count_events("FleetDecisionRefused"),
            max_value=0,
            means="the fleet's controller could not use its observations or its decision; the last counts stand",
        )
        self._alarms.add(
            "FleetControllerFails",
            self._rendering.controller.function.metric_errors(period=PERIOD),
            max_value=0,
            means="the fleet's controller fails; the last counts stand",
        )

    def _create_dashboard(self) -> None:
        api, machine = self._api.http_api.api, self._rendering.workflow.machine
        pools, own = list(self._rendering.fleet.pools), self._own
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            widgets=[
                [
                    draw_graph("Requests", api.metric_count(), api.metric_server_error(), api.metric_client_error()),
                    draw_graph("API latency", api.metric_latency(statistic="p50"), api.metric_latency(statistic="p99")),
                ],
                [
                    draw_graph(
                        "Executions",
                        machine.metric_started(),
                        machine.metric_succeeded(),
                        machine.metric_failed(),
                        machine.metric_timed_out(),
                        machine.metric_throttled(),
                    ),
                    draw_graph(
                        "Job duration", machine.metric_time(statistic="p50"), machine.metric_time(statistic="p99")
                    ),
                ],
                [
                    draw_graph(
                        "Jobs", *(own.count_events(name, name) for name, by in EVENTS.items() if by not in FLEET)
                    ),
                    list_failures_by_reason(self._rendering.settle_job),
                ],
                [
                    draw_graph(
                        "Messages waiting", *(count_messages(each.queue, name) for name, each in self._queues.items())
                    ),
                    draw_graph(
                        "Oldest message, seconds",
                        *(measure_age(each.queue, name) for name, each in self._queues.items()),
                    ),
                ],
                *draw_fleet(own, pools),
                [
                    draw_graph(
                        "Refused because GPU capacity does not suffice",
                        *(own.count_refusals(pool, plan) for pool in pools for plan in (*PLANS, ANY_PLAN)),
                    ),
                    draw_graph(
                        "Dead letters", *(count_messages(letters, name) for name, letters in self._dead.items())
                    ),
                ],
            ],
        )

    def _sample(self, stage: Stage) -> None:
        """Set the share of the executions of jobs that X-Ray records, because each record costs money.

        Lambda ignores such rules: it records a call per second of each function, and 5 % of the others.
        """
        xray.CfnSamplingRule(
            self,
            "Sampling",
            sampling_rule=xray.CfnSamplingRule.SamplingRuleProperty(
                rule_name=f"craftspark-{stage.name}",
                priority=1000,
                reservoir_size=1,
                fixed_rate=stage.operations.traced_percent / 100,
                # CloudFormation names a state machine by its logical ID, which is the same in each stage.
                service_name=self._rendering.workflow.machine.state_machine_name,
                service_type="AWS::StepFunctions::StateMachine",
                host="*",
                http_method="*",
                url_path="*",
                resource_arn="*",
                version=1,
            ),
        )
