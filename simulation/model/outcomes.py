"""What became of each job."""

from array import array

from simulation.demand import Demand

NEVER = -1.0


class Outcomes:
    """For each job of a demand: when its first image started, when its last ended, and its batches in progress.

    A time is `NEVER` until it happens. A refused job never starts; `refused` says what it was offered, see `Admission`.
    """

    def __init__(self, demand: Demand) -> None:
        jobs = len(demand.jobs)
        self.started = array("d", [NEVER]) * jobs
        self.ended = array("d", [NEVER]) * jobs
        self.open = array("i", [0]) * jobs
        self.refused = array("b", [0]) * jobs
        self.unfinished = 0

    def submit(self, job: int, batches: int) -> None:
        self.open[job] = batches
        self.unfinished += 1

    def start(self, job: int, now: float) -> None:
        if self.started[job] == NEVER:
            self.started[job] = now

    def end_batch(self, job: int, now: float) -> None:
        self.open[job] -= 1
        if not self.open[job]:
            self.ended[job] = now
            self.unfinished -= 1
