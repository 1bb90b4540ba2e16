"""Permissions that no call of the tests and the demo needs, each with the reason why a role has it."""

import re

AGENT = "the ECS agent's on an instance, which the local cloud does not have"
DELIVERY = "Step Functions asks for it when a state machine with a log is created, and uses it as a service"
SHELL = "an operator's shell in a task (ECS Exec), which the local cloud does not have"
CDK_READ = "the CDK's grant of reading a bucket has it"
CDK_PUT = "the CDK's grant of writing a bucket has it"
CDK_QUEUE = "the CDK's grant of a queue has it"
WEB_SOCKET = "the emulator writes no logs of functions that a WebSocket API invokes"
DEAD_LETTERS = "dead letters, which Lambda sends after failures that no test of the local cloud waits for"
NEW_MONTH = "an account is created, and moved to a new month, by whoever reads it first"
RARE = "a way that no test of the local cloud takes; it is tested with moto"
GROUPED = "the table's grant of this way of use has it"

SIGNERS = (
    r"\.(ListFiles|ListJobs|ListUploads|ListOwnPictures|ListRemixes|ListReports|AppealTakedown|TakeDownPicture"
    r"|DismissReports)Role"
)

# By action and by the role, each as a regular expression.
REASONS = (
    (r"ecs:(DeregisterContainerInstance|RegisterContainerInstance|Submit\*|Poll|StartTelemetrySession)", "", AGENT),
    (r"ecs:DiscoverPollEndpoint|ecs:UpdateContainerInstancesState|ecr:.*|logs:(Create|Put).*", "InstanceRole", AGENT),
    (r"ecr:.*|logs:(Create|Put).*", "ExecutionRole", AGENT),
    (r"logs:.*(LogDeliver|ResourcePolic).*|logs:DescribeLogGroups", "Machine", DELIVERY),
    (r"xray:.*", "Machine", "X-Ray's, to which Step Functions sends traces as a service"),
    (r"ssmmessages:.*|logs:.*", "TaskTaskRole", SHELL),
    (r"logs:.*", "RejectedIAM", "flow logs', which the local cloud does not have"),
    (r"s3:(GetBucket|List)\*", "", CDK_READ),
    (r"s3:PutObject(LegalHold|Retention|Tagging|VersionTagging)|s3:Abort\*", "", CDK_PUT),
    (r"sqs:(GetQueueUrl|GetQueueAttributes|ChangeMessageVisibility)", "", CDK_QUEUE),
    (r"secretsmanager:DescribeSecret", "", "the CDK's grant of reading a secret has it"),
    (r"(logs|xray):.*", r"\.(Connect|Disconnect)Role", WEB_SOCKET),
    (r"sqs:SendMessage", r"\.(Push|Deliver|FanOut|Drain|Interruptions|ResendLost|SettleJob|Sweep).*Role", DEAD_LETTERS),
    (r"sqs:SendMessage", r"^\$\{(Gallery|Search)\..*Role", DEAD_LETTERS),
    (r"sqs:SendMessage", r"^\$\{Training\..*Role", DEAD_LETTERS),
    (r"sqs:SendMessage", r"\.StartRenderRole", "an order returns to the queue when Step Functions refuses a start"),
    (r"sqs:.*", r"\.(GpuEnlargeWorker|RenderJobMachine)", "no test of the local cloud enlarges in bulk"),
    (r"states:SendTaskFailure|s3:.*|ecs:.*", r"\.GpuEnlargeWorker", "its worker is that of the pool `draw`"),
    (r"ecs:GetTaskProtection", r"\.GpuDrawWorker", "the ECS agent's endpoint needs it by AWS's document"),
    (r"s3:GetObject\*", r"\.GpuDrawWorker|\.TrainerTask", "a worker whose models and sources are in buckets"),
    (r"s3:GetObject\*", SIGNERS, "a link is opened by a client, as the role that signed it"),
    (r"s3:GetObject", r"\.StudioFilesDeployStudioRole", "a stage without a build of Studio copies none"),
    (r"dynamodb:(Query|UpdateItem|PutItem|GetItem)", r"\.(CreateWebhook|GrantCredits|SuspendAccount)Role", NEW_MONTH),
    (
        r"dynamodb:(Query|UpdateItem|GetItem)",
        r"\.(AdjustCredits|ChangePlan|Inspect\w+|ListAccountJobs|ReadAccount)Role",
        NEW_MONTH,
    ),
    (r"dynamodb:(GetItem|PutItem|UpdateItem)", r"\.((Quote|Submit)Job|PublishImage|ChangeProfile)Role", RARE),
    (r"dynamodb:(UpdateItem|PutItem)", r"\.(CancelJob|SweepOverdueJobs|ResendLostJobs)Role", RARE),
    (r"dynamodb:.*|s3:DeleteObject\*", r"\.(CheckUpload|RotateWebhookSecret|Push)Role", RARE),
    (r"sqs:SendMessage|ecs:DescribeTasks|ssm:PutParameter", r"\.(ResendLost|InterruptionsSettle|Controller)", RARE),
    (r"s3:(ListBucket|DeleteObject\*)", r"\.(ZipFiles|PublishImage|RestorePicture|ApplyStanding)Role", RARE),
    (r"dynamodb:(Query|GetItem)", r"\.(DeleteWebhook|FanOut|ListWebhooks)Role", GROUPED),
    (r"dynamodb:.*", r"^\$\{Training\..*Role", GROUPED),
    (r"ecs:(DescribeTasks|StopTask)", "Machine", "EcsRunTask of the CDK has it, and the machine's role denies it"),
)


def find_reason(role: str, action: str) -> str | None:
    """Why a role has a permission that no call needs. None if nobody has said so."""
    for actions, part, reason in REASONS:
        if re.fullmatch(actions, action) and re.search(part, role):
            return reason
    return None
