"""The simulation: one loop over jobs and events, from the first job to the end of the last."""

from random import Random

from craftspark.fleet.observations import FleetObservation
from simulation.demand import Demand
from simulation.model.admission import ADMITTED, Admission
from simulation.model.events import Events
from simulation.model.outcomes import Outcomes
from simulation.model.pools import Pool
from simulation.model.queues import Batch, Fairness
from simulation.model.services import Services
from simulation.policies import Policy
from simulation.results import Result, Sample
from simulation.supply import Supply

FAIR_QUEUES = Fairness()
# The images of a job that one task renders, at most.
BATCH_IMAGES = 8
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


class _Simulation:
    def __init__(self, policy: Policy, demand: Demand, supply: Supply, seed: int, fairness: Fairness) -> None:
        self.policy, self.demand, self.supply = policy, demand, supply
        self.events = Events()
        self.outcomes = Outcomes(demand)
        self.pools = {name: Pool(name, fairness, supply) for name in demand.pools}
        self.admission = Admission(self.pools, supply)
        self.services = Services(self.events, self.pools, self.outcomes, supply, Random(seed))
        self.samples: list[Sample] = []
        self.batches = 0

    def run(self) -> Result:
        events, jobs, outcomes = self.events, self.demand.jobs, self.outcomes
        latest = self.demand.length_s + OVERTIME_S
        events.at(0.0, self._decide)
        for index, job in enumerate(jobs):
            while events.next_at <= job.at:
                events.run_next()
            events.now = job.at
            self._submit(index)
        while (outcomes.unfinished or events.next_at <= self.demand.length_s) and events.next_at < latest:
            events.run_next()
        events.now = max(events.now, self.demand.length_s)
        for task in self.services.tasks:
            if task.ended < 0:
                task.ended = events.now
        return Result(
            demand=self.demand,
            supply=self.supply,
            ended_at=events.now,
            outcomes=outcomes,
            tasks=self.services.tasks,
            samples=self.samples,
            interrupted_at=self.services.interrupted_at,
            cut_off=self.services.workers.cut_off,
            rendered_s=self.services.workers.rendered_s,
        )

    def _submit(self, index: int) -> None:
        job = self.demand.jobs[index]
        pool = self.pools[job.pool]
        verdict = self.admission.judge(job, self.events.now)
        if verdict != ADMITTED:
            self.outcomes.refused[index] = verdict
            return
        pool.count_arrival(job.lane, job.work_s)
        self.outcomes.submit(index, -(-job.images // BATCH_IMAGES))
        for first in range(0, job.images, BATCH_IMAGES):
            self.batches += 1
            batch = Batch(job, index, min(job.images - first, BATCH_IMAGES), self.batches)
            pool.lanes[job.lane].put(batch, self.events.now)
            self.services.workers.offer(pool)

    def _decide(self) -> None:
        now = self.events.now
        markets = self.services.zones.observe()
        observation = FleetObservation(
            at=now, pools={name: pool.observe(now, markets) for name, pool in self.pools.items()}
        )
        messages = {name: pool.count_messages() for name, pool in self.pools.items()}
        decisions = self.policy.decide(observation, messages)
        for name, pool in self.pools.items():
            decision = decisions[name]
            for service, desired in zip(pool.services, (decision.spot, decision.on_demand), strict=True):
                service.desired = desired
                self.services.reconcile(service)
            seen = observation.pools[name]
            self.admission.learn(name, decision, seen.spot.running + seen.on_demand.running)
            self.samples.append(Sample.of(now, name, seen, decision))
        self.events.at(now + self.policy.every_s, self._decide)
