"""A bucket that nobody reads without permission and TLS."""

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct


class PrivateBucket(s3.Bucket):
    """An encrypted bucket without public access. Uploads that were never finished go after a day.

    Browsers may post files to it from pages of the origins `posted_from`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        keep: bool,
        lifecycle: Sequence[s3.LifecycleRule] = (),
        posted_from: Sequence[str] = (),
    ) -> None:
        abandoned = s3.LifecycleRule(id="abandoned-uploads", abort_incomplete_multipart_upload_after=Duration.days(1))
        super().__init__(
            scope,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[abandoned, *lifecycle],
            cors=[s3.CorsRule(allowed_methods=[s3.HttpMethods.POST], allowed_origins=list(posted_from), max_age=3600)]
            if posted_from
            else None,
            removal_policy=RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY,
        )
