import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from craftspark.accounts.plans import Plan, find_plan
from craftspark.errors import (
    AccountMissing,
    BacklogTooLong,
    CapacityInsufficient,
    CreditsInsufficient,
    IdempotencyKeyReused,
    InvalidInput,
    PromptRefused,
    RenderTooLong,
    ToolUnknown,
    WaitTooLong,
)
from craftspark.errors.styles import StyleUnknown
from craftspark.jobs.backlog import Backlog, Speed, WaitingJob
from craftspark.jobs.batches import JobOrder
from craftspark.jobs.estimates import Capacity, Estimates
from craftspark.jobs.idempotency import Effect
from craftspark.jobs.job import Job, JobState
from craftspark.jobs.submissions import Admission, JobExists, Submissions
from craftspark.models.catalogue import find_model
from craftspark.moderation import Moderation, Objection, Refusal
from craftspark.styles.releases import Pin, Release
from craftspark.tools import TOOLS
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

    def find(self, maker: str, reference: str, until: datetime) -> Source:
        if (maker, reference) != ("maker-1", self.source.reference):
            raise InvalidInput("none", field="source")
        return self.source


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


def test_a_job_is_reserved_and_sent_in_batches_with_a_seed_for_each_image() -> None:
    submissions, acceptance, intake = a_counter()

    job = submit(submissions)

    assert acceptance.jobs[job.job_id].price == 6
    batches = intake.orders[0].batches
    assert [[image.index for image in batch.images] for batch in batches] == [[0, 1, 2, 3], [4, 5]]
    assert len({image.seed for batch in batches for image in batch.images}) == 6


def test_an_order_carries_no_words_of_the_maker() -> None:
    submissions, _, intake = a_counter()

    submit(submissions)

    assert "apple" not in str(intake.orders)


def test_the_same_key_returns_the_same_job() -> None:
    submissions, acceptance, _ = a_counter()

    assert submit(submissions) == submit(submissions)
    assert len(acceptance.jobs) == 1


def test_the_same_key_with_the_same_value_in_another_notation_returns_the_same_job() -> None:
    submissions, _, _ = a_counter()

    assert submit(submissions) == submit(submissions, '{"count":6,  "prompt": "a red\\u0020apple"}')


def test_an_explicit_default_is_a_different_request() -> None:
    submissions, _, _ = a_counter()
    submit(submissions)

    with pytest.raises(IdempotencyKeyReused):
        submit(submissions, '{"prompt": "a red apple", "count": 6, "lane": "interactive"}')


def test_an_accepted_key_returns_its_job_even_if_the_rules_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submissions, _, _ = a_counter()
    job = submit(submissions)
    objections = FakeModerator().objections("a dragon")
    monkeypatch.setattr(FakeModerator, "objections", lambda self, text: objections)

    assert submit(submissions) == job
    with pytest.raises(IdempotencyKeyReused):
        submit(submissions, '{"prompt": "another apple"}')
    with pytest.raises(PromptRefused):
        submit(submissions, key="another")


def test_each_request_without_a_key_is_a_new_job() -> None:
    submissions, acceptance, _ = a_counter()

    for _ in range(2):
        submissions.submit("maker-1", "picture", BODY, idempotency_key=None)

    assert len(acceptance.jobs) == 2


def test_the_same_key_with_another_request_is_refused() -> None:
    submissions, _, _ = a_counter()
    submit(submissions)

    with pytest.raises(IdempotencyKeyReused):
        submit(submissions, '{"prompt": "a blue apple", "count": 6}')


def test_the_same_key_of_another_maker_is_another_job() -> None:
    submissions, _, _ = a_counter()

    assert submit(submissions).job_id != submit(submissions, maker="maker-2").job_id


def test_makers_and_keys_with_the_same_concatenation_are_different_jobs() -> None:
    submissions, _, _ = a_counter()

    assert submit(submissions, maker="ab", key="c").job_id != submit(submissions, maker="a", key="bc").job_id


