"""The trainings table and the styles table."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.storage.tables import OnDemandTable


class TrainingsTable(OnDemandTable):
    """Every training: who requested it, its result, and who decided on it."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(scope, construct_id, partition="training_id", keep=keep)


class StylesTable(OnDemandTable):
    """Styles' releases, versions and trials."""

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool) -> None:
        super().__init__(scope, construct_id, partition="style", keep=keep)

    def grant_look_up(self, reader: iam.IGrantable) -> None:
        """Get items by their keys."""
        self.table.grant(reader, "dynamodb:GetItem")

    def grant_count(self, settler: iam.IGrantable) -> None:
        """Count the jobs of a trial."""
        self.table.grant(settler, "dynamodb:UpdateItem")
