"""A stage whose pools get no more tasks: free plans are refused, partners are not."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from craftspark.aws.items import job_key
from craftspark.aws.jobs.speed import FLEET, partition
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.conftest import READY
from tests.e2e.front_end import FrontEnd
from tests.e2e.launcher.command_line import run
from tests.e2e.waiting import eventually

# About 150 s of work by the model's profile, for the two tasks that the pool can have: more than a free plan accepts,
# and less than a partner does. Tiles of four motifs are the longest jobs.
JOBS = 6
LONG: dict[str, Any] = {"prompt": "a red apple", "also": ["a", "b", "c"], "count": 8, "steps": 50}


@pytest.fixture(scope="module")
def short(assembly: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud whose workers are ready and take no work, so that its backlog stays as it is."""
    commands = {"craftspark-gpu:local": READY}
    with LocalCloud.run(tmp_path_factory.mktemp("short"), port=0, assembly=assembly, commands=commands) as running:
        yield running


def test_out_of_capacity_a_free_plan_is_refused_and_a_partner_is_admitted(short: LocalCloud) -> None:
    partner = FrontEnd(short, short.sign_in("partner@craftspark.example"))
    free = FrontEnd(short, short.sign_in("free@craftspark.example"))
    set_plan(short, free, "free")
    assert eventually(lambda: recorded(short, "draw"))
    for _ in range(JOBS):
        answer = partner.call("POST", "/v1/tools/pattern/jobs", json=LONG)
        assert answer.status_code == 202, answer.text

    # With a limit for the wait, a submission reads the backlog again, as a quote does.
    refused = free.submit(count=4, max_wait_s=3600)
    quoted = free.call("POST", "/v1/tools/picture/quotes", json={"prompt": "a", "count": 4})

    assert refused.status_code == quoted.status_code == 429
    assert refused.json()["type"] == quoted.json()["type"] == "/problems/CapacityInsufficient"
    assert 0 < int(refused.headers["Retry-After"]) <= refused.json()["estimated_wait_s"] - 60
    assert free.balance() == (0, 0, 0)
    assert partner.submit(count=4, max_wait_s=3600).status_code == 202
    shown = run("fleet", state_dir=short.state.tasks.parent)
    [row] = [line.split("│") for line in shown.splitlines() if "free" in line]
    wait_s = refused.json()["estimated_wait_s"]
    assert [cell.strip() for cell in row[1:-1]] == ["draw", "free", "1", f"{wait_s} s", "none"]


def recorded(cloud: LocalCloud, pool: str) -> bool:
    """Whether the controller has recorded a decision for the pool."""
    found = cloud.client("dynamodb").get_item(
        TableName=cloud.outputs["JobsTableName"], Key=job_key(partition(pool), FLEET)
    )
    return "Item" in found


def set_plan(cloud: LocalCloud, front_end: FrontEnd, plan: str) -> None:
    """Change the plan of the maker as an administrator."""
    assert front_end.token
    _, payload, _ = front_end.token.split(".")
    maker = json.loads(base64.urlsafe_b64decode(payload + "=="))["sub"]
    front_end.account()  # which opens it
    administrator = FrontEnd(cloud, cloud.service_token("Administrator"))
    answer = administrator.call("PUT", f"/v1/admin/accounts/{maker}/plan", json={"plan": plan})
    assert answer.status_code == 200, answer.text
