"""The course of a step in demand as a picture."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.fleet.step import Course, Sample, sum_of

STATES = {"running": "#2a7f62", "starting": "#e6a23c", "draining": "#b0b0b0"}


def draw(course: Course, path: Path) -> None:
    """Save a picture with demand, tasks, waiting batches and the waits of jobs over time."""
    figure = Figure(figsize=(11, 11), layout="constrained")
    panels: Sequence[Axes] = figure.subplots(4, sharex=True)
    _draw_demand(panels[0], course)
    _draw_tasks(panels[1], course)
    times = [sample.at for sample in course.samples]
    panels[2].plot(times, [sample.waiting for sample in course.samples], color="#8c4a9e")
    panels[2].set_ylabel("batches in the queues")
    panels[3].scatter([wait.at for wait in course.waits], [wait.wait_s for wait in course.waits], s=9, color="#2b5d9b")
    panels[3].set_ylabel("wait of a job for its\nworker, seconds")
    panels[3].set_xlabel("seconds")
    for panel in panels:
        panel.grid(alpha=0.3)
        panel.set_ylim(bottom=0)
        for decision in course.decisions:
            panel.axvline(decision.at, color="#888888", alpha=0.15, linewidth=0.8)
    figure.suptitle("A tenfold step in demand in the local cloud. Grey lines are the controller's decisions.")
    figure.savefig(path, dpi=120)


def _draw_demand(panel: Axes, course: Course) -> None:
    plan = course.plan
    edges = [0.0]
    for lasts_s in plan.phases_s:
        edges.append(edges[-1] + lasts_s)
    panel.stairs([rate * plan.job_s for rate in plan.jobs_per_s], edges, fill=True, color="#d9e6f2")
    panel.set_ylabel("demand,\nworkers")


def _draw_tasks(panel: Axes, course: Course) -> None:
    def counts(state: str) -> list[int]:
        return [sum_of(sample.tasks, state) for sample in course.samples]

    def wanted(sample: Sample) -> int:
        return sum(sample.desired.values())

    times = [sample.at for sample in course.samples]
    panel.stackplot(times, *(counts(state) for state in STATES), labels=list(STATES), colors=list(STATES.values()))
    panel.step(times, [wanted(sample) for sample in course.samples], where="post", color="black", label="desired")
    panel.set_ylabel("tasks of the pool")
    panel.legend(loc="upper left")
