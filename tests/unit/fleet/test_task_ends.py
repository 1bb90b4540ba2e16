"""Why a task ended, and what happens to its work."""

from dataclasses import dataclass, field, replace

import pytest

from craftspark.errors import CraftsparkError, Retry, SpotInterrupted
from craftspark.errors.worker import AwsUnreachable, DeviceLost, WorkerBroken, WorkerLost
from craftspark.fleet.interruptions.task_ends import ExitCode, TakenBatch, TaskEnd, describe_end, release_work

KILLED = 128 + 9
LOST = TaskEnd(
    task="arn:task/fleet/1",
    stop_code="EssentialContainerExited",
    reason="Essential container in task exited",
    exit_code=KILLED,
    token="token-1",
)
BATCHES = tuple(TakenBatch(queue_url="http://queue", receipt=receipt) for receipt in ("r1", "r2"))


@dataclass
class FakeTokens:
    open: bool = True
    failed: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, token: str, error: CraftsparkError) -> bool:
        self.failed.append((token, error.name))
        return self.open


@dataclass
class FakeBatches:
    taken: tuple[TakenBatch, ...] = ()
    answered: tuple[TakenBatch, ...] = ()
    released: list[TakenBatch] = field(default_factory=list)

    forgotten: list[str] = field(default_factory=list)

    def find(self, task: str) -> tuple[TakenBatch, ...]:
        return self.taken if task == LOST.task and task not in self.forgotten else ()

    def forget(self, task: str) -> None:
        self.forgotten.append(task)

    def release(self, batch: TakenBatch) -> bool:
        if batch in self.answered:
            return False
        self.released.append(batch)
        return True


@pytest.mark.parametrize(
    ("stop_code", "exit_code", "container_reason", "error"),
    [
        # From outside, whether the container could end in time or not.
        ("UserInitiated", 0, "", SpotInterrupted),
        ("UserInitiated", KILLED, "", SpotInterrupted),
        ("ServiceSchedulerInitiated", 143, "", SpotInterrupted),
        ("SpotInterruption", None, "", SpotInterrupted),
        ("TerminationNotice", None, "", SpotInterrupted),
        # No container ran.
        ("TaskFailedToStart", None, "CannotPullContainerError: pull image manifest", WorkerBroken),
        ("TaskFailedToStart", None, "", WorkerBroken),
        # The container ended, and nobody had stopped the task.
        ("EssentialContainerExited", KILLED, "", WorkerLost),
        ("EssentialContainerExited", 139, "", WorkerLost),
        ("EssentialContainerExited", None, "", WorkerLost),
        ("EssentialContainerExited", 0, "", WorkerLost),
        ("EssentialContainerExited", KILLED, "OutOfMemoryError: Container killed due to memory usage", WorkerBroken),
        ("EssentialContainerExited", 1, "", WorkerBroken),
        ("EssentialContainerExited", ExitCode.STALLED, "", WorkerBroken),
        ("EssentialContainerExited", ExitCode.UNREACHABLE, "", AwsUnreachable),
        ("EssentialContainerExited", ExitCode.DEVICE_LOST, "", DeviceLost),
        ("", None, "", WorkerLost),
    ],
)
def test_the_end_of_a_task_has_the_error_that_says_what_helps(
    stop_code: str, exit_code: int | None, container_reason: str, error: type[CraftsparkError]
) -> None:
    end = replace(LOST, stop_code=stop_code, exit_code=exit_code, container_reason=container_reason)

    described = describe_end(end)

    assert type(described) is error
    assert container_reason in described.detail
    assert described.detail


def test_what_was_interrupted_or_killed_continues_at_once_and_what_failed_elsewhere() -> None:
    assert {each.retry for each in (SpotInterrupted, WorkerLost)} == {Retry.AT_ONCE}
    assert {each.retry for each in (WorkerBroken, AwsUnreachable, DeviceLost)} == {Retry.ELSEWHERE}


def test_the_token_fails_and_every_open_batch_goes_to_other_workers() -> None:
    tokens, batches = FakeTokens(), FakeBatches(BATCHES)

    released = release_work(LOST, tokens, batches)

    assert tokens.failed == [("token-1", "WorkerLost")]
    assert batches.released == list(BATCHES)
    assert released.error is not None
    assert (released.error.name, released.batches) == ("WorkerLost", 2)


def test_an_event_that_comes_again_releases_nothing() -> None:
    tokens, batches = FakeTokens(open=False), FakeBatches(BATCHES)

    released = [release_work(LOST, tokens, batches).batches for _ in range(2)]

    assert released == [2, 0]
    assert batches.forgotten == [LOST.task]


def test_a_task_of_a_service_has_no_token() -> None:
    tokens, batches = FakeTokens(), FakeBatches(BATCHES)

    released = release_work(replace(LOST, token=None), tokens, batches)

    assert tokens.failed == []
    assert (released.error, released.batches) == (None, 2)


def test_what_was_answered_stays_as_it_is() -> None:
    tokens, batches = FakeTokens(open=False), FakeBatches(BATCHES, answered=BATCHES)

    released = release_work(LOST, tokens, batches)

    assert (released.error, released.batches) == (None, 0)
    assert batches.released == []
