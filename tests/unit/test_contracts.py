"""A message between runtimes is read as it was written, and state machines name its fields."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

import craftspark
from cdk_app.workflows.expressions import locate_field, write_object
from craftspark.contracts import Contract, ContractBroken
from craftspark.fleet import decisions as fleet
from craftspark.fleet.controller.launches import Grant, Grants, LaunchAnswer, LaunchRequest
from craftspark.fleet.controller.pools import ControlledPool, ControlledPools, ControlledService
from craftspark.fleet.controller.readings import Counters
from craftspark.fleet.controller.run import Record
from craftspark.fleet.interruptions.notices import InstanceNotice, NoticeKind
from craftspark.fleet.supply import PoolSupply, StartingTasks, TypeSupply
from craftspark.gallery.events import MakerStandingChanged, PictureHidden, PictureShown
from craftspark.gallery.indexing import PictureChange
from craftspark.gallery.review import Appeal, Report, Takedown
from craftspark.jobs.batches import Batch, BatchFailure, BatchMessage, BatchResult, JobOrder, OrderedImage
from craftspark.jobs.endings import JobEnd, JobSettled
from craftspark.jobs.job import ImageFailure, JobState
from craftspark.jobs.pools import ServingPool, ServingPools
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.notifications.live import Update
from craftspark.notifications.webhooks import Message
from craftspark.styles.messages import (
    ApprovalDecision,
    ApprovalRequest,
    DatasetCheck,
    Fault,
    TrainingAwaitsApproval,
    TrainingEnd,
    TrainingOrder,
    TrainingReference,
    TrainingResult,
    TrainingSettled,
)
from craftspark.styles.releases import Decision, Judgement
from craftspark.styles.trainings import TrainingState
from tests.fakes import NOON


def below(kind: type[Contract]) -> Iterator[type[Contract]]:
    for derived in kind.__subclasses__():
        yield derived
        yield from below(derived)


BATCH = Batch(job_id="j", maker="m", lane="bulk", batch=0, images=(OrderedImage(index=2, seed=7),))
RENDERED = BatchResult(batch=0, rendered=(0, 1), failed=(ImageFailure(index=2, error="UnsafeContent", reason="no"),))
LOST = BatchFailure(batch=1, images=(4,), error="States.Timeout", cause="")
ORDER = JobOrder(
    job_id="j", maker="m", tool="picture", lane="bulk", pool="draw", queued=False, work_s=1.0, batches=(BATCH,)
)
POOLS = ServingPools(
    networks=BUILT_IN_NETWORKS,
    pools=(ServingPool(name="draw", tools={"picture": "m"}, device="cuda", min_tasks=1, launch_s=60),),
)
SUPPLY = PoolSupply(
    at=1.0,
    spot=TypeSupply(running=3, starting=(StartingTasks(tasks=2, ready_in_s=40.0),), draining=1),
    on_demand=TypeSupply(running=1),
    obtainable=4,
    cold_start_s=120.0,
    interactive_rate=2.5,
    reason="the budget allows 4 more tasks",
)
TRAINED = TrainingResult(figures={"loss": 0.5, "loss_without": 1.0, "stable": "v1"}, adapter="s3://a", grid="s3://g")
WRITTEN: list[Contract] = [
    BATCH,
    RENDERED,
    LOST,
    ORDER,
    POOLS,
    fleet.PoolMemory(arrived=((1.0, 0.5),)),
    fleet.PoolDecision(spot=2, on_demand=1, reason="two tasks for arrivals"),
    fleet.Memory(decided_at=1.0, pools={"draw": fleet.PoolMemory(arrived=((1.0, 0.5),))}),
    fleet.Fault(field="at", detail="not newer"),
    fleet.Decision(at=1.0, pools={}, memory=fleet.Memory(), faults=(fleet.Fault(field="at", detail="not newer"),)),
    fleet.Forecast(due=9.0, reactive=1.5, history=2.5),
    fleet.History(rates=(None, 0.5), slot=1, pending=(fleet.Forecast(due=9.0, reactive=1.5, history=2.5),)),
    fleet.TypeMemory(desired=2, price=0.4, present=3, starts=((1.0, 1),)),
    SUPPLY,
    Counters(work_s={"bulk": 2.5}, notices={"us-east-1a#g5": 1.0}, failed={"us-east-1b": 2.0}),
    Record(
        version=3,
        memory=fleet.Memory(decided_at=1.0),
        counters={"draw": Counters(work_s={"bulk": 2.5})},
        launched={"draw": 1},
    ),
    ControlledPools(
        pools=(
            ControlledPool(
                name="draw",
                family="draw",
                zones=("us-east-1a",),
                instance_families=("g6",),
                launch_s=180,
                images_per_batch=4,
                bulk_within_s=1080,
                spot=ControlledService(service="s", parameter="/s", minimum=1, maximum=4, price=0.3),
                on_demand=ControlledService(service="o", parameter="/o", minimum=0, maximum=2, price=0.8),
            ),
        )
    ),
    Grants(version=1, grants=(Grant(batch="j/0", pool="draw", at=1.0, decision=3),)),
    Grant(batch="j/0", pool="draw", at=1.0, decision=3),
    LaunchRequest(batch="j/0", pool="draw", wakes=False),
    LaunchAnswer(granted=False, reason="the stage's cap of 10 tasks"),
    InstanceNotice(event_id="e", kind=NoticeKind.REBALANCE, instance_id="i-1"),
    TRAINED,
    BatchMessage(task_token="t", batch=BATCH),
    JobEnd(job_id="j", outcomes=(RENDERED, LOST)),
    JobEnd(job_id="j", outcomes=(), error="ExecutionEnded", cause="ABORTED"),
    JobSettled(job_id="j", maker="m", tool="picture", state=JobState.FAILED, delivered=0, requested=1, error="E"),
    Message(maker="m", webhook_id="w", message_id="msg", body="{}", due=NOON, attempt=3),
    TrainingOrder(
        training_id="s.v", style="s", version="v", model="m", dataset="s3://d", steps=None, seed=0, stable=""
    ),
    DatasetCheck(pictures=5),
    ApprovalRequest(training_id="s.v", task_token="t", trained=TRAINED),
    ApprovalDecision(decision="reject"),
    TrainingReference(training_id="s.v"),
    Fault(error="QualityTooLow", cause="it is"),
    TrainingEnd(training_id="s.v", outcome=TrainingState.ROLLED_BACK, error="CanaryFailed", cause="slow"),
    TrainingSettled(training_id="s.v", style="s", version="v", state=TrainingState.PROMOTED, error="", cause=""),
    TrainingAwaitsApproval(training_id="s.v", style="s", version="v", figures={"loss": 0.5}, grid="s3://g"),
    PictureChange(picture_id="p"),
    PictureShown(picture_id="p", folder="f"),
    PictureHidden(picture_id="p", folder="f"),
    MakerStandingChanged(maker="m", changed_at="2026-11-27T12:00:00.000Z"),
    Report(reason="spam", words=None, at=NOON),
    Takedown(reason="copyright", words="a sign", at=NOON),
    Appeal(words="mine", at=NOON, dismissed_at=NOON),
    Judgement(decision=Decision.ROLL_BACK, reason="it fails"),
]


def test_the_examples_cover_every_contract() -> None:
    for module in pkgutil.walk_packages(craftspark.__path__, "craftspark."):
        importlib.import_module(module.name)

    # Updates go to browsers: no code of this repository reads them. Classes that others derive from are not written.
    assert {type(each) for each in WRITTEN} == {
        kind for kind in below(Contract) if not kind.__subclasses__() and not issubclass(kind, Update)
    }


@pytest.mark.parametrize("written", WRITTEN, ids=lambda written: type(written).__name__)
def test_a_contract_survives_serialization(written: Contract) -> None:
    assert type(written).parse(written.to_text()) == written
    assert type(written).from_json(written.to_json()) == written


def test_unknown_fields_of_a_newer_version_are_ignored() -> None:
    assert Batch.from_json({**BATCH.to_json(), "hint": "new"}) == BATCH


@pytest.mark.parametrize("field", [each.name for each in fields(JobOrder)])
def test_a_missing_field_is_named(field: str) -> None:
    value = ORDER.to_json()
    del value[field]

    with pytest.raises(ContractBroken, match=f"JobOrder: {field}") as broken:
        JobOrder.from_json(value)
    assert broken.value.field == field


def test_a_state_names_only_fields_that_its_contract_has() -> None:
    assert locate_field(JobOrder, "batches") == "$states.input.batches"
    assert write_object(JobEnd, job_id="x", outcomes=[]) == {"job_id": "x", "outcomes": []}

    with pytest.raises(LookupError, match="no field orders"):
        locate_field(JobOrder, "orders")
    for wrong in ({"task_token": "t"}, {"task_token": "t", "batch": {}, "token": "t"}):
        values: dict[str, Any] = wrong
        with pytest.raises(LookupError):
            write_object(BatchMessage, **values)