def test_a_lost_message_is_sent_by_the_next_request() -> None:
    submissions, _, intake = a_counter()
    submit(submissions)
    intake.orders.clear()

    submit(submissions)

    assert len(intake.orders) == 1


def test_a_job_that_runs_is_not_sent_again() -> None:
    submissions, acceptance, intake = a_counter()
    job = submit(submissions)
    acceptance.jobs[job.job_id] = replace(job, state=JobState.RUNNING)
    intake.orders.clear()

    submit(submissions)

    assert intake.orders == []


def test_a_new_maker_gets_an_account() -> None:
    submissions, acceptance, intake = a_counter(FakeAcceptance(account=False))

    submit(submissions)

    assert acceptance.jobs
    assert intake.orders


def test_a_job_names_the_catalogue_entry_that_does_its_work() -> None:
    submissions, _, _ = a_counter()
    body = f'{{"source": "upload/{"a" * 26}"}}'

    upscaled = submissions.submit("maker-1", "upscale", body, idempotency_key="key-2")

    assert submit(submissions).model == "craftspark-clipart-128"
    assert upscaled.model == "craftspark-upscaler-x4"


@pytest.mark.parametrize(("awake", "queued"), [(0, False), (1, True)])
def test_an_order_names_its_pool_and_whether_a_worker_there_is_awake(awake: int, queued: bool) -> None:
    submissions, acceptance, intake = a_counter(readings=FakeReadings(seconds=1, awake=awake))
    body = f'{{"source": "upload/{"a" * 26}"}}'

    job = submissions.submit("maker-1", "upscale", body, idempotency_key="key-2")

    assert (intake.orders[0].pool, intake.orders[0].queued) == ("enlarge", queued)
    assert acceptance.jobs[job.job_id].pool == "enlarge"


def test_a_tool_that_the_stage_does_not_have_is_refused_with_those_it_has() -> None:
    submissions, _, intake = a_counter()
    fewer = replace(submissions, estimates={"picture": submissions.estimates["picture"]})

    for call in (fewer.quote, lambda *asked: fewer.submit(*asked, idempotency_key="k")):
        with pytest.raises(ToolUnknown, match="there is no tool 'clipart'; the tools are picture"):
            call("maker-1", "clipart", BODY)
    assert intake.orders == []


def test_a_rejected_job_is_not_sent() -> None:
    submissions, _, intake = a_counter(FakeAcceptance(error=CreditsInsufficient("none left")))

    with pytest.raises(CreditsInsufficient):
        submit(submissions)
    assert intake.orders == []


def test_an_unknown_tool_is_refused_by_name() -> None:
    submissions, _, _ = a_counter()

    with pytest.raises(ToolUnknown, match="knitting"):
        submissions.submit("maker-1", "knitting", BODY, idempotency_key="k")


def ask(submissions: Submissions, tool: str, maker: str = "maker-1", **fields: Any) -> Job:
    body = json.dumps({"source": FakeSources.source.reference, **fields})
    return submissions.submit(maker, tool, body, idempotency_key="k")


def test_a_source_is_looked_up_kept_and_priced() -> None:
    submissions, acceptance, _ = a_counter()

    job = ask(submissions, "outpaint", width=400, height=64, prompt="a", steps=50)

    assert acceptance.jobs[job.job_id].source == FakeSources.source
    # Its canvas is so elongated that it is drawn in several parts.
    assert job.credits_per_image > ask(a_counter()[0], "outpaint", aspect="2:1", prompt="a", steps=50).credits_per_image
    assert ask(a_counter()[0], "outpaint", aspect="2:1").request["width"] == 128


