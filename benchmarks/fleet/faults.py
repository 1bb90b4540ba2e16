"""Faults of real workers: SIGKILL, SIGTERM and spot notices."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.fleet.waves import Death, RenderedWave, read_waves
from local_cloud import interruptions
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.task_records import TaskRecord

SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM}
NOTICE = "spot notice"
POLL_S = 0.1
# A fault comes at any moment of a wave, not at the end of the one that makes a worker eligible.
MAX_PAUSE_S = 1.5
MIN_WAVES = 2
REPORT_EVERY = 25


class Faults:
    """Inflicts faults on workers that have finished two waves, so that work makes progress, and their first delivery,
    which takes longer, is over. Each worker gets one fault.
    """

    def __init__(self, cloud: LocalCloud, record: Path, kinds: Mapping[str, int], seed: int) -> None:
        self._cloud, self._record = cloud, record
        self._random = random.Random(seed)
        self._kinds = [kind for kind, number in kinds.items() for _ in range(number)]
        self._random.shuffle(self._kinds)
        self._hit: set[str] = set()
        self._watchers: list[threading.Thread] = []
        self.deaths: list[Death] = []

    def inflict(self, until: float, report: Callable[[str], None], check: Callable[[], None]) -> None:
        """Inflict all faults one after the other, until the time `until` of the monotonic clock. `check` raises an
        error if the load has ended.
        """
        while self._kinds and time.monotonic() < until:
            check()
            kind = self._kinds[-1]
            victim = self._choose(kind)
            if victim is None:
                time.sleep(POLL_S)
                continue
            self._hit.add(victim.task)
            time.sleep(self._random.uniform(0, MAX_PAUSE_S))
            if not self._hurt(kind, victim):
                continue  # its service stopped it meanwhile
            self._kinds.pop()
            if len(self._watchers) % REPORT_EVERY == 0:
                report(f"{len(self._watchers)} faults")
        for watcher in self._watchers:
            watcher.join()

    @property
    def left(self) -> int:
        """The faults that were not inflicted in time."""
        return len(self._kinds)

    def _choose(self, kind: str) -> TaskRecord | None:
        """A random worker that has finished enough waves and got no fault yet. A notice needs one on spot."""
        waves = read_waves(self._record)
        workers = [
            worker
            for worker in self._cloud.workers()
            if worker.task not in self._hit and _count_finished(worker, waves) >= MIN_WAVES
        ]
        if kind == NOTICE:
            workers = [worker for worker in workers if "Spot" in worker.group]
        # The pools take turns in being hit, as far as they have workers.
        pools = sorted({pool_of(worker) for worker in workers})
        pool = self._random.choice(pools) if pools else None
        return self._random.choice([worker for worker in workers if pool_of(worker) == pool]) if pools else None

    def _hurt(self, kind: str, victim: TaskRecord) -> bool:
        """Inflict a fault. Returns whether the victim still ran."""
        try:
            if kind == NOTICE:
                interruptions.interrupt(self._cloud, victim.task)
            else:
                os.kill(victim.pid, SIGNALS[kind])
        except (interruptions.NotInterruptible, ProcessLookupError):
            return False
        watcher = threading.Thread(target=self._watch, args=(kind, victim), daemon=True)
        self._watchers.append(watcher)
        watcher.start()
        return True

    def _watch(self, kind: str, victim: TaskRecord) -> None:
        """Record the time at which the victim's process has ended."""
        while _exists(victim.pid):
            time.sleep(POLL_S / 5)
        self.deaths.append(Death(kind, pool_of(victim), victim.pid, time.time()))


def _count_finished(worker: TaskRecord, waves: Iterable[RenderedWave]) -> int:
    """The waves that a worker has finished. An earlier process can have had the same ID."""
    return sum(wave.pid == worker.pid and wave.started >= worker.started and wave.ended is not None for wave in waves)


def pool_of(worker: TaskRecord) -> str:
    """The pool of a worker: its log has the name of its task family, which ends with the pool's."""
    family = Path(worker.log).name.rpartition("-")[0]
    return family.rpartition("-")[2].lower()


def count_by_kind(deaths: Iterable[Death]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for death in deaths:
        counts[death.kind] = counts.get(death.kind, 0) + 1
    return counts


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
