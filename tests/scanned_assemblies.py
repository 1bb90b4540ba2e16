"""Synthesize `dev` and `prod`, with the rules of cdk-nag as aspects: `python -m tests.scanned_assemblies FOLDER`.

One process makes them all, because loading the CDK takes about as long as a stage. Each pack of rules writes a report
of each stack. The third assembly has the defect that shows that a report without findings means something.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from aws_cdk import App, Aspects, Stack
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks, NagReportFormat, NIST80053R5Checks

from app import build
from cdk_app.acknowledgements import SCANNED
from cdk_app.stages.values import find_stage
from local_cloud.launcher.synthesis import NO_ASSET_STAGING
from tests.assemblies import PLANTED, TO_AWS

PACKS = (AwsSolutionsChecks, NIST80053R5Checks)


def synthesize(folder: Path, add_stacks: Callable[[App], object]) -> None:
    app = App(outdir=str(folder), analytics_reporting=False, context={**NO_ASSET_STAGING, SCANNED: True})
    add_stacks(app)
    for pack in PACKS:
        Aspects.of(app).add(pack(reports=True, report_formats=[NagReportFormat.JSON]))
    app.synth()


def plant_defect(app: App) -> None:
    """A bucket without any protection."""
    s3.CfnBucket(Stack(app, PLANTED), "Bucket")


def main() -> None:
    folder = Path(sys.argv[1])
    for stage in TO_AWS:
        synthesize(folder / stage, lambda app, stage=stage: build(app, find_stage(stage)))  # type: ignore[misc]
    synthesize(folder / PLANTED, plant_defect)


if __name__ == "__main__":
    main()