@pytest.mark.parametrize(
    ("tool", "fields", "field"),
    [
        ("outpaint", {"width": 80}, "width"),
        ("outpaint", {"height": 63}, "height"),
        ("outpaint", {"width": 2049}, "width"),
        ("outpaint", {"aspect": "90:1"}, "aspect"),
        ("outpaint", {"aspect": "3:2"}, "aspect"),
        ("outpaint", {"aspect": "2:1", "width": 192}, "aspect"),
        ("outpaint", {"aspect": "0:1"}, "aspect"),
        ("outpaint", {"source": "https://example.com/a.png"}, "source"),
        ("variations", {"strength": 1.0}, "strength"),
        ("variations", {"preset": "oils"}, "preset"),
        ("variations", {"preset": "watercolour"}, "preset"),
        ("pattern", {"way": "tossed", "repeat": "mirror"}, "repeat"),
        ("pattern", {"way": "painted", "repeat": "mirror", "sheet": {"height": 2, "repeat": 9}}, "sheet.repeat"),
        ("pattern", {"palette": ["red"]}, "palette.0"),
        ("pattern", {"palette": ["#000000"] * 7}, "palette"),
        ("pattern", {"way": "painted", "strength": 0.05}, "strength"),
        ("pattern", {"source": None}, "prompt"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "strength": 0.5}, "strength"),
        ("pattern", {"source": None, "prompt": "a", "repeat": "x"}, "repeat"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "also": ["b"]}, "also"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "toss": {}}, "toss"),
        ("pattern", {"source": None, "prompt": "a", "way": "painted", "background": "transparent"}, "background"),
        ("pattern", {"source": None, "prompt": "a", "background": "red"}, "background"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"width": 151}}, "sheet.width"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"repeat": 0.2}}, "sheet.repeat"),
        ("pattern", {"source": None, "prompt": "a", "sheet": {"width": 60, "repeat": 50}}, "sheet.repeat"),
        ("upscale", {"factor": 3}, "factor"),
        ("upscale", {"count": 2}, "count"),
    ],
)
def test_a_request_that_does_not_fit_is_rejected_with_its_field_and_reserves_nothing(
    tool: str, fields: dict[str, Any], field: str
) -> None:
    submissions, acceptance, intake = a_counter()

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, tool, **fields)

    assert refused.value.field == field
    assert (acceptance.jobs, intake.orders) == ({}, [])


def test_a_result_that_is_too_large_is_refused() -> None:
    submissions, _, _ = a_counter()
    submissions.sources.source = replace(FakeSources.source, width=2049, height=100)  # type: ignore[attr-defined]

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, "upscale", factor=4)
    assert refused.value.field == "factor"


def test_another_maker_s_picture_is_rejected_like_a_missing_one() -> None:
    submissions, acceptance, _ = a_counter()

    with pytest.raises(InvalidInput) as refused:
        ask(submissions, "upscale", maker="maker-2")
    assert refused.value.field == "source"
    assert acceptance.jobs == {}


def test_a_repeated_request_gets_the_same_random_seed() -> None:
    assert submit(a_counter()[0]).seeds == submit(a_counter()[0]).seeds


def test_a_given_seed_is_the_first_image_s() -> None:
    job = submit(a_counter()[0], '{"prompt": "x", "count": 3, "seed": 4294967295}')

    assert job.seeds == (4294967295, 0, 1)


def test_defaults_come_from_the_model_and_the_price_follows_the_steps() -> None:
    plain = submit(a_counter()[0], '{"prompt": "x", "count": 2}')
    long = submit(a_counter()[0], '{"prompt": "x", "count": 2, "steps": 50}')

    assert plain.request["size"] == "128x128"
    assert (plain.price, long.price) == (2, 4)


def test_a_registered_style_is_pinned_to_its_current_version() -> None:
    submissions, _, _ = a_counter()
    releases = FakeReleases()
    submissions = replace(submissions, releases=releases)

    first = submit(submissions, '{"prompt": "x", "style": "sunny"}')
    releases.release = replace(releases.release, stable="v2")

    assert first.pin == Pin(style="sunny", version="v1")
    assert submit(submissions, '{"prompt": "x", "style": "sunny"}') == first
    later = submit(submissions, '{"prompt": "x", "style": "sunny"}', key="key-2").pin
    assert later
    assert later.version == "v2"


