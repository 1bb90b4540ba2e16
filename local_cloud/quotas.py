"""Quotas of AWS that bound how many jobs an account can run per second in a region, and what a job takes of each.

They are AWS's defaults. A new account starts with fewer concurrent Lambda executions and state transitions, and AWS
raises both as it uses them; its documents do not say how many these are.

A rate has the sustained calls per second. A level has what may run or wait at the same time, and a job takes the
seconds for which it holds one place. So `limit / per_job` is the number of jobs per second that reach a quota of either
kind.
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
DYNAMODB_KEYS = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
EVENTBRIDGE = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
BEDROCK = "https://docs.aws.amazon.com/general/latest/gr/bedrock.html"
GUARDRAIL_PICTURES = "https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-mmfilter.html"
COGNITO = "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"
S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"

IN_FLIGHT = "SQS: messages in flight in a queue"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A quota, the calls that count against it together, and what one job takes of it.

    `limit` holds in us-east-1, and `elsewhere` in the regions with the lowest one. `burst` is the size of the bucket
    that a rate refills; `burst_elsewhere` is None if it is the same. `per_job` is for a job of one batch of four
    images, without failures, whose client polls. The local cloud does not see the calls of a quota without `calls`.
    """

    name: str
    kind: Literal["rate", "level"] = "rate"
    limit: int
    elsewhere: int
    burst: int | None = None
    burst_elsewhere: int | None = None
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
        burst_elsewhere=800,
        calls=("states:StartExecution",),
        per_job=1,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: state transitions",
        limit=5_000,
        elsewhere=800,
        burst=5_000,
        burst_elsewhere=800,
        calls=("states:StateTransition",),
        per_job=7,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskSuccess",
        limit=500,
        elsewhere=300,
        burst=3_000,
        burst_elsewhere=1_500,
        calls=("states:SendTaskSuccess",),
        per_job=1,
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskFailure",
        limit=500,
        elsewhere=300,
        burst=3_000,
        burst_elsewhere=1_500,
        calls=("states:SendTaskFailure",),
        grows_with="interruptions and failures",
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: SendTaskHeartbeat",
        limit=500,
        elsewhere=300,
        burst=3_000,
        burst_elsewhere=1_500,
        calls=("states:SendTaskHeartbeat",),
        per_job=1,  # every 20 s while a worker has the batch
        source=STEP_FUNCTIONS,
    ),
    Quota(
        name="Step Functions: DescribeExecution",
        limit=15,  # AWS's General Reference says 50 in every region; this is the smaller
        elsewhere=10,
        burst=300,
        burst_elsewhere=250,
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
        name="EventBridge: invocations of targets",  # beyond it they come later, and none is lost
        limit=18_750,
        elsewhere=750,
        calls=(),
        per_job=1,  # of `fan_out_webhooks`
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
        name="ECS: protection of tasks",
        limit=80,
        elsewhere=80,
        burst=200,
        calls=(),  # of the agent, for the container
        grows_with="workers that become busy or idle",
        source=ECS,
    ),
    Quota(
        name="API Gateway: requests",
        limit=10_000,
        elsewhere=2_500,
        burst=5_000,
        burst_elsewhere=1_250,
        calls=("execute-api:Invoke",),
        per_job=4,  # one submission, and polls at the pace of Retry-After
        source=API_GATEWAY,
    ),
    Quota(
        name="API Gateway: new WebSocket connections",
        limit=500,
        elsewhere=500,
        burst=500,
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
        name=IN_FLIGHT,
        kind="level",
        limit=120_000,
        elsewhere=120_000,
        calls=(),  # SQS itself counts them
        grows_with="batches in workers, and deliveries to webhooks that fail",
        source=SQS,
    ),
    Quota(
        name="DynamoDB: write units of a new table",  # each index takes as many for itself
        limit=4_000,
        elsewhere=4_000,
        calls=("dynamodb:WriteUnits",),
        per_job=33,  # of the jobs table; drawn within a few seconds, and each further second writes its progress
        source=DYNAMODB,
    ),
    Quota(
        name="DynamoDB: write units of a key",
        limit=1_000,
        elsewhere=1_000,
        calls=(),
        per_job=1.75,  # of the index `backlog`: 7 units in one of the four keys of a pool
        source=DYNAMODB_KEYS,
    ),
    Quota(
        name="Bedrock: pictures that guardrails moderate",
        limit=25,  # AWS raises it for nobody
        elsewhere=25,
        calls=(),
        per_job=4,
        source=GUARDRAIL_PICTURES,
    ),
    Quota(
        name="Bedrock: requests to guardrails",
        limit=50,
        elsewhere=25,
        calls=(),
        per_job=5,  # its words, and each image
        source=BEDROCK,
    ),
    Quota(
        name="Bedrock: text units for denied topics",  # of 1,000 characters; the other policies take more of them
        limit=50,
        elsewhere=25,
        calls=(),
        per_job=1,
        source=BEDROCK,
    ),
    Quota(
        name="Cognito: authentication of makers",
        limit=120,
        elsewhere=120,
        calls=(),
        grows_with="makers who sign in, and refreshed tokens",
        source=COGNITO,
    ),
    Quota(
        name="Cognito: tokens for servers",
        limit=150,
        elsewhere=150,
        calls=(),
        grows_with="servers of partners, each hour",
        source=COGNITO,
    ),
    Quota(
        name="Cognito: accounts that are created or confirmed",
        limit=50,
        elsewhere=50,
        calls=(),
        grows_with="new makers",
        source=COGNITO,
    ),
    Quota(
        name="S3: writes below a prefix",
        limit=3_500,
        elsewhere=3_500,
        calls=(),
        per_job=8,  # each image and its thumbnail
        source=S3,
    ),
    Quota(
        name="S3: reads below a prefix",
        limit=5_500,
        elsewhere=5_500,
        calls=(),
        per_job=8,  # of a client that shows the thumbnails and fetches the images
        source=S3,
    ),
)
