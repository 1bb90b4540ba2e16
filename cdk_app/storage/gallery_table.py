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

    def grant_find(self, finder: iam.IGrantable) -> None:
        """Get a picture by its ID."""
        self.table.grant(finder, "dynamodb:GetItem")

    def grant_list(self, reader: iam.IGrantable) -> None:
        """List the pictures of a feed."""
        self.table.grant(reader, "dynamodb:Query")

    def grant_publish(self, publisher: iam.IGrantable) -> None:
        """Find and add pictures."""
        self.table.grant(publisher, "dynamodb:GetItem", "dynamodb:PutItem")

    def grant_remove(self, remover: iam.IGrantable) -> None:
        """Find and remove pictures."""
        self.table.grant(remover, "dynamodb:GetItem", "dynamodb:DeleteItem")
