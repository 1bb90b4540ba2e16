"""The course of a step in demand as a picture."""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.fleet.step import Course, Sample, sum_of

STATES = {"running": "#2a7f62", "starting": "#e6a23c", "draining": "#b0b0b0"}
PHASES = ("before", "step", "after")


def draw(course: Course, path: Path) -> None:
    """Save a picture with demand, tasks, waiting batches and the waits of jobs over time."""
    figure = Figure(figsize=(12, 12), layout="constrained")
    demand, tasks, queues, waits = panels = figure.subplots(4, sharex=True, height_ratios=(2, 3, 2, 2))
    edges = list(accumulate(course.plan.phases_s, initial=0.0))
    _draw_demand(demand, course, edges)
    _draw_tasks(tasks, course)
    _draw_queues(queues, course)
    _draw_waits(waits, course, edges)
    waits.set_xlabel("time since the start (s)")
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.set_ylim(bottom=0)
        panel.set_xlim(0, max(edges[-1], *(sample.at for sample in course.samples)))
        for edge in edges[1:-1]:
            panel.axvline(edge, color="black", linestyle="--", linewidth=0.8)
    before, step, _ = course.plan.jobs_per_s
    figure.suptitle(
        f"A step in demand in the local cloud: from {before:g} to {step:g} jobs per second,"
        f" each {course.plan.job_s:g} s of one worker",
        fontsize=13,
    )
    figure.savefig(path, dpi=110)


def _draw_demand(panel: Axes, course: Course, edges: Sequence[float]) -> None:
    needed = [rate * course.plan.job_s for rate in course.plan.jobs_per_s]
    panel.stairs(needed, edges, fill=True, color="#d9e6f2", label="jobs per second x seconds of a job")
    panel.set_ylim(0, 1.3 * max(needed))
    _describe(panel, "Demand", "busy workers")


def _draw_tasks(panel: Axes, course: Course) -> None:
    def counts(state: str) -> list[int]:
        return [sum_of(sample.tasks, state) for sample in course.samples]

    def wanted(sample: Sample) -> int:
        return sum(sample.desired.values())

    times, desired = [sample.at for sample in course.samples], [wanted(sample) for sample in course.samples]
    # Counts change between two samples, so each holds until the next one.
    panel.stackplot(
        times, *(counts(state) for state in STATES), labels=list(STATES), colors=list(STATES.values()), step="post"
    )
    panel.step(times, desired, where="post", color="black", linewidth=1.8, label="desired by the controller")
    at = [decision.at for decision in course.decisions]
    counted = [decision.spot + decision.on_demand for decision in course.decisions]
    panel.plot(at, counted, "o", color="black", markersize=4, label="a decision")
    for last, count, time_s in zip([*desired[:1], *counted], counted, at, strict=False):
        if count != last:
            panel.annotate(
                f"{count}",
                (time_s, count),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.8},
            )
    most = max([*desired, *(sum(sample.tasks.values()) for sample in course.samples)])
    panel.set_ylim(0, 1.35 * most)
    _describe(panel, "Supply: tasks of the pool, by state", "tasks")


def _draw_queues(panel: Axes, course: Course) -> None:
    times = [sample.at for sample in course.samples]
    waiting = [sample.waiting for sample in course.samples]
    panel.step(times, waiting, where="post", color="#8c4a9e", label="batches that no worker has taken")
    panel.set_ylim(0, 1.3 * max([1, *waiting]))
    _describe(panel, "Queues of the pool", "batches")


def _draw_waits(panel: Axes, course: Course, edges: Sequence[float]) -> None:
    seconds = [wait.wait_s for wait in course.waits]
    label = "one job, at the time of its submission"
    panel.scatter([wait.at for wait in course.waits], seconds, s=9, color="#2b5d9b", label=label)
    most = max([1.0, *seconds])
    panel.set_ylim(0, 1.45 * most)
    described = course.summary()["wait_s"]
    for phase, start, end in zip(PHASES, edges, edges[1:], strict=False):
        figures = described[phase]
        if "p50" in figures:
            text = f"median {figures['p50']:.1f} s, 95 % {figures['p95']:.1f} s"
            panel.text((start + end) / 2, 1.2 * most, text, ha="center", fontsize=8)
    _describe(panel, "Waits: from the submission to the start on a worker", "seconds")


def _describe(panel: Axes, title: str, unit: str) -> None:
    panel.set_title(title, loc="left", fontsize=10)
    panel.set_ylabel(unit)
    panel.legend(loc="upper right", fontsize=8)
