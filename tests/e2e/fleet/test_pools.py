"""Two pools with a queue and workers each: one is warm, the other starts when a job arrives and stays awake for a
while."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.faults import Fault
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.task_records import TaskRecord
from tests.e2e.front_end import FrontEnd, states_entered
from tests.e2e.jobs.test_tools import a_picture

SETTLED = ["Settle the job", "Announce the result", "Did the job fail?", "Job delivered"]


@pytest.fixture(scope="module")
def asleep(assembly: Path, tmp_path_factory: pytest.TempPathFactory, faults: tuple[Fault, ...]) -> Iterator[LocalCloud]:
    """A separate cloud, in which no task was launched yet."""
    with LocalCloud.run(tmp_path_factory.mktemp("pools"), port=0, assembly=assembly) as running:
        running.stop_controller()
        with running.under(*faults):
            yield running


def launched(cloud: LocalCloud) -> list[TaskRecord]:
    """The workers that no service runs."""
    return [worker for worker in cloud.workers() if not worker.group]


def submit(front_end: FrontEnd, tool: str, **request: Any) -> str:
    answer = front_end.call("POST", f"/v1/tools/{tool}/jobs", json={"count": 1, **request})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def test_two_pools_render_at_once_and_one_launched_worker_takes_all_jobs_of_its_pool(asleep: LocalCloud) -> None:
    front_end = FrontEnd(asleep, asleep.sign_in("pools@craftspark.example"))
    source = front_end.uploaded(a_picture())["source"]
    assert launched(asleep) == []

    burst = [submit(front_end, "upscale", source=source, factor=4, seed=seed) for seed in range(4)]
    drawn = submit(front_end, "picture", prompt="red apple", steps=2)

    assert [front_end.ended(job)["state"] for job in (drawn, *burst)] == ["succeeded"] * 5
    assert states_entered(asleep, drawn) == [
        "Render every batch",
        "Choose the pool",
        "Hand to the draw pool",
        *SETTLED,
    ]
    ways = [states_entered(asleep, job)[1 : -len(SETTLED)] for job in burst]
    wake = ["Choose the pool", "Wake the enlarge pool", "May the enlarge pool launch a task?"]
    launch, hand = "Launch for the enlarge pool on demand", "Hand to the enlarge pool"
    handed = [way for way in ways if way != [*wake, launch]]
    assert len(handed) == len(burst) - 1
    # The last ones find the pool awake, if it was faster than their submissions.
    assert [way for way in handed if way not in ([*wake, hand], ["Choose the pool", hand])] == []
    [worker] = launched(asleep)

    # With a limit for the wait, a submission reads again which workers are awake.
    again = submit(front_end, "upscale", source=source, factor=2, max_wait_s=600)

    assert front_end.ended(again)["state"] == "succeeded"
    assert states_entered(asleep, again) == [
        "Render every batch",
        "Choose the pool",
        "Hand to the enlarge pool",
        *SETTLED,
    ]
    assert [each.pid for each in launched(asleep)] == [worker.pid]
