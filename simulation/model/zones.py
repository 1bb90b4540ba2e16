"""Spot markets: where spot tasks run, how many fit, and which are taken back."""

from bisect import bisect_right
from random import Random

from craftspark.fleet.observations import SpotMarket
from simulation.model.tasks import Task
from simulation.supply import Supply


class Zones:
    """The spot tasks of each zone. Launches go to the zone with the most room, as `capacity-optimized` does."""

    def __init__(self, supply: Supply, random: Random) -> None:
        self.zones, self.random = supply.zones, random
        self.tasks: list[dict[Task, None]] = [{} for _ in self.zones]
        self.interrupted = [0] * len(self.zones)
        self.failed = [0] * len(self.zones)
        self.notice_s = supply.notice_s
        self._times = [[at for at, _ in zone.capacity] if zone.capacity is not None else None for zone in self.zones]

    def changes(self) -> list[float]:
        """When a capacity changes, or is known to sink at the end of a notice."""
        times: set[float] = set()
        for zone in self.zones:
            for at, _ in zone.capacity or ():
                times.update((at, max(0.0, at - self.notice_s)))
        return sorted(times)

    def capacity(self, zone: int, now: float) -> float:
        """The tasks that fit, and stay for longer than a notice."""
        return min(self._capacity_at(zone, now), self._capacity_at(zone, now + self.notice_s))

    def _capacity_at(self, zone: int, at: float) -> float:
        times, capacity = self._times[zone], self.zones[zone].capacity
        if times is None or capacity is None:
            return float("inf")
        place = bisect_right(times, at) - 1
        return capacity[place][1] if place >= 0 else 0

    def choose(self, now: float) -> int | None:
        """The zone for a launch: the one with the most room, and of equal ones the one with the fewest tasks."""
        rooms = [(self.capacity(zone, now) - len(tasks), -len(tasks), -zone) for zone, tasks in enumerate(self.tasks)]
        room, _, zone = max(rooms, default=(0, 0, 0))
        return -zone if room > 0 else None

    def add(self, task: Task, zone: int) -> None:
        self.tasks[zone][task] = None

    def remove(self, task: Task) -> None:
        if task.zone is not None:
            del self.tasks[task.zone][task]

    def find_excess(self, now: float) -> list[Task]:
        """The tasks that are taken back, at random among those of a zone."""
        taken: list[Task] = []
        for zone, tasks in enumerate(self.tasks):
            staying = [task for task in tasks if not task.draining]
            excess = len(staying) - self.capacity(zone, now)
            if excess > 0:
                taken += self.random.sample(staying, int(excess))
        return taken

    def count_interruption(self, task: Task) -> None:
        if task.zone is not None:
            self.interrupted[task.zone] += 1

    def count_failures(self, launches: int) -> None:
        """Launches that found no capacity in any zone: each zone was tried."""
        for zone in range(len(self.zones)):
            self.failed[zone] += launches

    def observe(self) -> tuple[SpotMarket, ...]:
        """The markets, and what happened since they were last observed."""
        markets = tuple(
            SpotMarket(
                zone=zone.name,
                family=zone.family,
                running=len(self.tasks[index]),
                interrupted=self.interrupted[index],
                failed=self.failed[index],
            )
            for index, zone in enumerate(self.zones)
        )
        self.interrupted = [0] * len(self.zones)
        self.failed = [0] * len(self.zones)
        return markets
