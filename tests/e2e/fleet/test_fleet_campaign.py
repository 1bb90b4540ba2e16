"""Faults of real workers in two pools under load, one of each kind: `make campaign-fleet` has many."""

from dataclasses import replace
from pathlib import Path

from benchmarks.fleet.campaign import WHOLE, judge, run
from benchmarks.fleet.faults import NOTICE, count_by_kind

FEW = {"SIGKILL": 1, "SIGTERM": 1, NOTICE: 1}


def test_no_fault_of_a_worker_loses_a_job_or_charges_an_image_twice(assembly: Path, tmp_path: Path) -> None:
    # The limit ends a run that hangs. It is much longer than any machine needs. Each pool has a job for each worker:
    # more jobs and longer waves would only take the processors from the workers that start.
    plan = replace(WHOLE, faults=FEW, draw_jobs=2, enlarge_jobs=1, steps=2, tasks={"draw": 2, "enlarge": 1})
    evidence = run(plan, tmp_path, assembly=assembly)

    figures = {entry.name: entry.value for entry in judge(evidence)}
    assert count_by_kind(evidence.deaths) == FEW
    assert {death.pool for death in evidence.deaths} <= {"draw", "enlarge"}
    assert figures["jobs_lost"] == 0
    assert figures["images_charged_twice"] == 0
    # An image drawn by two workers at the same time is no fault here: on a slow machine, a message can become visible.
