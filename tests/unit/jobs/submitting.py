"""Submissions with fakes around them, and requests of a maker."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from craftspark.accounts.plans import Plan, find_plan
from craftspark.errors import AccountMissing, InvalidInput
from craftspark.errors.styles import StyleUnknown
from craftspark.jobs.backlog import Backlog, Speed, WaitingJob
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.estimates import Capacity, Estimates
from craftspark.jobs.idempotency import Effect
from craftspark.jobs.job import Job
from craftspark.jobs.submissions import Admission, JobExists, Submissions
from craftspark.models.catalogue import find_model
from craftspark.moderation import Moderation, Objection, Refusal
from craftspark.styles.releases import Release
from craftspark.tools import TOOLS
from craftspark.tools.lineage import Lineage
from craftspark.tools.sources import Source
from tests.fakes import NOON


class FakeAcceptance:
    def __init__(self, *, account: bool = True, error: Exception | None = None) -> None:
        self.jobs: dict[str, Job] = {}
        self.account = account
        self.error = error
        self.plan = self.likely = find_plan("free")

    def accept(self, job: Job, effect: Effect | None = None, *, admission: Admission | None = None) -> None:
        if admission and (refusal := admission(self.plan)):
            raise refusal
        if job.job_id in self.jobs:
            raise JobExists(self.jobs[job.job_id])
        if not self.account:
            raise AccountMissing("none")
        if self.error:
            raise self.error
        self.jobs[job.job_id] = job

    def check_new(self, job_id: str) -> None:
        if job_id in self.jobs:
            raise JobExists(self.jobs[job_id])

    def likely_plan(self, maker: str) -> Plan:
        return self.likely

    def plan_of(self, maker: str) -> Plan:
        return self.plan

    def open_account(self, maker: str) -> None:
        self.account = True


class FakeReleases:
    """Contains one registered style and counts the lookups."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.release = Release(style="sunny", model="craftspark-clipart-128", stable="v1")

    def find(self, style: str) -> Release:
        self.asked.append(style)
        if style != self.release.style:
            raise StyleUnknown("none")
        return self.release


class FakeSources:
    """Contains one picture of maker-1."""

    source = Source(reference=f"upload/{'a' * 26}", bucket="uploads", key="k", width=96, height=64)

    def find(self, maker: str, reference: str, until: datetime, *, field: str) -> Source:
        if (maker, reference) != ("maker-1", self.source.reference):
            raise InvalidInput("none", field=field)
        return self.source


class FakeOrigins:
    """Knows the published picture `a...a`, a remix of `b...b`."""

    def find(self, maker: str, picture_id: str, *, field: str) -> Lineage:
        if picture_id != "a" * 26:
            raise InvalidInput("none", field=field)
        return Lineage(ancestors=(picture_id, "b" * 26), root="b" * 26, bound="cc-by-4.0")

    def strictest(self, bounds: Sequence[str | None]) -> str | None:
        return max(filter(None, bounds), default=None)

    def may_publish(self, lineage: Lineage) -> bool:
        return True


class FakeModerator:
    """Refuses the word "dragon"."""

    def objections(self, text: str) -> list[Objection]:
        return [Objection(reason="dragons", words="dragon")] if "dragon" in text else []


class FakeRefusals:
    kept: ClassVar[list[Refusal]] = []

    def add(self, refusal: Refusal) -> None:
        self.kept.append(refusal)


class FakeReadings:
    """Ten jobs wait, and each takes a worker `seconds`. `awake` workers take them from the queue."""

    def __init__(self, seconds: float = 3.0, awake: int = 2) -> None:
        self.seconds, self.awake = seconds, awake

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        job = WaitingJob(
            lane="interactive",
            tool="picture",
            kind="k",
            running=False,
            images=4,
            stored=0,
            work_s=self.seconds,
            shared_s=0,
        )
        return Backlog(jobs=[job] * 10, speed=Speed(awake=self.awake)), 0.0


class FakeIntake:
    def __init__(self) -> None:
        self.orders: list[JobOrder] = []

    def send(self, order: JobOrder) -> None:
        self.orders.append(order)


MODEL = find_model("craftspark-clipart-128")
CAPACITY = Capacity(
    pool="draw",
    device="cpu",
    min_tasks=2,
    launch_s=180,
    dispatch_s=1.0,
    batch_s=600,
    deadline_s=3600,
)


def a_counter(
    acceptance: FakeAcceptance | None = None, readings: FakeReadings | None = None
) -> tuple[Submissions, FakeAcceptance, FakeIntake]:
    acceptance, intake, readings = acceptance or FakeAcceptance(), FakeIntake(), readings or FakeReadings()
    submissions = Submissions(
        acceptance=acceptance,
        intake=intake,
        releases=FakeReleases(),
        sources=FakeSources(),
        origins=FakeOrigins(),
        moderation=Moderation(moderator=FakeModerator(), refusals=FakeRefusals()),
        estimates={
            **{tool: Estimates(readings=readings, model=MODEL, capacity=CAPACITY) for tool in TOOLS},
            "upscale": Estimates(
                readings=readings,
                model=find_model("craftspark-upscaler-x4"),
                capacity=replace(CAPACITY, pool="enlarge", min_tasks=0),
            ),
        },
        deadline=timedelta(hours=1),
        retention=timedelta(days=30),
        now=lambda: NOON,
    )
    return submissions, acceptance, intake


BODY = '{"prompt": "a red apple", "count": 6}'


def submit(submissions: Submissions, body: str = BODY, key: str = "key-1", maker: str = "maker-1") -> Job:
    return submissions.submit(maker, "picture", body, idempotency_key=key)


def ask(submissions: Submissions, tool: str, maker: str = "maker-1", **fields: Any) -> Job:
    body = json.dumps({"source": FakeSources.source.reference, **fields})
    return submissions.submit(maker, tool, body, idempotency_key="k")
