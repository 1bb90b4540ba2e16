"""The simulation: one loop over events, from the first job to the end of the last."""

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from craftspark.fleet.observations import LATE_S, FleetObservation, LaneWork, PoolObservation, Tasks
from simulation.demand import BULK, INTERACTIVE, Demand
from simulation.policies import Messages, Policy
from simulation.queues import Batch, Fairness, FairQueue, JobRun
from simulation.results import Decided, Result
from simulation.supply import Supply
from simulation.tasks import BUSY, ENDED, IDLE, ON_DEMAND, SPOT, STARTING, Service, Task
from simulation.zones import Zones

# The images of a job that one task renders, at most.
BATCH_IMAGES = 8
# A job that has not started by then is refunded.
DEADLINE_S = 3600.0
FAIR_QUEUES = Fairness()
# The simulation ends this long after the demand, at the latest.
OVERTIME_S = 4 * 3600.0


def simulate(
    policy: Policy,
    demand: Demand,
    supply: Supply | None = None,
    *,
    seed: int = 0,
    fairness: Fairness = FAIR_QUEUES,
) -> Result:
    """Run the demand on the supply under the policy. The same arguments give the same result."""
    return _Simulation(policy, demand, supply or Supply(), seed, fairness).run()


class _Pool:
    def __init__(self, name: str, fairness: Fairness, minimum: int) -> None:
        self.name, self.minimum = name, minimum
        self.lanes = (FairQueue(fairness), FairQueue(fairness))
        self.services = (Service(name, SPOT, minimum), Service(name, ON_DEMAND, 0))
        self.idle: deque[tuple[Task, int]] = deque()  # with the epoch at which the task became idle
        self.busy = [0, 0]  # by lane
        self.ends_s = [0.0, 0.0]  # by lane: the sum of the moments at which the batches in progress end
        self.arrived_s = [0.0, 0.0]
        self.observed_at = 0.0


