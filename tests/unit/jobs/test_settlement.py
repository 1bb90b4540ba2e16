from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from craftspark.errors import JobAlreadyFinal, JobChanged, JobNotFound, ModelUnavailable, RenderFailed
from craftspark.errors.outcomes import GpuUnavailable, InternalError
from craftspark.jobs.endings import JobEnd
from craftspark.jobs.failures import PUBLIC_AS_IS, REASONS
from craftspark.jobs.job import Job, JobRecord, JobState
from craftspark.jobs.settlement import Settlement, Verdict, failure_of, first_fault
from tests.fakes import NOON, a_record


class FakeJobRecords:
    """One job. `stored_meanwhile` images are stored between a read and the write that follows it."""

    def __init__(self, record: JobRecord, *, stored_meanwhile: Iterable[int] = ()) -> None:
        self.record = record
        self.ended = 0
        self._stored_meanwhile = list(stored_meanwhile)

    def read(self, job_id: str) -> JobRecord:
        return self.record

    def read_any(self, job_id: str) -> JobRecord:
        return self.record

    def overdue(self, now: datetime) -> Iterable[str]:
        return [self.record.job.job_id] if self.record.job.deadline < now else []

    def end(self, record: JobRecord, verdict: Verdict) -> Job:
        if self._stored_meanwhile:
            image = self._stored_meanwhile.pop()
            self.record = a_record(stored=[*self.record.images, image])
        if record.job.images_stored != self.record.job.images_stored or self.record.job.state.final:
            raise JobChanged("changed")
        self.ended += 1
        job = replace(
            record.job,
            state=verdict.state,
            delivered=verdict.delivered,
            uncharged=verdict.uncharged,
            near_identical=verdict.near_identical,
            failures=verdict.failures,
        )
        self.record = replace(record, job=job)
        return job


def an_end(*outcomes: dict[str, Any], error: str | None = None, cause: str | None = None) -> JobEnd:
    return JobEnd.from_json({"job_id": "a" * 26, "outcomes": outcomes, "error": error, "cause": cause})


def settle(
    records: FakeJobRecords, *outcomes: dict[str, Any], error: str | None = None, cause: str | None = None
) -> Job:
    return Settlement(records=records, now=lambda: NOON).settle(an_end(*outcomes, error=error, cause=cause))[0]


def test_all_images_delivered_is_success_and_all_is_spent() -> None:
    job = settle(FakeJobRecords(a_record(stored=range(4))))

    assert (job.state, job.spent, job.refunded, job.failures) == (JobState.SUCCEEDED, 4, 0, ())


def test_missing_images_are_refunded_with_a_reason() -> None:
    job = settle(
        FakeJobRecords(a_record(stored=(0, 2))),
        {"batch": 0, "rendered": [0, 2], "failed": [{"index": 1, "error": "UnsafeContent", "reason": "no"}]},
    )

    assert (job.state, job.spent, job.refunded) == (JobState.PARTLY_SUCCEEDED, 2, 2)
    assert [(failure.index, failure.error) for failure in job.failures] == [(1, "UnsafeContent"), (3, "RenderFailed")]


def a_record_that_misses(*missed: int, **changes: Any) -> JobRecord:
    """All images are stored, and these do not show their subject."""
    record = a_record(stored=range(4), **changes)
    images = {index: replace(image, subject_missed=index in missed) for index, image in record.images.items()}
    return replace(record, images=images)


def test_an_image_that_misses_its_subject_is_delivered_and_refunded_where_the_plan_says_so() -> None:
    records = FakeJobRecords(a_record_that_misses(1, 3, refunds_missed_subject=True))

    first, again = settle(records), settle(records)

    assert (first.state, first.delivered, first.spent, first.refunded) == (JobState.SUCCEEDED, 4, 2, 2)
    assert (again, records.ended) == (first, 1)


def test_a_cancelled_job_refunds_an_image_that_misses_its_subject_too() -> None:
    record = a_record_that_misses(0, refunds_missed_subject=True)
    partly = replace(record, images={index: record.images[index] for index in (0, 1)})
    settlement = Settlement(records=FakeJobRecords(partly), now=lambda: NOON)

    job = settlement.cancel(partly.job.maker, partly.job.job_id)

    assert (job.state, job.delivered, job.spent, job.refunded) == (JobState.CANCELLED, 2, 1, 3)


