"""The table of accounts, with a grant for each kind of access."""

from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_app.stages.data import WarmUnits
from cdk_app.storage.tables import WRITE, OnDemandTable


class AccountsTable(OnDemandTable):
    """Makers' credits and every entry that changed them. The index `ledger` lists a maker's entries by time.

    The index `trails` lists what administrators did to all accounts, by time.
    """

    def __init__(self, scope: Construct, construct_id: str, *, keep: bool, warm: WarmUnits | None = None) -> None:
        super().__init__(scope, construct_id, partition="maker", keep=keep, warm=warm)
        self.add_index("ledger", partition="maker", sort="at")
        self.add_index("trails", partition="trail", sort="item", warm=False)

    def grant_list_entries(self, reader: iam.IGrantable) -> None:
        """List the entries of an account."""
        self.table.grant(reader, "dynamodb:Query")

    def grant_post(self, writer: iam.IGrantable) -> None:
        """Change credits and add entries, without reading them."""
        self.table.grant(writer, *WRITE)

    def grant_look_up(self, reader: iam.IGrantable) -> None:
        """Get an account, for its plan and suspension."""
        self.table.grant(reader, "dynamodb:GetItem")

    def grant_bind_key(self, writer: iam.IGrantable) -> None:
        """Bind Idempotency-Keys to requests."""
        self.table.grant(writer, "dynamodb:PutItem")

    def grant_audit(self, administrator: iam.IGrantable) -> None:
        """Add entries to the audit."""
        self.table.grant(administrator, "dynamodb:PutItem")

    def grant_read_audit(self, administrator: iam.IGrantable) -> None:
        """List the entries of the audit."""
        self.table.grant(administrator, "dynamodb:Query")
