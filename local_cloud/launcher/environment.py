"""The environment of every process of the local cloud, without the user's AWS configuration."""

import os
from collections.abc import Mapping
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
# The user who deploys and operates: an identity with AdministratorAccess in the emulator, and in no other cloud.
ADMINISTRATOR = "administrator"
ACCESS_KEY = "AKIALOCALCLOUDADMIN0"
SECRET_KEY = "local-cloud-administrator"  # noqa: S105 - opens only the emulator, which listens only on loopback
LOOPBACK = "127.0.0.1"

# The variables that programs need. All others are left out, above all AWS_* and proxies: with those, a Lambda on a
# laptop could call the real AWS.
INHERITED_VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "HF_HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
    "TZ",
)


def isolated_environment(source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The inherited variables, and settings that give AWS SDKs only the local administrator's credentials."""
    inherited = {name: source[name] for name in INHERITED_VARIABLES if name in source}
    return inherited | {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }


def emulator_environment(port: int, site_port: int, state_dir: Path, *, packages: Path) -> dict[str, str]:
    """The emulator's environment, which its Lambda processes inherit. Creates its temporary and home folders.

    `site_port` is the port of the stage's distribution. `packages` is the folder in which all clouds keep the files of
    Lambda packages.
    """
    temporary, home = state_dir / "tmp", state_dir / "home"
    for folder in (temporary, home):
        folder.mkdir(parents=True, exist_ok=True)
    return isolated_environment() | {
        "AUTH": "true",
        "BIND_HOST": LOOPBACK,
        # Without a Docker socket, the emulator cannot change the user's containers.
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "GATEWAY_PORT": str(port),
        "HOME": str(home),
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_ACCOUNT_CONCURRENCY": "0",  # a patch has the limit of AWS, whereas this one depends on the machine
        "LOCAL_CLOUD_LOGS": str(state_dir / "logs"),
        "LOCAL_CLOUD_PACKAGES": str(packages),
        "LOCAL_CLOUD_SITE": f"http://{LOOPBACK}:{site_port}",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "PYTHONUNBUFFERED": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state_dir / "emulator"),
        "TMPDIR": str(temporary),
    }