def test_a_request_without_a_registered_style_does_not_read_the_registry() -> None:
    releases = FakeReleases()
    submissions = replace(a_counter()[0], releases=releases)

    plain = submit(submissions)
    built_in = submit(submissions, '{"prompt": "x", "style": "bold-flat"}', key="key-2")

    assert (plain.pin, built_in.pin, releases.asked) == (None, None, [])


@pytest.mark.parametrize("release", [{"style": "other"}, {"stable": ""}, {"model": "another"}])
def test_an_unknown_style_is_rejected_with_its_field(release: dict[str, Any]) -> None:
    releases = FakeReleases()
    releases.release = replace(releases.release, **release)
    submissions = replace(a_counter()[0], releases=releases)

    with pytest.raises(InvalidInput, match="bold-flat") as refused:
        submit(submissions, '{"prompt": "x", "style": "sunny"}')
    assert refused.value.field == "style"


def test_a_quote_has_price_times_and_cheaper_settings_and_reserves_nothing() -> None:
    submissions, acceptance, intake = a_counter()

    quote = submissions.quote("maker-1", "picture", '{"prompt": "a", "count": 6, "steps": 50}')

    assert (quote.price, quote.credits_per_image) == (12, 2)
    # Ten jobs of 3 s on two workers, and the time until a worker receives the job.
    assert quote.estimate.wait_s == 16
    # One batch on each worker: a wave of 50 steps.
    assert 3 < quote.estimate.render_s < 6
    assert quote.estimate.total_s == quote.estimate.wait_s + quote.estimate.render_s
    assert [(each.changes, each.price) for each in quote.cheaper] == [
        ({"steps": 8}, 6),
        ({"count": 3}, 6),
        ({"count": 1}, 2),
    ]
    assert quote.cheaper[0].render_s < quote.estimate.render_s
    assert (acceptance.jobs, intake.orders) == ({}, [])


def test_an_accepted_job_carries_its_work_and_the_estimate_that_it_was_accepted_with() -> None:
    submissions, acceptance, _ = a_counter()

    job = submit(submissions, '{"prompt": "a", "count": 8, "steps": 50}')

    assert acceptance.jobs[job.job_id] == job
    assert job.work_s == pytest.approx(2 * 4.49, rel=0.1)
    assert (job.estimated_wait_s, job.estimated_render_s) == (16, 5)


class OldReadings(FakeReadings):
    """Ten jobs have come since the last reading, which is 20 s old and good enough for most submissions."""

    def read(self, *, max_age_s: float) -> tuple[Backlog, float]:
        fresh, _ = super().read(max_age_s=max_age_s)
        return (fresh, 0.0) if max_age_s < 20 else (replace(fresh, jobs=[]), 20.0)


def test_a_plan_that_accepts_less_than_the_likely_one_is_refused_by_a_fresh_reading() -> None:
    submissions, acceptance, intake = a_counter(readings=OldReadings(seconds=20))
    acceptance.likely = replace(acceptance.plan, admitted_wait_s=1000)

    with pytest.raises(CapacityInsufficient):
        submit(submissions)

    assert (acceptance.jobs, intake.orders) == ({}, [])
    acceptance.plan = acceptance.likely
    assert submit(submissions)


def test_a_job_that_would_wait_too_long_is_rejected_with_the_estimate_and_reserves_nothing() -> None:
    submissions, acceptance, _ = a_counter()

    with pytest.raises(WaitTooLong) as refused:
        submit(submissions, '{"prompt": "a", "max_wait_s": 15}')

    assert refused.value.facts == {"estimated_wait_s": 16, "retry_after_s": 1}
    assert acceptance.jobs == {}
    assert submit(submissions, '{"prompt": "a", "max_wait_s": 16}')


