"""The way of a job through the product's own functions and worker, in this process.

AWS's own work between them is done here too, and not counted: the event source of a queue, and the state machine that
hands a batch to the pool.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from benchmarks.cloud.null_worker import NullRenderer
from benchmarks.handlers.submit import CLAIMS, Context
from benchmarks.queue_growth.parts import Part
from benchmarks.queue_growth.stage import JOBS, Stage
from craftspark.aws import clients
from craftspark.fleet.controller.run import TOO_SOON_S
from craftspark.jobs.batches import BatchMessage, BatchResult, JobOrder
from craftspark.jobs.endings import JobEnd
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.main import work

MAKERS = 30
# The controller decides every 20 s, and the sweeps run every 5 minutes. With 3 jobs per second, 10,000 jobs wait for
# almost an hour, which is the deadline.
JOBS_PER_S = 3
JOBS_PER_DECISION = 20 * JOBS_PER_S
JOBS_PER_SWEEP = 300 * JOBS_PER_S
BODY = json.dumps({"prompt": "a red apple on a white table", "count": 1})
ORDERS_PER_EVENT, CHANGES_PER_EVENT = 10, 25


class Invocation(Context):
    """The context of a Lambda invocation with time left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class FewImages(NullRenderer):
    """Ends the lease of its worker after some images."""

    def __init__(self, images: int, lease: Lease) -> None:
        super().__init__(wave_size=1)
        self._left, self._lease = images, lease

    def render(self, wave: Any, on_step: OnStep) -> list[Drawing | Exception]:
        self._left -= len(wave)
        if self._left <= 0:
            self._lease.end()
        return super().render(wave, on_step)


