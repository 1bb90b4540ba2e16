"""Queues of a GPU worker on moto."""

import json
from dataclasses import replace

import pytest

from craftspark.aws import clients
from craftspark.settings.jobs import SubmitSettings
from craftspark.settings.tasks import WorkerSettings
from tests.aws.conftest import JOBS, client_of
from tests.aws.worker.gpu_worker import Tokens
from tests.fakes import WORKER_SETTINGS


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> Tokens:
    tokens = Tokens()
    monkeypatch.setattr(clients, "stepfunctions", lambda: tokens)
    return tokens


@pytest.fixture
def dead_letters(aws: None) -> str:
    return str(client_of("sqs").create_queue(QueueName="dead")["QueueUrl"])


@pytest.fixture
def settings(submit_settings: SubmitSettings, images_bucket: str, dead_letters: str) -> WorkerSettings:
    sqs = client_of("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    interactive, bulk = (
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
        for name in ("interactive", "bulk")
    )
    return replace(
        WORKER_SETTINGS,
        jobs_table=JOBS,
        images_bucket=images_bucket,
        interactive_queue_url=interactive,
        bulk_queue_url=bulk,
        stop_grace_s=100,
    )
