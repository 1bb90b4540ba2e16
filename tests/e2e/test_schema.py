"""The deployed API answers thousands of random requests as its description says, and never with a server error."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud.cloud import LocalCloud
from tests.e2e.front_end import FrontEnd
from tests.e2e.test_refusals import set_account

ROOT = Path(__file__).parents[2]
CASES = 5000
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture
def front_end(cloud: LocalCloud, maker: str) -> FrontEnd:
    return FrontEnd(cloud, maker)


def ask(front_end: FrontEnd, folder: Path, *options: str, ids: str = "") -> int:
    """How many cases schemathesis sent, all of which passed."""
    config = folder / "schemathesis.toml"
    config.write_text(ids)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", "docs/openapi.json"),
            *("--url", front_end.cloud.api_url, "-H", f"Authorization: Bearer {front_end.token}"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--workers", "1", "--seed", "1", "--no-color", *options),
        ],
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-16000:] + done.stderr[-2000:]
    generated = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert generated, done.stdout[-3000:]
    assert generated[1] == generated[2]
    return int(generated[1])


def test_5000_random_requests_are_answered_as_described(cloud: LocalCloud, front_end: FrontEnd, tmp_path: Path) -> None:
    job_id = front_end.accepted(count=1, steps=1)
    front_end.ended(job_id)
    upload_id = front_end.call("POST", "/v1/uploads", json={"content_type": "image/png"}).json()["upload_id"]
    # Without credits a good request is priced and refused: nothing is rendered for it.
    set_account(cloud, front_end, available=0, granted=1, spent=1, monthly=0)

    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))

    anything = ask(front_end, tmp_path, "--max-examples", "125", "--exclude-path-regex", "/admin/")
    administration = ask(administrator, tmp_path, "--max-examples", "40", "--include-path-regex", "/admin/")
    ids = f'[parameters]\njob_id = "{job_id}"\nupload_id = "{upload_id}"\n'
    # Last of all the job is deleted: before, the other routes are asked about a job that is there.
    theirs = ("--max-examples", "40", "--include-path-regex", "^/v1/(jobs|uploads)/{")
    own = ask(front_end, tmp_path, *theirs, "--exclude-operation-id", "delete_job", ids=ids)
    assert front_end.read(job_id)["job_id"] == job_id
    deleting = ask(front_end, tmp_path, "--max-examples", "40", "--include-operation-id", "delete_job", ids=ids)
    assert front_end.call("GET", f"/v1/jobs/{job_id}").status_code == 404

    cases = anything + administration + own + deleting
    print(f"schemathesis: {anything} + {administration} + {own} + {deleting} = {cases} cases")
    assert cases >= CASES
