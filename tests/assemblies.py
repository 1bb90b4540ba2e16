"""The cloud assemblies of the stages. A run of the suite synthesizes each one once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.launcher.cloud import STAGE
from local_cloud.launcher.emulator_process import REPOSITORY
from local_cloud.launcher.synthesis import synthesize
from tests.shared_folder import shared_folder

NODE = Path(sys.executable).parent / "node"
TO_AWS = ("dev", "prod")
PLANTED = "planted"


def local_assembly(factory: pytest.TempPathFactory) -> Path:
    """The assembly of the local stage, synthesized as by the local cloud."""

    def make(folder: Path) -> None:
        synthesize(REPOSITORY, stage=STAGE, into=folder, log=folder.with_suffix(".log"))

    return shared_folder(factory, "local", make)


def assembly_for_aws(factory: pytest.TempPathFactory, stage: str) -> Path:
    """The assembly of `dev` or `prod`, synthesized without the AWS configuration of this machine."""
    return scanned_assemblies(factory) / stage


def scanned_assemblies(factory: pytest.TempPathFactory) -> Path:
    """A folder with the assemblies of `dev`, `prod` and PLANTED, and the reports of cdk-nag."""

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "tests.scanned_assemblies", str(folder)]
        subprocess.run(command, cwd=REPOSITORY, env=bare_environment(), check=True, timeout=600)

    return shared_folder(factory, "to-aws", make)


def bare_environment() -> dict[str, str]:
    """An environment without AWS variables and files, and with only Node on the path. The CDK unpacks files in HOME."""
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {"PATH": str(NODE.parent), "HOME": str(Path.home()), "AWS_EC2_METADATA_DISABLED": "true", **nowhere}
