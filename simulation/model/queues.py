"""The queues of a pool: work in the order in which workers get it, fair between makers as SQS's fair queues are."""

from collections import deque
from dataclasses import dataclass
from heapq import heappop, heappush
from math import exp

from simulation.demand import Job


class Batch:
    """Some images of a job, which a worker renders one after the other. `index` is the job's place in the demand.

    `number` is the batch's place in the order of submission.
    """

    __slots__ = ("images", "index", "job", "late", "number", "queued")

    def __init__(self, job: Job, index: int, images: int, number: int) -> None:
        self.job, self.index, self.images, self.number = job, index, images, number
        self.late = self.queued = False

    @property
    def work_s(self) -> float:
        return self.images * self.job.image_s


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """When a maker's messages come after the others'.

    A group is noisy with more than `share` of all messages in flight and at least `in_flight` messages, or with more
    than `share` of the recent processing time. It is quiet again when its backlog is gone, or when it has sent nothing
    for `quiet_s`. Among noisy groups, the one with the fewest messages in flight comes first. Source: "How Amazon SQS
    fair queues work", https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
    SQS does not publish what "recent" means; here, processing time counts with a decay over `recent_s`.
    """

    share: float = 0.1
    in_flight: int = 30
    quiet_s: float = 300.0
    recent_s: float = 60.0


class _Maker:
    __slots__ = ("as_of", "in_flight", "noisy", "processing_s", "sent", "waiting")

    def __init__(self) -> None:
        self.noisy: list[tuple[int, Batch]] | None = None
        self.in_flight = self.waiting = 0
        self.processing_s = self.as_of = 0.0
        self.sent = 0.0


class FairQueue:
    """One lane's queue. With a `share` of 1 no maker is noisy, and the queue is first in, first out."""

    def __init__(self, fairness: Fairness) -> None:
        self.fairness = fairness
        self.waiting_s = 0.0
        self.waiting = self.in_flight = 0
        self.late_s = 0.0
        self._order: list[tuple[int, Batch]] = []
        self._makers: dict[int, _Maker] = {}
        self._noisy: list[_Maker] = []
        self._young: deque[Batch] = deque()  # the batches that are not yet late
        self._old: deque[Batch] = deque()  # in the order of submission; the first may have been taken
        self._processing_s, self._as_of = 0.0, 0.0

    def __len__(self) -> int:
        return self.waiting

    def put(self, batch: Batch, now: float, *, again: bool = False) -> None:
        """Add a batch. `again` puts back the rest of a batch that was taken."""
        batch.queued = True
        self.waiting += 1
        self.waiting_s += batch.work_s
        if again:
            self._old.appendleft(batch)
            if batch.late:
                self.late_s += batch.work_s
        else:
            self._old.append(batch)
            self._young.append(batch)
        maker = self._maker(batch)
        maker.waiting += 1
        maker.sent = now
        heappush(self._order if maker.noisy is None else maker.noisy, (batch.number, batch))

    def take(self, now: float) -> Batch:
        """The next batch, which is in flight from now on."""
        batch = self._next(now)
        batch.queued = False
        self.waiting -= 1
        self.waiting_s -= batch.work_s
        if batch.late:
            self.late_s -= batch.work_s
        if not self.waiting:
            self.waiting_s = self.late_s = 0.0  # no rest of rounding
        self.in_flight += 1
        maker = self._maker(batch)
        maker.waiting -= 1
        maker.in_flight += 1
        if not maker.waiting and maker.noisy is not None:
            self._noisy.remove(maker)
            maker.noisy = None
        return batch

    def finish(self, batch: Batch, now: float, busy_s: float) -> None:
        """A batch is no longer in flight, after this time of a worker."""
        self.in_flight -= 1
        maker = self._maker(batch)
        maker.in_flight -= 1
        recent_s = self.fairness.recent_s
        maker.processing_s = maker.processing_s * exp((maker.as_of - now) / recent_s) + busy_s
        self._processing_s = self._processing_s * exp((self._as_of - now) / recent_s) + busy_s
        maker.as_of = self._as_of = now

    def age(self, now: float, late_after_s: float) -> float:
        """Count batches as late that have waited long enough; returns how long the oldest batch has waited."""
        while self._young and self._young[0].job.at <= now - late_after_s:
            batch = self._young.popleft()
            batch.late = True
            if batch.queued:
                self.late_s += batch.work_s
        while self._old and not self._old[0].queued:
            self._old.popleft()
        return now - self._old[0].job.at if self._old else 0.0

    def _maker(self, batch: Batch) -> _Maker:
        maker = self._makers.get(batch.job.maker)
        if maker is None:
            maker = self._makers[batch.job.maker] = _Maker()
        return maker

    def _next(self, now: float) -> Batch:
        for maker in [each for each in self._noisy if each.sent <= now - self.fairness.quiet_s]:
            self._noisy.remove(maker)
            for entry in maker.noisy or ():
                heappush(self._order, entry)
            maker.noisy = None
        while self._order:
            number, batch = heappop(self._order)
            maker = self._maker(batch)
            if maker.noisy is None:
                if not self._is_noisy(maker, now):
                    return batch
                maker.noisy = []
                self._noisy.append(maker)
            heappush(maker.noisy, (number, batch))
        quietest = min(self._noisy, key=lambda each: each.in_flight)
        return heappop(quietest.noisy or [])[1]

    def _is_noisy(self, maker: _Maker, now: float) -> bool:
        share, decay = self.fairness.share, self.fairness.recent_s
        if maker.in_flight >= self.fairness.in_flight and maker.in_flight > share * self.in_flight:
            return True
        recent = maker.processing_s * exp((maker.as_of - now) / decay)
        return recent > share * self._processing_s * exp((self._as_of - now) / decay)
