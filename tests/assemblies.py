"""The stages' cloud assemblies, each made once in a run of the suite."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.launcher.cloud import STAGE
from local_cloud.launcher.emulator_process import REPOSITORY
from local_cloud.launcher.synthesis import NO_ASSET_STAGING, synthesize
from tests.made_once import made_once

NODE = Path(sys.executable).parent / "node"
TO_AWS = ("dev", "prod")
# One process for both: loading the CDK takes about as long as a stage.
SYNTHESIZE = f"""
import sys
from aws_cdk import App
from app import build
from cdk_app.stages.values import find_stage

for stage in {TO_AWS!r}:
    app = App(outdir=sys.argv[1] + "/" + stage, analytics_reporting=False, context={NO_ASSET_STAGING!r})
    build(app, find_stage(stage))
    app.synth()
"""


def local_assembly(factory: pytest.TempPathFactory) -> Path:
    """The local stage's, as the local cloud has it made."""

    def make(folder: Path) -> None:
        synthesize(REPOSITORY, stage=STAGE, into=folder, log=folder.with_suffix(".log"))

    return made_once(factory, "local", make)


def assembly_for_aws(factory: pytest.TempPathFactory, stage: str) -> Path:
    """That of `dev` or `prod`, made without anything of this machine's AWS."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-c", SYNTHESIZE, str(folder)]
        subprocess.run(command, cwd=REPOSITORY, env=bare_environment(), check=True, timeout=600)

    return made_once(factory, "to-aws", make) / stage


def bare_environment() -> dict[str, str]:
    """No AWS variable, no AWS file, a path that leads to Node alone. The CDK keeps what it unpacks at home."""
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {"PATH": str(NODE.parent), "HOME": str(Path.home()), "AWS_EC2_METADATA_DISABLED": "true", **nowhere}
