"""Each stage is synthesized once, `local` as a process of its own without anything of this machine's AWS."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.running.synthesis import IN_PLACE
from tests.made_once import made_once
from tests.stacks.synthesis import Synthesis

ROOT = Path(__file__).resolve().parents[2]
NODE = Path(sys.executable).parent / "node"
# The CDK's own kernel would otherwise be run by whichever Node comes first on the path.
os.environ["JSII_NODE"] = str(NODE)


def synthesize(stage_name: str, folder: Path) -> None:
    """Imports the CDK, which takes seconds, only where a test needs it."""
    from aws_cdk import App

    from app import build
    from cdk_app.stages.values import find_stage

    cdk_app = App(outdir=str(folder), analytics_reporting=False, context=IN_PLACE)
    build(cdk_app, find_stage(stage_name))
    cdk_app.synth()


def synthesize_alone(stage_name: str, folder: Path) -> None:
    context = {"stage": stage_name, **IN_PLACE}
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**bare_environment(), "CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)},
        check=True,
        timeout=600,
    )


def bare_environment() -> dict[str, str]:
    """No AWS variable, no AWS file, a path that leads to Node alone. The CDK keeps what it unpacks at home."""
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {"PATH": str(NODE.parent), "HOME": str(Path.home()), "AWS_EC2_METADATA_DISABLED": "true", **nowhere}


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(made_once(tmp_path_factory, "dev", lambda folder: synthesize("dev", folder)))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(made_once(tmp_path_factory, "prod", lambda folder: synthesize("prod", folder)))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(made_once(tmp_path_factory, "local", lambda folder: synthesize_alone("local", folder)))


@pytest.fixture(params=["dev", "prod", "local"])
def synthesis(request: pytest.FixtureRequest) -> Synthesis:
    """Every stage in turn."""
    found: Synthesis = request.getfixturevalue(request.param)
    return found
