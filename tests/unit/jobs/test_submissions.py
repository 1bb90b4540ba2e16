"""Jobs are accepted once for each key, and sent to the pool that does their work."""

from dataclasses import replace

import pytest

from craftspark.errors import CreditsInsufficient, IdempotencyKeyReused, PromptRefused, ToolUnknown
from craftspark.jobs.job import JobState
from tests.unit.jobs.submitting import BODY, FakeAcceptance, FakeModerator, FakeReadings, a_counter, submit


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
