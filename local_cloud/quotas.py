"""Quotas of AWS that bound how many jobs an account can run per second in a region, and what a job takes of each.

They are the defaults for a new account. A rate has the sustained calls per second. A level has what may run or wait at
the same time, and a job takes the seconds for which it holds one place. So `limit / per_job` is the number of jobs per
second that reach a quota of either kind.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

# Where a local cloud reports what it used of them.
USE_PATH = "/_local_cloud/quotas"

READ_ON = date(2026, 11, 27)

STEP_FUNCTIONS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
ECS = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html"
API_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"
WEBSOCKETS = "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"
DYNAMODB = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
EVENTBRIDGE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota, the calls that count against it together, and what one job takes of it.

    `limit` holds in us-east-1, and `elsewhere` in the regions with the lowest one. `burst` is the size of the bucket
    that a rate refills. `per_job` is for a job of one batch of four images, without failures, whose client polls.
    """

    name: str
    kind: Literal["rate", "level"] = "rate"
    limit: int
    elsewhere: int
    burst: int | None = None
    calls: tuple[str, ...]
    per_job: float = 0
    grows_with: str = "jobs"
    source: str

    @property
    def jobs_per_s(self) -> float | None:
        """How many jobs per second reach the limit, or None if jobs take nothing of it."""
        return self.limit / self.per_job if self.per_job else None

    @property
    def jobs_per_s_elsewhere(self) -> float | None:
        return self.elsewhere / self.per_job if self.per_job else None


QUOTAS = (
    Quota(
        name="Step Functions: StartExecution",
        limit=300,
        elsewhere=150,
        burst=1_300,
        calls=("states:StartExecution",),
        per_job=1,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: state transitions",
        limit=1_500,
        elsewhere=500,
        burst=5_000,
        calls=("states:StateTransition",),
        per_job=7,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskSuccess",
        limit=500,
        elsewhere=300,
        burst=3_000,
        calls=("states:SendTaskSuccess",),
        per_job=1,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskFailure",
        limit=500,
        elsewhere=300,
        burst=3_000,
        calls=("states:SendTaskFailure",),
        grows_with="interruptions and failures",
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskHeartbeat",
        limit=500,
        elsewhere=300,
        burst=3_000,
        calls=("states:SendTaskHeartbeat",),
        per_job=1,  # every 20 s while a worker has the batch
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: DescribeExecution",
        limit=15,
        elsewhere=10,
        burst=300,
        calls=("states:DescribeExecution",),
        grows_with="operators who look at executions",
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="EventBridge: PutEvents",
        limit=10_000,
        elsewhere=400,
        calls=("events:PutEvents",),
        per_job=1,
        source=EVENTBRIDGE,
    ),
    Quota(
        name="ECS: changes of tasks and instances",
        limit=40,
        elsewhere=40,
        burst=100,
        calls=(
            "ecs:RunTask",
            "ecs:StartTask",
            "ecs:StopTask",
            "ecs:UpdateContainerInstancesState",
            "ecs:ExecuteCommand",
        ),
        grows_with="launched tasks and spot notices",
        source=ECS,
    ),
    Quota(
        name="ECS: reads of tasks and instances",
        limit=20,
        elsewhere=20,
        burst=100,
        calls=("ecs:DescribeTasks", "ecs:ListTasks", "ecs:DescribeContainerInstances", "ecs:ListContainerInstances"),
        grows_with="decisions of the controller and stopped tasks",
        source=ECS,
    ),
    Quota(
        name="API Gateway: requests",
        limit=10_000,
        elsewhere=2_500,
        burst=5_000,
        calls=("execute-api:Invoke",),
        per_job=4,  # one submission, and polls at the pace of Retry-After
        source=API_GATEWAY,
    ),
    Quota(
        name="API Gateway: new WebSocket connections",
        limit=500,
        elsewhere=500,
        calls=("execute-api:Connect",),
        grows_with="clients that connect",
        source=WEBSOCKETS,
    ),
    Quota(
        name="Lambda: concurrent executions",
        kind="level",
        limit=1_000,
        elsewhere=1_000,
        calls=("lambda:Invoke",),
        per_job=1.2,
        source=LAMBDA,
    ),
    Quota(
        name="SQS: messages in flight in a queue",
        kind="level",
        limit=120_000,
        elsewhere=120_000,
        calls=(),  # SQS itself counts them
        grows_with="batches in workers, and deliveries to webhooks that fail",
        source=SQS,
    ),
    Quota(
        name="DynamoDB: write units of a new table and its indexes",
        limit=4_000,
        elsewhere=4_000,
        calls=("dynamodb:WriteUnits",),
        per_job=45,  # drawn within a few seconds; each further second writes its progress
        source=DYNAMODB,
    ),
)