class _Simulation:
    def __init__(self, policy: Policy, demand: Demand, supply: Supply, seed: int, fairness: Fairness) -> None:
        self.policy, self.demand, self.supply = policy, demand, supply
        self.random = Random(seed)
        self.now = 0.0
        self.pools = {name: _Pool(name, fairness, supply.minimum.get(name, 0)) for name in demand.pools}
        self.zones = Zones(supply, self.random)
        self.events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.order = count()
        self.numbers = count()
        self.runs: list[JobRun] = []
        self.unfinished = 0
        self.tasks: list[Task] = []
        self.launch_tokens, self.launch_at = supply.launches.burst, 0.0
        self.interruptions = 0
        self.wasted_s = self.rendered_s = 0.0
        self.decided: list[Decided] = []

    def run(self) -> Result:
        jobs, arrive = self.demand.jobs, self._arrive
        self._at(0.0, self._decide)
        for at in self.zones.changes():
            self._at(at, self._change_capacity)
        following, jobs_left = 0, len(jobs)
        next_at = jobs[0].at if jobs else float("inf")
        events = self.events
        while jobs_left or self.unfinished or self.now < self.demand.length_s:
            if events[0][0] < next_at:
                self.now, _, handle, details = heappop(events)
                if self.now > self.demand.length_s + OVERTIME_S:
                    break
                handle(*details)
            else:
                self.now = next_at
                arrive(jobs[following])
                following += 1
                jobs_left -= 1
                next_at = jobs[following].at if jobs_left else float("inf")
        for task in self.tasks:
            if task.state != ENDED:
                task.ended = self.now
        return Result(
            demand=self.demand,
            supply=self.supply,
            ended_at=self.now,
            runs=self.runs,
            tasks=self.tasks,
            decided=self.decided,
            interruptions=self.interruptions,
            wasted_s=self.wasted_s,
            rendered_s=self.rendered_s,
        )

    def _at(self, at: float, handle: Callable[..., None], *details: Any) -> None:
        heappush(self.events, (at, next(self.order), handle, details))

    # Jobs

    def _arrive(self, job: Any) -> None:
        pool = self.pools[job.pool]
        run = JobRun(job)
        self.runs.append(run)
        pool.arrived_s[job.lane] += job.work_s
        self.unfinished += 1
        images = job.images
        while images > 0:
            batch = Batch(job, run, min(images, BATCH_IMAGES), next(self.numbers))
            images -= batch.images
            run.open += 1
            pool.lanes[job.lane].put(batch, self.now)
            task = self._find_idle(pool)
            if task:
                self._work(task)

    def _find_idle(self, pool: _Pool) -> Task | None:
        while pool.idle:
            task, epoch = pool.idle.popleft()
            if task.state == IDLE and task.epoch == epoch:
                return task
        return None

    # Tasks

    def _work(self, task: Task) -> None:
        """Give a free task its next work: interactive first, then the bulk batch that it holds, then bulk."""
        pool = self.pools[task.pool]
        interactive, bulk = pool.lanes
        batch: Batch | None
        if interactive.waiting:
            batch = interactive.take(self.now)
        elif task.held:
            batch, task.held = task.held, None
        elif bulk.waiting:
            batch = bulk.take(self.now)
        else:
            batch = None
        task.epoch += 1
        if batch is None:
            task.state, task.idle_since = IDLE, self.now
            pool.idle.append((task, task.epoch))
            service = pool.services[task.type]
            if service.active > service.desired:
                self._at(self.now + self.supply.unprotect_s, self._scale_in, service)
            return
        if batch.run.started < 0:
            batch.run.started = self.now
        task.state, task.batch, task.started = BUSY, batch, self.now
        lane = batch.job.lane
        task.end = self.now + batch.work_s
        pool.busy[lane] += 1
        pool.ends_s[lane] += task.end
        # After each image of a bulk batch, interactive work comes first.
        pause = self.now + batch.job.image_s if lane == BULK and batch.images > 1 else task.end
        self._at(pause, self._finish_images, task, batch, task.epoch)

    def _finish_images(self, task: Task, batch: Batch, epoch: int) -> None:
        """The task has finished its batch, or an image of a bulk batch."""
        if task.epoch != epoch:
            return
        pool = self.pools[task.pool]
        if self.now < task.end - 1e-6:
            if pool.lanes[INTERACTIVE].waiting:
                self._pause(task, batch, round((self.now - task.started) / batch.job.image_s))
                task.held = batch
                self._work(task)
            else:
                left_s = task.end - self.now
                step = min(batch.job.image_s, left_s)
                self._at(self.now + step if left_s - step > 1e-6 else task.end, self._finish_images, task, batch, epoch)
            return
        self._pause(task, batch, batch.images)
        pool.lanes[batch.job.lane].finish(batch, self.now, self.now - task.started)
        batch.run.open -= 1
        if not batch.run.open:
            batch.run.ended = self.now
            self.unfinished -= 1
        self._work(task)

    def _pause(self, task: Task, batch: Batch, images: int) -> None:
        """The task ends its work on a batch for now, of which it has rendered these images."""
        pool = self.pools[task.pool]
        lane = batch.job.lane
        pool.busy[lane] -= 1
        pool.ends_s[lane] -= task.end
        batch.images -= images
        self.rendered_s += images * batch.job.image_s
        task.batch = None

    def _start(self, task: Task) -> None:
        if task.state == STARTING and not task.draining:
            self._work(task)

    def _end(self, task: Task) -> None:
        service = self.pools[task.pool].services[task.type]
        if task.draining:
            service.draining -= 1
        del service.tasks[task]
        task.state, task.ended = ENDED, self.now
        task.epoch += 1
        if task.type == SPOT:
            self.zones.remove(task)

    # Spot

    def _change_capacity(self) -> None:
        for task in self.zones.find_excess(self.now):
            self._notice(task)

    def _notice(self, task: Task) -> None:
        """AWS takes the instance back: the task finishes the images that fit, and returns the rest."""
        if task.state == ENDED or task.draining:
            return
        self.interruptions += 1
        self.zones.count_interruption(task)
        pool = self.pools[task.pool]
        service = pool.services[task.type]
        task.draining = True
        service.draining += 1
        if task.held:
            self._return(task.held, 0.0)
            task.held = None
        if task.batch:
            self._finish_what_fits(task, task.batch)
        else:
            self._end(task)
        self._reconcile(service)

    def _finish_what_fits(self, task: Task, batch: Batch) -> None:
        """Render the images that end within the grace. An image in progress that does not fit is cut off."""
        stop = self.now + self.supply.grace_s
        image_s = batch.job.image_s
        images = min(batch.images, int((stop - task.started) / image_s + 1e-9))
        done_at = task.started + images * image_s
        task.epoch += 1
        self._at(done_at if done_at > self.now else stop, self._leave, task, batch, images)

    def _leave(self, task: Task, batch: Batch, images: int) -> None:
        """A task that got a notice stops. Its work on an unfinished image is lost."""
        pool = self.pools[task.pool]
        busy_s = self.now - task.started
        self.wasted_s += max(0.0, busy_s - images * batch.job.image_s)
        self._pause(task, batch, images)
        if batch.images:
            self._return(batch, busy_s)
        else:
            pool.lanes[batch.job.lane].finish(batch, self.now, busy_s)
            batch.run.open -= 1
            if not batch.run.open:
                batch.run.ended = self.now
                self.unfinished -= 1
        self._end(task)

    def _return(self, batch: Batch, busy_s: float) -> None:
        pool = self.pools[batch.job.pool]
        pool.lanes[batch.job.lane].finish(batch, self.now, busy_s)
        pool.lanes[batch.job.lane].put(batch, self.now, again=True)
        task = self._find_idle(pool)
        if task:
            self._work(task)

    # Services

    def _scale_in(self, service: Service) -> None:
        for task in service.find_unneeded(self.now, self.supply.unprotect_s):
            self._end(task)

    def _reconcile(self, service: Service) -> None:
        """Launch what is missing, and stop what is too many and not protected."""
        self._scale_in(service)
        while service.active < service.desired:
            zone = -1
            if service.type == SPOT:
                zone = self.zones.choose(self.now)
                if zone < 0:
                    self.zones.count_failures(service.desired - service.active)
                    return
            if not self._take_launch():
                return
            delay = self.supply.on_demand_delay_s if service.type == ON_DEMAND else 0.0
            requested = self.now + delay
            task = Task(service.pool, service.type, zone, self.now, requested + self.supply.cold_start.total_s)
            service.tasks[task] = None
            self.tasks.append(task)
            self._at(task.ready, self._start, task)
            if service.type == SPOT:
                self.zones.add(task)
                if self.supply.interruptions_per_hour:
                    self._at(
                        self.now + self.random.expovariate(self.supply.interruptions_per_hour / 3600),
                        self._notice,
                        task,
                    )

    def _take_launch(self) -> bool:
        launches = self.supply.launches
        self.launch_tokens = min(launches.burst, self.launch_tokens + (self.now - self.launch_at) * launches.per_s)
        self.launch_at = self.now
        if self.launch_tokens < 1:
            return False
        self.launch_tokens -= 1
        return True

    # Decisions

    def _decide(self) -> None:
        observation = FleetObservation(
            at=self.now, pools={name: self._observe(pool) for name, pool in self.pools.items()}
        )
        messages = {
            name: Messages(
                waiting=sum(len(lane) for lane in pool.lanes), in_flight=sum(lane.in_flight for lane in pool.lanes)
            )
            for name, pool in self.pools.items()
        }
        decisions = self.policy.decide(observation, messages)
        for name, pool in self.pools.items():
            decision = decisions[name]
            pool.services[SPOT].desired = decision.spot
            pool.services[ON_DEMAND].desired = decision.on_demand
            for service in pool.services:
                self._reconcile(service)
            self.decided.append(Decided.of(self.now, name, observation.pools[name], decision))
        self._at(self.now + self.policy.every_s, self._decide)

    def _observe(self, pool: _Pool) -> PoolObservation:
        interactive, bulk = (self._observe_lane(pool, lane) for lane in (INTERACTIVE, BULK))
        spot, on_demand = (self._observe_tasks(pool, service) for service in pool.services)
        return PoolObservation(
            interactive=interactive,
            bulk=bulk,
            spot=spot,
            on_demand=on_demand,
            markets=self.zones.observe(),
            cold_start_s=self.supply.cold_start.total_s,
        )

    def _observe_lane(self, pool: _Pool, lane: int) -> LaneWork:
        queue = pool.lanes[lane]
        oldest_s = queue.age(self.now, LATE_S)
        arrived_s, pool.arrived_s[lane] = pool.arrived_s[lane], 0.0
        return LaneWork(
            waiting_s=queue.waiting_s,
            late_s=queue.late_s,
            in_progress_s=max(0.0, pool.ends_s[lane] - pool.busy[lane] * self.now),
            arrived_s=arrived_s,
            oldest_s=oldest_s,
        )

    def _observe_tasks(self, pool: _Pool, service: Service) -> Tasks:
        starting = running = 0
        oldest_s = 0.0
        for task in service.tasks:
            if task.draining:
                continue
            if task.state == STARTING:
                starting += 1
                oldest_s = max(oldest_s, self.now - task.requested)
            else:
                running += 1
        prices = self.supply.prices
        return Tasks(
            running=running,
            starting=starting,
            oldest_start_s=oldest_s,
            draining=service.draining,
            desired=service.desired,
            minimum=pool.minimum if service.type == SPOT else 0,
            maximum=self.supply.max_tasks,
            price=prices.spot if service.type == SPOT else prices.on_demand,
        )
