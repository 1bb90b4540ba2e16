"""Data that outlives every deployment: jobs, accounts, pictures, models, trainings, styles, the GPU image, and the
desired counts of the fleet.
"""

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_app.acknowledgements import acknowledge
from cdk_app.packaging.python_function import Access
from cdk_app.stages.stage import Stage
from cdk_app.storage.accounts_table import AccountsTable
from cdk_app.storage.desired_counts import DesiredCounts
from cdk_app.storage.gallery_table import GalleryTable
from cdk_app.storage.private_bucket import PrivateBucket
from cdk_app.storage.style_tables import StylesTable, TrainingsTable
from cdk_app.storage.tables import JobsTable, UploadsTable
from craftspark.settings.rendering import SettleSettings


class DataStack(Stack):
    """Tables, buckets and the image repository."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        **stack: Any,
    ) -> None:
        data, origins = stage.data, stage.api.allowed_origins
        super().__init__(scope, construct_id, termination_protection=data.keep, **stack)
        self.jobs = JobsTable(self, "Jobs", keep=data.keep, warm=data.warm)
        self.accounts = AccountsTable(self, "Accounts", keep=data.keep, warm=data.warm)
        self.upload_records = UploadsTable(self, "UploadRecords", keep=data.keep)
        self.uploads = PrivateBucket(
            self,
            "Uploads",
            keep=data.keep,
            lifecycle=[
                s3.LifecycleRule(id="unchecked", prefix="incoming/", expiration=Duration.days(1)),
                s3.LifecycleRule(id="expiry", prefix="pictures/", expiration=Duration.days(data.uploads_kept_days)),
            ],
            # The address of the site is known after this stack. A form is signed, so its origin proves nothing.
            origins=["*"],
            methods=[s3.HttpMethods.POST],
        )
        self.images = PrivateBucket(
            self,
            "Images",
            keep=data.keep,
            lifecycle=[
                _tier_storage(stage.makers.job_retention_days),
                # A zip is made again if somebody asks for it later.
                s3.LifecycleRule(id="zips", prefix="zips/", expiration=Duration.days(1)),
            ],
            # Studio reads cut files with `fetch`, which needs CORS. A link is signed, so its origin proves nothing.
            origins=["*"],
            methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
        )
        self.gallery_records = GalleryTable(self, "GalleryRecords", keep=data.keep)
        # What makers publish outlasts its job.
        self.gallery = PrivateBucket(
            self,
            "Gallery",
            keep=data.keep,
            origins=origins,
            methods=[s3.HttpMethods.GET, s3.HttpMethods.HEAD],
        )
        self.gallery.grant_distributions(prefix="pictures/")
        self.models = PrivateBucket(self, "Models", keep=data.keep, versions_kept_days=data.versions_kept_days)
        self.trainings = TrainingsTable(self, "Trainings", keep=data.keep)
        self.styles = StylesTable(self, "Styles", keep=data.keep)
        self.training = PrivateBucket(
            self,
            "Training",
            keep=data.keep,
            lifecycle=[
                s3.LifecycleRule(id="runs", prefix="runs/", expiration=Duration.days(stage.training.runs_kept_days))
            ],
            versions_kept_days=data.versions_kept_days,
        )
        self.gpu_images = ecr.Repository(
            self,
            "GpuImages",
            image_scan_on_push=True,
            empty_on_delete=not data.keep,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            lifecycle_rules=[ecr.LifecycleRule(max_image_count=data.gpu_images_kept)],
            removal_policy=RemovalPolicy.RETAIN if data.keep else RemovalPolicy.DESTROY,
        )
        acknowledge(
            self.gpu_images,
            "ECR encrypts every image with keys of its own, and the image contains no secret.",
            "CKV_AWS_136",
        )
        self.desired_counts = DesiredCounts(self, "DesiredCounts", stage=stage.name, pools=stage.pools)
        CfnOutput(self, "JobsTableName", value=self.jobs.table.table_name)
        CfnOutput(self, "AccountsTableName", value=self.accounts.table.table_name)
        CfnOutput(self, "ImagesBucketName", value=self.images.bucket_name)
        CfnOutput(self, "ModelsBucketName", value=self.models.bucket_name)
        CfnOutput(self, "TrainingsTableName", value=self.trainings.table.table_name)
        CfnOutput(self, "StylesTableName", value=self.styles.table.table_name)
        CfnOutput(self, "TrainingBucketName", value=self.training.bucket_name)
        CfnOutput(self, "GalleryTableName", value=self.gallery_records.table.table_name)
        CfnOutput(self, "GalleryBucketName", value=self.gallery.bucket_name)
        CfnOutput(self, "GpuRepositoryUri", value=self.gpu_images.repository_uri)

    @property
    def settlement(self) -> Access:
        """End jobs and resolve their reservations."""
        return Access(
            settings=(
                SettleSettings(
                    jobs_table=self.jobs.table.table_name,
                    accounts_table=self.accounts.table.table_name,
                    styles_table=self.styles.table.table_name,
                ),
            ),
            grants=(self.jobs.grant_read, self.jobs.grant_mark, self.accounts.grant_post, self.styles.grant_count),
        )


def _tier_storage(kept_days: int) -> s3.LifecycleRule:
    """Pictures are read for a few days. Then S3 selects the cheapest storage class, and they are deleted with their
    job.
    """
    return s3.LifecycleRule(
        id="tiering",
        prefix="images/",
        expiration=Duration.days(kept_days),
        transitions=[
            s3.Transition(storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(0))
        ],
    )
