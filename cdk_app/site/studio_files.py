"""Studio's files in its bucket: the build, and the configuration that the stack knows."""

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import AssetHashType, CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk_app.packaging.python_function import Access, PythonFunction
from cdk_app.packaging.studio_package import build_studio_package
from cdk_app.stages.stage import Stage
from cdk_app.storage.private_bucket import PrivateBucket

TIMEOUT = Duration.seconds(120)


class StudioFiles(Construct):
    """Copies the build to the bucket, if there is one, and writes `config.json`.

    The CDK's own deployment of files runs the AWS command line from a layer of 20 MB, and sets headers for each folder
    of files by another resource.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        bucket: PrivateBucket,
        configuration: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        built = self._package()
        deploy = PythonFunction(
            self,
            "DeployStudio",
            name="deploy_studio",
            stage=stage,
            timeout=TIMEOUT,
            access=Access(grants=(bucket.grant_put, self._grant_read_packages)),
        )
        CustomResource(
            self,
            "Files",
            resource_type="Custom::StudioFiles",
            service_token=deploy.function.function_arn,
            service_timeout=TIMEOUT,
            properties={
                "Bucket": bucket.bucket_name,
                "Configuration": json.dumps(dict(configuration)),
                **({"SourceBucket": built.s3_bucket_name, "SourceKey": built.s3_object_key} if built else {}),
            },
        ).node.add_dependency(deploy)  # with the permissions of its role

    def _package(self) -> assets.Asset | None:
        package = build_studio_package()
        if package is None:
            return None
        # It is named by a hash of its content, so the CDK does not need to read it.
        return assets.Asset(
            self, "Build", path=str(package), asset_hash=package.stem, asset_hash_type=AssetHashType.CUSTOM
        )

    def _grant_read_packages(self, role: iam.IGrantable) -> None:
        """Read the packages that deployments upload, one of which is the build. All stacks of the account share them.

        Not only the build's own: the permissions are then the same with and without a build.
        """
        stack = Stack.of(self)
        name = f"cdk-{stack.synthesizer.bootstrap_qualifier}-assets-{stack.account}-{stack.region}"
        iam.Grant.add_to_principal(
            grantee=role,
            actions=["s3:GetObject"],
            resource_arns=[stack.format_arn(service="s3", region="", account="", resource=name, resource_name="*.zip")],
        )
