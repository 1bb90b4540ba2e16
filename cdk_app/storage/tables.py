"""Tables, with a grant for each kind of access."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.stages.data import WarmUnits
from craftspark.aws.items import OUTLINE_ATTRIBUTES
from craftspark.jobs.backlog import WORK_ATTRIBUTES

# No scan and no delete: DynamoDB deletes a job's items when they expire, and an account's entries stay.
READ = ("dynamodb:GetItem", "dynamodb:Query")
WRITE = ("dynamodb:PutItem", "dynamodb:UpdateItem")


class OnDemandTable(Construct):
    """A table that is billed by request, with expiry and recovery to any second of 35 days. `keep` forbids deletion.

    The partition key has the name `partition`, the sort key the name `item`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition: str,
        keep: bool,
        stream: dynamodb.StreamViewType | None = None,
        warm: WarmUnits | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._warm = (
            dynamodb.WarmThroughput(read_units_per_second=warm.reads_per_s, write_units_per_second=warm.writes_per_s)
            if warm
            else None
        )
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=_define_attribute(partition),
            sort_key=_define_attribute("item"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            stream=stream,
            warm_throughput=self._warm,
            deletion_protection=keep,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.table,
            "Point-in-time recovery restores the table to any second of 35 days. A backup plan would add daily copies.",
            "NIST.800.53.R5-DynamoDBInBackupPlan",
        )
        acknowledge(
            self.table,
            "DynamoDB encrypts every table with keys of its own. A key of the account's costs money, and whoever "
            "disables it stops the service.",
            "CKV_AWS_119",
        )

    def add_index(
        self,
        name: str,
        *,
        partition: str,
        sort: str,
        sort_type: dynamodb.AttributeType = dynamodb.AttributeType.STRING,
        attributes: Sequence[str] | None = None,
        warm: bool = True,
    ) -> None:
        """Add an index with these attributes and the keys, or with all if None. If `warm`, it is as warm as the table.

        An index for items that are seldom written need not be warm.
        """
        projection = dynamodb.ProjectionType
        self.table.add_global_secondary_index(
            index_name=name,
            partition_key=_define_attribute(partition),
            sort_key=_define_attribute(sort, sort_type),
            projection_type=projection.ALL
            if attributes is None
            else projection.INCLUDE
            if attributes
            else projection.KEYS_ONLY,
            non_key_attributes=list(attributes) if attributes else None,
            warm_throughput=self._warm if warm else None,
        )

    def grant_read(self, reader: iam.IGrantable) -> None:
        """Get items and query."""
        self.table.grant(reader, *READ)

    def grant_enter(self, writer: iam.IGrantable) -> None:
        """Get and write items by their keys, one by one or in transactions."""
        self.table.grant(writer, "dynamodb:GetItem", *WRITE)

    def grant_read_write(self, writer: iam.IGrantable) -> None:
        """Get, query and write items."""
        self.table.grant(writer, *READ, *WRITE)