def test_a_job_that_would_miss_its_deadline_is_rejected_and_reserves_nothing() -> None:
    readings = FakeReadings(seconds=720)
    submissions, acceptance, intake = a_counter(readings=readings)
    acceptance.plan = replace(acceptance.plan, admitted_wait_s=3600)

    for call in (submissions.quote, lambda *asked: submissions.submit(*asked, idempotency_key="k")):
        with pytest.raises(BacklogTooLong, match="3601 s") as refused:
            call("maker-1", "picture", '{"prompt": "a"}')

    facts = refused.value.facts
    assert (facts["estimated_wait_s"], facts["deadline_s"]) == (3601, 3600)
    assert facts["retry_after_s"] >= 1
    assert (acceptance.jobs, intake.orders) == ({}, [])
    readings.seconds = 719
    assert submit(submissions)


@pytest.mark.parametrize(
    ("body", "seconds"), [('{"prompt": "a", "max_wait_s": 16}', 1000), ('{"prompt": "a"}', 10_000)]
)
def test_an_accepted_job_is_returned_even_if_the_wait_is_too_long_now(body: str, seconds: float) -> None:
    readings = FakeReadings()
    submissions, _, _ = a_counter(readings=readings)
    job = submit(submissions, body)
    readings.seconds = seconds

    assert submit(submissions, body) == job
    with pytest.raises((WaitTooLong, BacklogTooLong)):
        submit(submissions, body, key="another")


def test_a_job_that_takes_too_long_is_rejected_with_its_fields_and_reserves_nothing() -> None:
    submissions, acceptance, intake = a_counter()
    short = replace(submissions.estimates["outpaint"], capacity=replace(CAPACITY, batch_s=10))
    submissions = replace(submissions, estimates={"outpaint": short})
    asked = {"source": FakeSources.source.reference, "prompt": "a", "width": 2048, "height": 2048, "count": 8}
    asked["steps"] = 50

    for call in (submissions.quote, lambda *asked: submissions.submit(*asked, idempotency_key="k")):
        with pytest.raises(RenderTooLong) as refused:
            call("maker-1", "outpaint", json.dumps(asked))
        assert [error["field"] for error in refused.value.facts["errors"]][:2] == ["count", "steps"]

    assert (acceptance.jobs, intake.orders) == ({}, [])


def test_an_accepted_job_is_returned_even_if_it_takes_too_long_now() -> None:
    submissions, _, _ = a_counter()
    job = submit(submissions)
    short = replace(submissions.estimates["picture"], capacity=replace(CAPACITY, deadline_s=1))
    slower = replace(submissions, estimates={"picture": short})

    assert submit(slower) == job
    with pytest.raises(RenderTooLong):
        submit(slower, key="another")


@pytest.mark.parametrize(
    ("tool", "body", "field"),
    [
        ("picture", {"prompt": "a dragon"}, "prompt"),
        ("pattern", {"prompt": "a rose", "also": ["leaf", "dragon"]}, "also.1"),
        ("variations", {"source": FakeSources.source.reference, "prompt": "dragon"}, "prompt"),
    ],
)
def test_refused_words_reserve_nothing_and_are_recorded_without_the_words(
    tool: str, body: dict[str, Any], field: str
) -> None:
    submissions, acceptance, _ = a_counter()
    FakeRefusals.kept.clear()

    for call in (submissions.quote, lambda *asked: submissions.submit(*asked, idempotency_key="k")):
        with pytest.raises(PromptRefused) as refused:
            call("maker-1", tool, json.dumps(body))
        assert refused.value.field == field
        assert refused.value.facts["words"] == ["dragon"]
        assert "dragon " not in refused.value.detail  # details are logged

    assert acceptance.jobs == {}
    assert [(each.maker, each.field, each.objections) for each in FakeRefusals.kept] == [
        ("maker-1", field, ("dragons",))
    ] * 2
    assert "dragon " not in str(FakeRefusals.kept)


def test_a_negative_prompt_is_not_moderated() -> None:
    assert submit(a_counter()[0], '{"prompt": "a rose", "negative_prompt": "dragon"}')
