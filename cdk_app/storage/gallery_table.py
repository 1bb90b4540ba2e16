"""The table of the gallery, with a grant for each kind of access."""

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.storage.tables import OnDemandTable


class GalleryTable(OnDemandTable):
    """Published pictures, and their rows in feeds. A stream has every change."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(
            scope, construct_id, partition="key", keep=keep, stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES
        )

    def grant_list(self, reader: iam.IGrantable) -> None:
        """List the pictures of a feed."""
        self.table.grant(reader, "dynamodb:Query")

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

    def grant_publish(self, publisher: iam.IGrantable) -> None:
        """Find and add pictures."""
        self.table.grant(publisher, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem")

    def grant_remove(self, remover: iam.IGrantable) -> None:
        """Find and remove pictures, and note that they are hidden."""
        self.table.grant(remover, "dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:PutItem")
