"""The deployed API responds to thousands of random requests as described, and never with a server error."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.api.test_refusals import set_account
from tests.e2e.front_end import HTTP, FrontEnd

ROOT = Path(__file__).parents[3]
# `make fuzz` sends more requests of each kind.
TIMES = int(os.environ.get("CRAFTSPARK_FUZZ_TIMES", "1"))
CASES = 5_000 if TIMES == 1 else 10_000
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
    """Run Schemathesis. Returns the number of cases, all of which must pass."""
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


def test_random_requests_are_answered_as_described(cloud: LocalCloud, front_end: FrontEnd, tmp_path: Path) -> None:
    job_id = front_end.accepted(count=1, steps=1)
    front_end.ended(job_id)
    missing, arrived = (open_upload(front_end) for _ in range(2))
    HTTP.post(arrived["url"], data=arrived["fields"], files={"file": a_png()}).raise_for_status()
    # Without credits, a valid request is priced and rejected, and nothing is rendered for it.
    set_account(cloud, front_end, available=0, granted=1, spent=1, monthly=0)
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))

    def some(examples: int) -> tuple[str, str]:
        return ("--max-examples", str(examples * TIMES))

    def own(upload_id: str) -> str:
        return f'[parameters]\njob_id = "{job_id}"\nupload_id = "{upload_id}"\n'

    # The job is deleted last: Schemathesis finds ids in responses, and every route must receive an existing id.
    keep = ("--exclude-operation-id", "delete_job")
    anything = ask(front_end, tmp_path, *some(5), "--exclude-path-regex", "/admin/", *keep)
    administration = ask(administrator, tmp_path, *some(5), "--include-path-regex", "/admin/")
    theirs = ("--include-path-regex", "^/v1/(jobs|uploads)/{", *keep)
    there = ask(front_end, tmp_path, *some(20), *theirs, ids=own(arrived["upload_id"]))
    checks = ("--include-operation-id", "check_upload")
    not_there = ask(front_end, tmp_path, *some(10), *checks, ids=own(missing["upload_id"]))
    assert front_end.read(job_id)["job_id"] == job_id
    delete = ("--include-operation-id", "delete_job")
    deleting = ask(front_end, tmp_path, *some(20), *delete, ids=own(arrived["upload_id"]))
    assert front_end.call("GET", f"/v1/jobs/{job_id}").status_code == 404

    counts = (anything, administration, there, not_there, deleting)
    print(f"schemathesis: {' + '.join(map(str, counts))} = {sum(counts)} cases")
    assert sum(counts) >= CASES


def open_upload(front_end: FrontEnd) -> dict[str, Any]:
    form: dict[str, Any] = front_end.call("POST", "/v1/uploads", json={"content_type": "image/png"}).json()
    return form


def a_png() -> bytes:
    into = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(into, "PNG")
    return into.getvalue()
