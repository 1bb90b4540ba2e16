"""The templates of each stage."""

import os
from pathlib import Path

import pytest

from tests.assemblies import NODE, assembly_for_aws, local_assembly
from tests.stacks.synthesis import Synthesis

ROOT = Path(__file__).resolve().parents[2]
# The CDK's own kernel would otherwise be run by whichever Node comes first on the path.
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
    """Every stage in turn."""
    found: Synthesis = request.getfixturevalue(request.param)
    return found
