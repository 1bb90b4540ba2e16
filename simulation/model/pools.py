"""One pool: its queues, its services, and what is observed of them."""

from collections import deque

from craftspark.fleet.observations import LATE_S, LaneWork, PoolObservation, SpotMarket, Tasks
from simulation.demand import BULK, INTERACTIVE
from simulation.model.queues import Fairness, FairQueue
from simulation.model.tasks import IDLE, ON_DEMAND, SPOT, STARTING, Service, Task
from simulation.policies import Messages
from simulation.supply import Supply


class Pool:
    """The state of a pool."""

    def __init__(self, name: str, fairness: Fairness, supply: Supply) -> None:
        self.name, self.supply = name, supply
        self.minimum = supply.minimum.get(name, 0)
        self.lanes = (FairQueue(fairness), FairQueue(fairness))
        self.services = (Service(name, SPOT, self.minimum), Service(name, ON_DEMAND, 0))
        self._idle: deque[tuple[Task, int]] = deque()  # with the epoch at which the task became idle
        self._busy = [0, 0]  # by lane
        self._ends_s = [0.0, 0.0]  # by lane: the sum of the times at which the batches in progress end
        self._arrived_s = [0.0, 0.0]

    def count_arrival(self, lane: int, work_s: float) -> None:
        self._arrived_s[lane] += work_s

    def add_idle(self, task: Task) -> None:
        self._idle.append((task, task.epoch))

    def take_idle(self) -> Task | None:
        """The task that has been idle for longest."""
        while self._idle:
            task, epoch = self._idle.popleft()
            if task.state == IDLE and task.epoch == epoch:
                return task
        return None

    def count_work(self, lane: int, end: float, tasks: int) -> None:
        """One task more (1) or one less (-1) works on a batch that ends at `end`."""
        self._busy[lane] += tasks
        self._ends_s[lane] += tasks * end

    def measure_work_s(self, lane: int, now: float) -> float:
        """The unfinished work of a lane: what waits, and the rest of what is in progress."""
        return self.lanes[lane].waiting_s + max(0.0, self._ends_s[lane] - self._busy[lane] * now)

    def list_starts(self) -> list[float]:
        """When the tasks were requested that start."""
        tasks = (task for service in self.services for task in service.tasks)
        return [task.requested for task in tasks if task.state == STARTING and not task.draining]

    def count_messages(self) -> Messages:
        return Messages(
            waiting=sum(len(lane) for lane in self.lanes), in_flight=sum(lane.in_flight for lane in self.lanes)
        )

    def observe(self, now: float, markets: tuple[SpotMarket, ...]) -> PoolObservation:
        """What is observed, and what arrived since the last observation."""
        prices = self.supply.prices
        return PoolObservation(
            interactive=self._observe_lane(INTERACTIVE, now),
            bulk=self._observe_lane(BULK, now),
            spot=self._observe_tasks(self.services[SPOT], now, self.minimum, prices.spot),
            on_demand=self._observe_tasks(self.services[ON_DEMAND], now, 0, prices.on_demand),
            markets=markets,
            cold_start_s=self.supply.cold_start.total_s,
        )

    def _observe_lane(self, lane: int, now: float) -> LaneWork:
        queue = self.lanes[lane]
        oldest_s = queue.age(now, LATE_S)
        arrived_s, self._arrived_s[lane] = self._arrived_s[lane], 0.0
        return LaneWork(
            # Sums of many differences can be below 0 by their last digits.
            waiting_s=max(0.0, queue.waiting_s),
            late_s=max(0.0, queue.late_s),
            in_progress_s=max(0.0, self._ends_s[lane] - self._busy[lane] * now),
            arrived_s=arrived_s,
            oldest_s=oldest_s,
        )

    def _observe_tasks(self, service: Service, now: float, minimum: int, price: float) -> Tasks:
        starting = running = 0
        oldest_s = 0.0
        for task in service.tasks:
            if task.draining:
                continue
            if task.state == STARTING:
                starting += 1
                oldest_s = max(oldest_s, now - task.requested)
            else:
                running += 1
        return Tasks(
            running=running,
            starting=starting,
            oldest_start_s=oldest_s,
            draining=service.draining,
            desired=service.desired,
            minimum=minimum,
            maximum=self.supply.max_tasks,
            price=price,
        )