def test_the_images_of_a_cancelled_job_that_look_nearly_the_same_are_named() -> None:
    record = a_record(stored=[0, 2, 3])
    layouts = {0: bytes(192), 2: bytes(96) + b"\xff" * 96, 3: bytes(192)}
    images = {index: replace(image, colour_layout=layouts[index]) for index, image in record.images.items()}
    records = FakeJobRecords(replace(record, images=images))

    assert Settlement(records=records).cancel("maker-1", "a" * 26).near_identical == {3: 0}


def test_an_image_that_misses_its_subject_is_charged_with_other_plans() -> None:
    assert settle(FakeJobRecords(a_record_that_misses(1, 3))).spent == 4


def broken(batch: int, error: str, cause: str, *images: int) -> dict[str, Any]:
    return {"batch": batch, "images": [*images], "error": error, "cause": cause}


def test_the_error_of_a_batch_is_the_reason_of_its_images() -> None:
    job = settle(
        FakeJobRecords(a_record(stored=(4,), seeds=tuple(range(8)))),
        broken(0, "States.HeartbeatTimeout", "", 0, 1),
        {"batch": 1, "rendered": [], "failed": [{"index": 2, "error": "UnsafeContent", "reason": "no"}]},
        broken(2, "SourceMissing", "it is gone", 4, 5),  # one of its images is stored
        broken(3, "ModelUnavailable", "not there", 6),
    )

    assert (job.state, job.refunded) == (JobState.PARTLY_SUCCEEDED, 7)
    assert [(failure.index, failure.error, failure.reason) for failure in job.failures] == [
        (0, "GpuUnavailable", REASONS[GpuUnavailable]),
        (1, "GpuUnavailable", REASONS[GpuUnavailable]),
        (2, "UnsafeContent", "no"),
        (3, "RenderFailed", REASONS[RenderFailed]),
        (5, "SourceMissing", "it is gone"),
        (6, "ModelUnavailable", REASONS[ModelUnavailable]),
        (7, "RenderFailed", REASONS[RenderFailed]),
    ]


# Reserved names of Step Functions, and other names that an execution can have from us or from AWS services.
INTERNAL = """
    States.ALL States.BranchFailed States.DataLimitExceeded States.ExceedToleratedFailureThreshold
    States.HeartbeatTimeout States.Http.Socket States.IntrinsicFailure States.ItemReaderFailed States.NoChoiceMatched
    States.ParameterPathFailure States.Permissions States.QueryEvaluationError States.ResultPathMatchFailure
    States.ResultWriterFailed States.Runtime States.TaskFailed States.Timeout
    AwsUnreachable ClientError Contended ContractBroken DeliveryStalled DeviceLost ECS.AccessDeniedException
    ECS.AmazonECSException ECS.Unknown JobChanged JobNotFound KeyError Lambda.Unknown MemoryError
    SQS.SdkClientException SettingMissing SpotInterrupted WorkerBroken torch.OutOfMemoryError
"""


def test_makers_never_see_internal_errors() -> None:
    secret = "KeyError: 's3://bucket/key' in /app/gpu_tasks/renderers.py"
    record = a_record(stored=(0, 1, 2))
    reasons = {kind.__name__: reason for kind, reason in REASONS.items()}
    for error in (*INTERNAL.split(), "\u2603 " * 9, *reasons):
        of_batch = broken(0, error, secret, 3)
        of_image = {"batch": 0, "rendered": [], "failed": [{"index": 3, "error": error, "reason": secret}]}
        for outcomes, of_job in (([of_batch], None), ([of_image], None), ([], error)):
            [failure] = settle(FakeJobRecords(record), *outcomes, error=of_job, cause=secret).failures

            assert failure.error in reasons, error
            assert failure.error == error or error not in reasons
            assert failure.reason == reasons[failure.error]
    for kind in PUBLIC_AS_IS:  # without a message, the name is not a reason for makers
        [failure] = settle(FakeJobRecords(record), broken(0, kind.__name__, "", 3)).failures
        assert (failure.error, failure.reason) == ("InternalError", REASONS[InternalError])