class JobsTable(OnDemandTable):
    """Jobs and their images. A stream has every change.

    The index `by_maker` lists a maker's jobs, `unfinished` the jobs in progress by deadline, and `backlog` the jobs in
    progress with their work by ID, which is a random order.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool, warm: WarmUnits | None = None) -> None:
        super().__init__(
            scope,
            construct_id,
            partition="job_id",
            keep=keep,
            warm=warm,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        self.add_index("by_maker", partition="maker", sort="created", attributes=OUTLINE_ATTRIBUTES)
        self.add_index(
            "unfinished",
            partition="unfinished",
            sort="deadline",
            sort_type=dynamodb.AttributeType.NUMBER,
            attributes=(),
        )
        self.add_index("backlog", partition="backlog", sort="job_id", attributes=WORK_ATTRIBUTES)

    def grant_read(self, reader: iam.IGrantable) -> None:
        """Query items. A job is read with its images, so nobody gets a single item."""
        self.table.grant(reader, "dynamodb:Query")

    def grant_read_write(self, writer: iam.IGrantable) -> None:
        """Query and write items."""
        self.table.grant(writer, "dynamodb:Query", *WRITE)

    def grant_add(self, submitter: iam.IGrantable) -> None:
        """Query items and put new jobs."""
        self.table.grant(submitter, "dynamodb:Query", "dynamodb:PutItem")

    def grant_mark(self, marker: iam.IGrantable) -> None:
        """Update items."""
        self.table.grant(marker, "dynamodb:UpdateItem")

    def grant_clear_tasks(self, settler: iam.IGrantable) -> None:
        """Get and overwrite the records of tasks: the batches that each has taken."""
        iam.Grant.add_to_principal(
            grantee=settler,
            actions=["dynamodb:GetItem", "dynamodb:PutItem"],
            resource_arns=[self.table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["task:*"]}},
        )

    def grant_count(self, counter: iam.IGrantable) -> None:
        """Count events once each: update totals, and put an item with the event's ID."""
        self.table.grant(counter, "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_record_fleet(self, controller: iam.IGrantable) -> None:
        """Query the backlog, find the tasks that take work, and record decisions in the partitions of the fleet."""
        iam.Grant.add_to_principal(
            grantee=controller, actions=["dynamodb:Query"], resource_arns=[f"{self.table.table_arn}/index/backlog"]
        )
        iam.Grant.add_to_principal(
            grantee=controller,
            actions=["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"],
            resource_arns=[self.table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["workers:*", "fleet:*"]}},
        )
        iam.Grant.add_to_principal(
            grantee=controller,
            actions=["dynamodb:BatchGetItem"],
            resource_arns=[self.table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["task:*"]}},
        )

    def grant_record_launches(self, granter: iam.IGrantable) -> None:
        """Record grants of launches in the partition of the controller's decisions."""
        iam.Grant.add_to_principal(
            grantee=granter,
            actions=["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:ConditionCheckItem"],
            resource_arns=[self.table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["fleet:*"]}},
        )


class ConnectionsTable(OnDemandTable):
    """Makers' live connections, and the tickets that open them. All items expire within hours."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(scope, construct_id, partition="owner", keep=keep)

    def grant_issue_ticket(self, issuer: iam.IGrantable) -> None:
        """Put tickets."""
        self.table.grant(issuer, "dynamodb:PutItem")

    def grant_open(self, opener: iam.IGrantable) -> None:
        """Take tickets, and put connections."""
        self.table.grant(opener, "dynamodb:DeleteItem", "dynamodb:PutItem")

    def grant_close(self, closer: iam.IGrantable) -> None:
        """Delete connections."""
        self.table.grant(closer, "dynamodb:DeleteItem")

    def grant_find(self, finder: iam.IGrantable) -> None:
        """Find connections, and delete those that are gone."""
        self.table.grant(finder, "dynamodb:Query", "dynamodb:DeleteItem")


class WebhooksTable(OnDemandTable):
    """Makers' webhooks, and the log of their deliveries."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(scope, construct_id, partition="maker", keep=keep)

    def grant_log(self, writer: iam.IGrantable) -> None:
        """Get webhooks and attempts, and record attempts."""
        self.table.grant(writer, "dynamodb:GetItem", "dynamodb:PutItem")

    def grant_register(self, registrar: iam.IGrantable) -> None:
        """Find webhooks, and add new ones within the plan's limit."""
        self.table.grant(registrar, *READ, "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_put(self, writer: iam.IGrantable) -> None:
        """Find and put items."""
        self.table.grant(writer, *READ, "dynamodb:PutItem")

    def grant_drop(self, dropper: iam.IGrantable) -> None:
        """Find and delete webhooks, and update their count."""
        self.table.grant(dropper, *READ, "dynamodb:DeleteItem", "dynamodb:UpdateItem")


class UploadsTable(OnDemandTable):
    """Makers' uploads. The index `newest` lists a maker's uploads by time."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(scope, construct_id, partition="maker", keep=keep)
        self.add_index("newest", partition="maker", sort="created")

    def grant_find(self, finder: iam.IGrantable) -> None:
        """Get an upload by its maker and id."""
        self.table.grant(finder, "dynamodb:GetItem")

    def grant_list(self, reader: iam.IGrantable) -> None:
        """List a maker's uploads."""
        self.table.grant(reader, "dynamodb:Query")

    def grant_open(self, opener: iam.IGrantable) -> None:
        """Create uploads."""
        self.table.grant(opener, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_mark(self, marker: iam.IGrantable) -> None:
        """Mark uploads as ready, and count checks."""
        self.table.grant(marker, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def grant_drop(self, dropper: iam.IGrantable) -> None:
        """Delete uploads."""
        self.table.grant(dropper, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")


def _define_attribute(name: str, kind: dynamodb.AttributeType = dynamodb.AttributeType.STRING) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=kind)
