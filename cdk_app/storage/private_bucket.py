"""Private buckets."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_app.acknowledgements import acknowledge


class PrivateBucket(s3.Bucket):
    """An encrypted bucket without public access that requires TLS. Unfinished uploads are deleted after a day.

    Pages of `origins` may use `methods` on it. With `versions_kept_days`, overwritten and deleted objects can be
    restored for that long.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        keep: bool,
        lifecycle: Sequence[s3.LifecycleRule] = (),
        origins: Sequence[str] = (),
        methods: Sequence[s3.HttpMethods] = (),
        versions_kept_days: int | None = None,
    ) -> None:
        rules = [
            s3.LifecycleRule(id="abandoned-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            *lifecycle,
        ]
        if versions_kept_days:
            rules.append(
                s3.LifecycleRule(
                    id="old-versions",
                    noncurrent_version_expiration=Duration.days(versions_kept_days),
                    expired_object_delete_marker=True,
                )
            )
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=rules,
            versioned=versions_kept_days is not None,
            cors=[
                s3.CorsRule(
                    allowed_methods=list(methods),
                    allowed_origins=list(origins),
                    exposed_headers=["Content-Disposition", "Content-Length", "ETag"],
                    max_age=3600,
                )
            ]
            if origins
            else None,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
        self._acknowledge(versioned=versions_kept_days is not None)

    def _acknowledge(self, *, versioned: bool) -> None:
        acknowledge(
            self,
            "S3 encrypts every object with keys of its own. A key of the account's costs money, and whoever disables "
            "it loses every picture.",
            "NIST.800.53.R5-S3DefaultEncryptionKMS",
        )
        acknowledge(
            self,
            "The API's access log has the maker and the route of every link. An account that must record each read "
            "turns on CloudTrail's data events, for all of its buckets at once.",
            "AwsSolutions-S1",
            "NIST.800.53.R5-S3BucketLoggingEnabled",
            "CKV_AWS_18",
        )
        acknowledge(
            self,
            "The service runs in one region. Its tables are not in a second one either, and pictures without their "
            "jobs are of no use.",
            "NIST.800.53.R5-S3BucketReplicationEnabled",
        )
        if not versioned:
            acknowledge(
                self,
                "A picture that its maker deletes must be gone, which versions would prevent.",
                "NIST.800.53.R5-S3BucketVersioningEnabled",
                "CKV_AWS_21",
            )

    def grant_list(self, reader: iam.IGrantable, *, prefix: str) -> None:
        """List the objects whose keys start with a prefix."""
        iam.Grant.add_to_principal(
            grantee=reader,
            actions=["s3:ListBucket"],
            resource_arns=[self.bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
        )

    def grant_distributions(self, *, prefix: str) -> None:
        """Let the account's distributions of CloudFront read the objects whose keys start with a prefix."""
        stack = Stack.of(self)
        distributions = stack.format_arn(service="cloudfront", region="", resource="distribution", resource_name="*")
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudfront.amazonaws.com")],
                actions=["s3:GetObject"],
                resources=[self.arn_for_objects(f"{prefix}*")],
                conditions={"ArnLike": {"AWS:SourceArn": distributions}},
            )
        )
