"""The environment of every process of the local cloud: nothing of the user's AWS configuration gets in."""

import os
from collections.abc import Mapping
from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - the emulator accepts any; a real one must never come near it
LOOPBACK = "127.0.0.1"

# Needed to find and run programs. Everything else stays outside, AWS_* and proxies above all: through them a Lambda
# on a laptop could reach the real AWS.
PASSED_THROUGH = (
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


def scrubbed(source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What is needed to run a program, fake credentials, and no way to any others."""
    kept = {name: source[name] for name in PASSED_THROUGH if name in source}
    return kept | {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }


def emulator_environment(port: int, state_dir: Path) -> dict[str, str]:
    """What the emulator is told; Lambdas inherit it."""
    temporary, home = state_dir / "tmp", state_dir / "home"
    for folder in (temporary, home):
        folder.mkdir(parents=True, exist_ok=True)
    return scrubbed() | {
        "BIND_HOST": LOOPBACK,
        # An emulator that never finds Docker never touches the user's containers.
        "DOCKER_HOST": f"unix://{state_dir}/no-docker.sock",
        "GATEWAY_PORT": str(port),
        "HOME": str(home),
        "IOT_MTLS_ENABLED": "0",
        "LOCAL_CLOUD_LOGS": str(state_dir / "logs"),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "PYTHONUNBUFFERED": "1",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(state_dir / "emulator"),
        "TMPDIR": str(temporary),
    }
