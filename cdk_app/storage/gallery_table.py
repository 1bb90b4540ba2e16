"""The table of the gallery, with a grant for each kind of access."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.storage.tables import OnDemandTable
from craftspark.aws.gallery.reports_table import OPEN, PRIORITY


class GalleryTable(OnDemandTable):
    """Published pictures, and their rows in feeds. A stream has every change.

    The index `open` lists the pictures that wait for an administrator by priority.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(
            scope, construct_id, partition="key", keep=keep, stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES
        )
        self.add_index(OPEN, partition=OPEN, sort=PRIORITY, sort_type=dynamodb.AttributeType.NUMBER)

    def grant_find(self, finder: iam.IGrantable) -> None:
        """Get a picture or a maker by their ID."""
        self.table.grant(finder, "dynamodb:GetItem")

    def grant_rename(self, maker: iam.IGrantable) -> None:
        """Give a maker another name, which nobody else has."""
        self.grant_remove_name(maker)
        self._grant_names(maker, "dynamodb:PutItem")

    def grant_remove_name(self, administrator: iam.IGrantable) -> None:
        """Take the name of a maker."""
        self._grant_names(administrator, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")

    def _grant_names(self, grantee: iam.IGrantable, *actions: str) -> None:
        """Actions on the names of makers, and on nothing else in the table."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.table.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["author#*", "name#*"]}},
        )

    def grant_list(self, reader: iam.IGrantable) -> None:
        """List the pictures of a feed."""
        self.table.grant(reader, "dynamodb:Query")

    def grant_fill(self, filler: iam.IGrantable) -> None:
        """List pictures, and record how far an index is filled."""
        self.table.grant(filler, "dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem")

    def grant_show(self, reader: iam.IGrantable) -> None:
        """Get pictures by their IDs, with what belongs to them."""
        self.table.grant(reader, "dynamodb:BatchGetItem")

    def grant_read_likes(self, reader: iam.IGrantable) -> None:
        """Get likes and their counters."""
        self.table.grant(reader, "dynamodb:BatchGetItem", "dynamodb:GetItem")

    def grant_like(self, liker: iam.IGrantable) -> None:
        """Add a like, and count it."""
        self.table.grant(liker, "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_unlike(self, liker: iam.IGrantable) -> None:
        """Remove a like, and count that."""
        self.table.grant(liker, "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem")

    def grant_rank(self, counter: iam.IGrantable) -> None:
        """Sum up likes, and move pictures to another rank."""
        self.table.grant(
            counter,
            "dynamodb:BatchGetItem",
            "dynamodb:ConditionCheckItem",
            "dynamodb:PutItem",
            "dynamodb:UpdateItem",
            "dynamodb:DeleteItem",
        )

    def grant_list_popular(self, lister: iam.IGrantable) -> None:
        """Read the highest scores, and write a generation of them."""
        self.table.grant(lister, "dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchWriteItem", "dynamodb:UpdateItem")

    def grant_report(self, reporter: iam.IGrantable) -> None:
        """Find pictures, and add reports."""
        self.table.grant(reporter, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

    def grant_appeal(self, maker: iam.IGrantable) -> None:
        """Find pictures, and add appeals."""
        self.table.grant(maker, "dynamodb:GetItem", "dynamodb:UpdateItem")

    def grant_list_own(self, reader: iam.IGrantable) -> None:
        """List the pictures of a maker."""
        self.table.grant(reader, "dynamodb:Query", "dynamodb:BatchGetItem")

    def grant_review(self, reader: iam.IGrantable) -> None:
        """List the pictures that wait for an administrator, with their reports."""
        self.table.grant(reader, "dynamodb:Query", "dynamodb:BatchGetItem")

    def grant_dismiss(self, administrator: iam.IGrantable) -> None:
        """Find pictures, and close their reports or their appeal."""
        self.table.grant(administrator, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")

    def grant_curate(self, administrator: iam.IGrantable) -> None:
        """Find pictures, hide them and show them again."""
        self.table.grant(
            administrator, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
        )

    def grant_apply_standing(self, follower: iam.IGrantable) -> None:
        """List the pictures of a maker, hide them and show them again while nothing newer was decided."""
        self.grant_curate(follower)
        self.grant_list_own(follower)
        self.table.grant(follower, "dynamodb:ConditionCheckItem")

    def grant_set_standing(self, administrator: iam.IGrantable) -> None:
        """Write that a maker is suspended, or is not."""
        self.table.grant(administrator, "dynamodb:PutItem")

    def grant_publish(self, publisher: iam.IGrantable) -> None:
        """Find and add pictures."""
        self.table.grant(publisher, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem")
        self.table.grant(publisher, "dynamodb:ConditionCheckItem", "dynamodb:UpdateItem")

    def grant_remove(self, remover: iam.IGrantable) -> None:
        """Find and remove pictures, and list them among the hidden ones."""
        self.table.grant(remover, "dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
