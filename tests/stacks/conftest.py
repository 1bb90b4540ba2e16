"""The templates of each stage."""

import os
from pathlib import Path

import pytest

from tests.assemblies import NODE, assembly_for_aws, local_assembly
from tests.stacks.synthesis import Synthesis

ROOT = Path(__file__).resolve().parents[2]
# Otherwise the first Node on the path would run the kernel of the CDK.
os.environ["JSII_NODE"] = str(NODE)


@pytest.fixture(scope="session")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(assembly_for_aws(tmp_path_factory, "dev"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(assembly_for_aws(tmp_path_factory, "prod"))


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Synthesis:
    return Synthesis(local_assembly(tmp_path_factory))


@pytest.fixture(params=["dev", "prod", "local"])
def synthesis(request: pytest.FixtureRequest) -> Synthesis:
    """The synthesis of each stage, one after the other."""
    found: Synthesis = request.getfixturevalue(request.param)
    return found
