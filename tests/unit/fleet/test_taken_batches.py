"""The record of the batches that a worker holds."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, cast

import pytest

from craftspark.fleet.interruptions.task_ends import TakenBatch
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.batch_handles import QueueHandle
from gpu_tasks.worker.claim import Claim
from gpu_tasks.worker.taken_batches import METADATA, BatchRecorder, RecordedSource, read_task_arn
from tests.fakes import FakeHandle, a_batch, a_job

TASK = "arn:aws:ecs:us-east-1:123456789012:task/fleet/one"


class FakeQueue:
    url = "http://queue"

    def delete(self, receipt: str) -> None: ...


class FakeCallback:
    def succeed(self, result: object) -> bool:
        return True


@dataclass
class FakeRecords:
    """Remembers each write as its receipts."""

    fails: int = 0
    written: list[tuple[str, list[str]]] = field(default_factory=list)

    def write(self, task: str, batches: Sequence[TakenBatch]) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the table is unreachable")
        self.written.append((task, [batch.receipt for batch in batches]))


def a_claim(receipt: str) -> Claim:
    job = a_job()
    handle = QueueHandle(
        batch=a_batch(job),
        callback=cast(Any, FakeCallback()),
        queue=cast(Any, FakeQueue()),
        answers=Answers(Retrier()),
        receipt=receipt,
        receives=1,
        max_receives=3,
        waited_s=0.0,
        held_until=float("inf"),
    )
    return Claim(handle, job, stored=())


def answer(claim: Claim) -> None:
    for index in claim.handle.batch.seeds:
        claim.record_stored(index)
    cast(QueueHandle, claim.handle).answers.close()


def a_recorder(records: FakeRecords, task: str | None = TASK) -> BatchRecorder:
    return BatchRecorder(read_task=lambda: task, records=records)


def test_each_take_is_one_write_of_everything_that_is_open() -> None:
    records = FakeRecords()
    recorder = a_recorder(records)
    first, second = a_claim("r1"), a_claim("r2")

    recorder.add([first])
    answer(first)
    recorder.add([second])
    recorder.close()

    # The first write may have come after the answer, and then has nothing to record.
    assert records.written[-1] == (TASK, ["r2"])
    assert len(records.written) <= 2


def test_a_take_without_batches_writes_nothing() -> None:
    records = FakeRecords()
    recorder = a_recorder(records)

    recorder.add([])
    recorder.add([Claim(FakeHandle(a_batch(a_job())), a_job(), stored=())])  # the batch of a launch, which has a token
    recorder.close()

    assert records.written == []


def test_a_worker_that_is_ready_records_it_before_it_takes_batches() -> None:
    records = FakeRecords()
    recorder = a_recorder(records)

    recorder.report_ready()
    recorder.close()

    assert records.written == [(TASK, [])]


def test_a_worker_whose_report_failed_is_ready_with_its_next_record() -> None:
    records = FakeRecords(fails=1)
    recorder = a_recorder(records)

    recorder.report_ready()
    recorder.close()

    assert records.written == [(TASK, [])]


def test_a_worker_that_ends_in_order_holds_nothing() -> None:
    records, written = FakeRecords(), threading.Event()
    recorder = BatchRecorder(read_task=lambda: TASK, records=Signalling(records, written))
    claim = a_claim("r1")

    recorder.add([claim])
    assert written.wait(180)
    answer(claim)
    recorder.close()

    assert records.written == [(TASK, ["r1"]), (TASK, [])]


@dataclass
class Signalling:
    """Sets an event after each write."""

    records: FakeRecords
    written: threading.Event

    def write(self, task: str, batches: Sequence[TakenBatch]) -> None:
        self.records.write(task, batches)
        self.written.set()


def test_a_record_that_fails_stops_no_work_and_is_written_with_the_next() -> None:
    records = FakeRecords(fails=1)
    recorder = a_recorder(records)

    recorder.add([a_claim("r1")])
    recorder.add([a_claim("r2")])
    recorder.close()

    assert records.written[-1] == (TASK, ["r1", "r2"])


def test_a_worker_outside_ecs_records_nothing() -> None:
    records = FakeRecords()
    recorder = a_recorder(records, task=None)

    recorder.add([a_claim("r1")])
    recorder.close()

    assert records.written == []


def test_a_source_s_claims_are_recorded_and_passed_on() -> None:
    records, claim = FakeRecords(), a_claim("r1")

    class Source:
        def take(self, images: int, *, wait: bool = True, bulk: bool = True) -> list[Claim]:
            return [claim] if (images, wait, bulk) == (4, False, False) else []

    recorder = a_recorder(records)
    taken = RecordedSource(source=Source(), recorder=recorder).take(4, wait=False, bulk=False)
    recorder.close()

    assert taken == [claim]
    assert records.written == [(TASK, ["r1"])]


@contextmanager
def agent(body: bytes) -> Iterator[str]:
    """The address of an ECS agent that responds with this body."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/v4/container/task"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v4/container"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_agent_knows_the_task() -> None:
    with agent(json.dumps({"Cluster": "fleet", "TaskARN": TASK}).encode()) as address:
        assert read_task_arn({METADATA: address}) == TASK
    assert read_task_arn({}) is None


def test_an_agent_that_does_not_know_it_is_an_error() -> None:
    with agent(b"later") as address, pytest.raises(ValueError, match="line 1"):
        read_task_arn({METADATA: address})
