"""The vector indexes for the search in the gallery, with a grant for each kind of access."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3vectors as s3vectors
from constructs import Construct

from craftspark.likeness.files import ENCODERS


class PictureIndexes(Construct):
    """A vector bucket with an index for each version of the encoder.

    No stage keeps them: what they contain is computed again from the gallery. The name of an index is that of its
    version, so another version has another index, and the old one goes with the deployment that removes its version.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3vectors.CfnVectorBucket(self, "Bucket")
        self._indexes = [
            s3vectors.CfnIndex(
                self,
                files.name.title().replace("-", ""),
                vector_bucket_arn=bucket.attr_vector_bucket_arn,
                index_name=files.name,
                data_type="float32",
                dimension=files.dimension,
                distance_metric="cosine",
            )
            for files in ENCODERS
        ]
        s3vectors.CfnVectorBucketPolicy(
            self,
            "Policy",
            vector_bucket_arn=bucket.attr_vector_bucket_arn,
            policy=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        effect=iam.Effect.DENY,
                        principals=[iam.AnyPrincipal()],
                        actions=["s3vectors:*"],
                        resources=[bucket.attr_vector_bucket_arn, f"{bucket.attr_vector_bucket_arn}/index/*"],
                        conditions={"Bool": {"aws:SecureTransport": "false"}},
                    )
                ]
            ),
        )

    @property
    def arns(self) -> list[str]:
        """The ARNs of the indexes, in the order of ENCODERS."""
        return [index.attr_index_arn for index in self._indexes]

    def grant_search(self, searcher: iam.IGrantable) -> None:
        """Find pictures in the first index, and read the vector of one. A query with a filter also reads metadata."""
        self._grant(searcher, self.arns[:1], "s3vectors:QueryVectors", "s3vectors:GetVectors")

    def grant_index(self, indexer: iam.IGrantable) -> None:
        """Add pictures to all indexes, and remove them."""
        self._grant(indexer, self.arns, "s3vectors:PutVectors", "s3vectors:DeleteVectors")

    def _grant(self, grantee: iam.IGrantable, arns: list[str], *actions: str) -> None:
        iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=arns)