def test_logs_and_executions_keep_the_error_name() -> None:
    outcomes = [broken(0, "ModelUnavailable", "", 0), broken(1, "States.HeartbeatTimeout", "", 1)]
    failures = [failure_of(1, "States.HeartbeatTimeout", "")]

    assert first_fault(failures, an_end(*outcomes)) == "States.HeartbeatTimeout"
    assert first_fault(failures, an_end(error="States.Runtime")) == "States.Runtime"
    assert first_fault(failures, an_end()) == "RenderFailed"
    assert first_fault([], an_end(*outcomes)) is None


@pytest.mark.parametrize("error", ["ImageFlawed", "InvalidInput", "SourceMissing", "UnsafeContent"])
def test_makers_see_errors_of_the_request_or_the_picture(error: str) -> None:
    job = settle(FakeJobRecords(a_record()), broken(0, error, "the source upload/a is gone", *range(4)))

    assert {failure.reason for failure in job.failures} == {"the source upload/a is gone"}


def test_an_execution_that_ended_gives_its_reason() -> None:
    job = settle(FakeJobRecords(a_record()), error="ExecutionEnded", cause="TIMED_OUT")

    assert {failure.error for failure in job.failures} == {"ExecutionEnded"}


def test_settling_twice_ends_the_job_once() -> None:
    records = FakeJobRecords(a_record(stored=(0,)))

    assert settle(records) == settle(records, error="ExecutionEnded")
    assert records.ended == 1


def test_an_image_stored_while_settling_is_charged() -> None:
    job = settle(FakeJobRecords(a_record(stored=(0,)), stored_meanwhile=(1, 2)))

    assert job.spent == 3


def test_settling_raises_if_the_job_changes_on_every_try() -> None:
    class Restless(FakeJobRecords):
        def end(self, record: JobRecord, verdict: Verdict) -> Job:
            raise JobChanged("changed")

    with pytest.raises(JobChanged, match="10 tries"):
        settle(Restless(a_record()))


def cancel(records: FakeJobRecords, maker: str = "maker-1") -> Job:
    return Settlement(records=records, now=lambda: NOON).cancel(maker, "a" * 26)


def test_cancelling_refunds_what_is_not_rendered() -> None:
    job = cancel(FakeJobRecords(a_record(stored=(0,), state=JobState.RUNNING)))

    assert (job.state, job.spent, job.refunded) == (JobState.CANCELLED, 1, 3)


def test_cancelling_twice_is_one_cancellation() -> None:
    records = FakeJobRecords(a_record())

    assert cancel(records) == cancel(records)
    assert records.ended == 1


def test_a_complete_job_succeeds_instead_of_being_cancelled() -> None:
    records = FakeJobRecords(a_record(stored=range(4), state=JobState.RUNNING))

    with pytest.raises(JobAlreadyFinal):
        cancel(records)
    assert records.record.job.state is JobState.SUCCEEDED


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED, JobState.CANCELLED])
def test_another_maker_s_job_is_not_found(state: JobState) -> None:
    records = FakeJobRecords(a_record(state=state))

    with pytest.raises(JobNotFound):
        cancel(records, maker="maker-2")
    assert records.ended == 0


def test_an_overdue_job_is_ended_and_refunded() -> None:
    late = Settlement(records=FakeJobRecords(a_record()), now=lambda: a_record().job.expires_at)

    jobs = [late.end_overdue(job_id) for job_id in late.overdue()]

    assert [(job.state, job.refunded, job.failures[0].error) for job in jobs] == [(JobState.FAILED, 4, "JobOverdue")]


def test_only_the_call_that_ended_the_job_reports_it() -> None:
    settlement = Settlement(records=FakeJobRecords(a_record()), now=lambda: NOON)

    told = [settlement.settle(an_end())[1] for _ in range(2)]

    assert told == [True, False]


def test_an_expired_job_is_resolved_and_not_charged() -> None:
    records = FakeJobRecords(a_record(stored=(0, 1)))
    after = records.record.job.expires_at

    job = Settlement(records=records, now=lambda: after).end_overdue("a" * 26)

    assert (job.state, job.spent, job.refunded) == (JobState.FAILED, 0, 4)
    assert {failure.error for failure in job.failures} == {"JobOverdue"}
    assert len(job.failures) == 4