@dataclass(kw_only=True)
class Journey:
    """Takes jobs through the product, some at a time. `aws` makes clients that act as AWS."""

    stage: Stage
    aws: Any
    jobs: int
    _submitted: int = 0
    _job_ids: list[tuple[str, str]] = field(default_factory=list)
    _orders: list[str] = field(default_factory=list)
    _started: list[JobOrder] = field(default_factory=list)
    _answered: list[BatchResult] = field(default_factory=list)
    _tokens: list[str] = field(default_factory=list)
    _changes: list[dict[str, Any]] = field(default_factory=list)
    _stream: str = ""
    _next_decision: float = 0.0

    def __post_init__(self) -> None:
        clients.stepfunctions().meta.events.register("provide-client-params", self._see_call)

    def follow_changes(self) -> None:
        """Read the changes of the jobs table from now on."""
        streams = self.aws("dynamodbstreams")
        [stream] = streams.list_streams(TableName=JOBS)["Streams"]
        description = streams.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
        [shard] = description["Shards"]
        self._stream = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"], ShardId=shard["ShardId"], ShardIteratorType="LATEST"
        )["ShardIterator"]

    def accept(self) -> list[Part]:
        """A quote, and the submission and start of new jobs, which then wait behind the others.

        The quote reads the backlog. Submissions use that reading for a minute.
        """
        return [
            Part(name="quote", run=self._quote),
            Part(name="submission", run=self._submit),
            Part(run=self._receive_orders),
            Part(name="dispatch", run=self._start),
            Part(run=self._hand_to_pool),
            Part(name="status", run=self._poll),
        ]

    def finish(self) -> list[Part]:
        """Rendering and settlement of the jobs that have waited longest, and the live updates of all changes."""
        return [
            Part(name="worker", run=self._render),
            Part(name="settlement", run=self._settle),
            Part(run=self._read_changes),
            Part(name="updates", run=self._push),
        ]

    def watch(self) -> list[Part]:
        """A decision of the controller, and the sweeps."""
        return [Part(run=self._wait), Part(name="controller", run=self._decide), Part(name="sweeps", run=self._sweep)]

    def _quote(self) -> int:
        answer = _call("quote_job", _request("maker-0", {"tool": "picture"}, body=BODY))
        if answer["statusCode"] != 200:
            raise RuntimeError(f"there was no quote: {answer['body']}")
        return self.jobs

    def _submit(self) -> int:
        self._job_ids = []
        for number in range(self._submitted, self._submitted + self.jobs):
            maker = f"maker-{number % MAKERS}"
            headers = {"idempotency-key": f"key-{number}", "content-type": "application/json"}
            answer = _call("submit_job", _request(maker, {"tool": "picture"}, headers=headers, body=BODY))
            if answer["statusCode"] != 202:
                raise RuntimeError(f"a job was not accepted: {answer['body']}")
            self._job_ids.append((maker, json.loads(answer["body"])["job_id"]))
        self._submitted += self.jobs
        return self.jobs

    def _receive_orders(self) -> int:
        sqs = self.aws("sqs")
        while len(self._orders) < self.jobs:
            for message in sqs.receive_message(QueueUrl=self.stage.intake_url, MaxNumberOfMessages=10).get(
                "Messages", []
            ):
                self._orders.append(message["Body"])
                sqs.delete_message(QueueUrl=self.stage.intake_url, ReceiptHandle=message["ReceiptHandle"])
        return self.jobs

    def _start(self) -> int:
        for first in range(0, self.jobs, ORDERS_PER_EVENT):
            some = self._orders[first : first + ORDERS_PER_EVENT]
            answer = _call("start_render", {"Records": [_record(number, body) for number, body in enumerate(some)]})
            if answer["batchItemFailures"]:
                raise RuntimeError("an order was not started")
        self._orders = []
        return self.jobs

    def _hand_to_pool(self) -> int:
        for order in self._started:
            [batch] = order.batches
            message = BatchMessage(task_token=order.job_id, batch=batch)
            self.aws("sqs").send_message(QueueUrl=self.stage.interactive_url, MessageBody=message.to_text())
        if len(self._started) != self.jobs:
            raise RuntimeError(f"{len(self._started)} executions were started")
        self._started = []
        return self.jobs

    def _poll(self) -> int:
        for maker, job_id in self._job_ids:
            answer = _call("read_job", _request(maker, {"job_id": job_id}))
            if answer["statusCode"] != 200:
                raise RuntimeError(f"a job was not found: {answer['body']}")
        return self.jobs

    def _render(self) -> int:
        lease = Lease(grace_s=self.stage.worker.stop_grace_s)
        work(self.stage.worker, FewImages(self.jobs, lease), lease, None)
        return len(self._answered)

    def _settle(self) -> int:
        for token, result in zip(self._tokens, self._answered, strict=True):
            settled = _call("settle_job", JobEnd(job_id=token, outcomes=(result,)).to_json())
            if settled["state"] != "succeeded":
                raise RuntimeError(f"a job has ended as {settled['state']}")
        jobs = len(self._answered)
        self._tokens, self._answered = [], []
        return jobs

    def _wait(self) -> int:
        """The controller makes no decision too soon after the one before."""
        time.sleep(max(0.0, self._next_decision - time.monotonic()))
        self._next_decision = time.monotonic() + TOO_SOON_S + 1
        return JOBS_PER_DECISION

    def _read_changes(self) -> int:
        while True:
            page = self.aws("dynamodbstreams").get_records(ShardIterator=self._stream)
            self._stream = page["NextShardIterator"]
            if not page["Records"]:
                return self.jobs
            self._changes += page["Records"]

    def _push(self) -> int:
        for first in range(0, len(self._changes), CHANGES_PER_EVENT):
            _call("push_updates", {"Records": self._changes[first : first + CHANGES_PER_EVENT]})
        self._changes = []
        return self.jobs

    def _decide(self) -> int:
        _call("control_fleet", {})
        return JOBS_PER_DECISION

    def _sweep(self) -> int:
        for function in ("sweep_overdue_jobs", "resend_lost_jobs"):
            _call(function, {})
        return JOBS_PER_SWEEP

    def _see_call(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        """Record the executions that start, and the results of batches."""
        if model.name == "StartExecution":
            self._started.append(JobOrder.parse(params["input"]))
        if model.name == "SendTaskSuccess":
            self._tokens.append(params["taskToken"])
            self._answered.append(BatchResult.parse(params["output"]))


def _call(function: str, event: dict[str, Any]) -> Any:
    return import_module(f"lambdas.{function}.handler").handler(event, Invocation(function_name=function))


def _request(maker: str, path: dict[str, str], **parts: Any) -> dict[str, Any]:
    claims = {**CLAIMS, "sub": maker}
    context = {"requestId": "request", "authorizer": {"jwt": {"claims": claims}}}
    return {
        "version": "2.0",
        "headers": {},
        "pathParameters": path,
        "isBase64Encoded": False,
        "requestContext": context,
        **parts,
    }


def _record(number: int, body: str) -> dict[str, Any]:
    return {
        "messageId": str(number),
        "body": body,
        "attributes": {},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:intake",
        "awsRegion": "us-east-1",
    }
