"""What ECS and EC2 do: tasks start, stop when they are too many, and are taken back from spot."""

from collections.abc import Mapping
from random import Random

from simulation.model.events import Events
from simulation.model.outcomes import Outcomes
from simulation.model.pools import Pool
from simulation.model.tasks import ENDED, ON_DEMAND, SPOT, STARTING, Service, Task
from simulation.model.workers import Workers
from simulation.model.zones import Zones
from simulation.supply import Supply


class Services:
    """All services of a stage. `tasks` has every task that was ever requested."""

    def __init__(
        self, events: Events, pools: Mapping[str, Pool], outcomes: Outcomes, supply: Supply, random: Random
    ) -> None:
        self._events, self._pools, self._supply, self._random = events, pools, supply, random
        self.workers = Workers(events, pools, outcomes, on_idle=self._on_idle, on_left=self._end)
        self.zones = Zones(supply, random)
        self.tasks: list[Task] = []
        self.interrupted_at: list[float] = []
        self._tokens, self._filled_at = supply.launches.burst, 0.0
        for at in self.zones.changes():
            events.at(at, self._change_capacity)

    def reconcile(self, service: Service) -> None:
        """Stop tasks that are too many and not protected, and launch those that are missing."""
        self._scale_in(service)
        while service.active < service.desired:
            zone = self.zones.choose(self._events.now) if service.type == SPOT else None
            if service.type == SPOT and zone is None:
                self.zones.count_failures(service.desired - service.active)
                return
            if not self._take_launch():
                return
            self._launch(service, zone)

    def _launch(self, service: Service, zone: int | None) -> None:
        now, supply = self._events.now, self._supply
        delay_s = supply.on_demand_delay_s if service.type == ON_DEMAND else 0.0
        task = Task(service.pool, service.type, zone, now, now + delay_s)
        service.tasks[task] = None
        self.tasks.append(task)
        self._events.at(task.launched + supply.cold_start.total_s, self._get_ready, task)
        if zone is not None:
            self.zones.add(task, zone)
            if supply.interruptions_per_hour:
                lifetime_s = self._random.expovariate(supply.interruptions_per_hour / 3600)
                self._events.at(now + lifetime_s, self._notice, task)

    def _take_launch(self) -> bool:
        launches, now = self._supply.launches, self._events.now
        self._tokens = min(launches.burst, self._tokens + (now - self._filled_at) * launches.per_s)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _get_ready(self, task: Task) -> None:
        if task.state == STARTING:
            self.workers.work(task)

    def _on_idle(self, task: Task) -> None:
        service = self._service(task)
        if service.active > service.desired:
            self._events.at(self._events.now + self._supply.unprotect_s, self._scale_in, service)

    def _scale_in(self, service: Service) -> None:
        for task in service.find_unneeded(self._events.now, self._supply.unprotect_s):
            self._end(task)

    def _change_capacity(self) -> None:
        for task in self.zones.find_excess(self._events.now):
            self._notice(task)

    def _notice(self, task: Task) -> None:
        """AWS takes the instance back: the task finishes the images that fit, and returns the rest."""
        if task.state == ENDED or task.draining:
            return
        self.interrupted_at.append(self._events.now)
        self.zones.count_interruption(task)
        service = self._service(task)
        task.draining = True
        service.draining += 1
        if task.held:
            self.workers.put_back(task.held, 0.0)
            task.held = None
        if task.batch:
            self.workers.finish_what_fits(task, task.batch, self._events.now + self._supply.grace_s)
        else:
            self._end(task)
        self.reconcile(service)

    def _end(self, task: Task) -> None:
        service = self._service(task)
        if task.draining:
            service.draining -= 1
        del service.tasks[task]
        task.state, task.ended = ENDED, self._events.now
        task.epoch += 1
        if task.type == SPOT:
            self.zones.remove(task)

    def _service(self, task: Task) -> Service:
        return self._pools[task.pool].services[task.type]
