"""A submission is accepted or rejected by how long its job would wait and render."""

import json
from dataclasses import replace

import pytest

from craftspark.errors import BacklogTooLong, CapacityInsufficient, RenderTooLong, WaitTooLong
from craftspark.jobs.backlog import Backlog
from tests.unit.jobs.submitting import CAPACITY, FakeReadings, FakeSources, a_counter, submit


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
