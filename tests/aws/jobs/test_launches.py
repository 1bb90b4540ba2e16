"""Grants of launches in the jobs table, and the function that the state machine asks."""

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from craftspark.aws import clients
from craftspark.aws.fleet.launches import LaunchTable
from craftspark.aws.fleet.record import LAUNCHES_KEY, RecordTable
from craftspark.aws.items import number
from craftspark.fleet.controller.launches import Grant, Grants
from craftspark.fleet.controller.pools import ControlledPools
from craftspark.fleet.controller.run import Record, Superseded
from craftspark.fleet.decisions import Decision, Memory
from craftspark.settings.fleet import GrantSettings
from lambdas.grant_launch import handler
from tests.aws.conftest import JOBS
from tests.aws.fleet.conftest import DRAW

CONTEXT = SimpleNamespace(
    function_name="grant_launch", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="r"
)
DECISION = Decision(at=1.0, pools={}, memory=Memory())
ONE = Grants(version=1, grants=(Grant(batch="job/0", pool="draw", at=1.0, decision=0),))


@pytest.fixture
def table(tables: None) -> LaunchTable:
    return LaunchTable(client=clients.dynamodb(), jobs_table=JOBS)


@pytest.fixture
def function(table: LaunchTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The stage has room for three tasks, and the pool's minimum is one."""
    pools = ControlledPools(pools=(DRAW,)).to_text()
    settings = GrantSettings(jobs_table=JOBS, controlled_pools=pools, cents_per_hour=1000, max_tasks=3)
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Craftspark")
    handler.launches.cache_clear()
    yield
    handler.launches.cache_clear()


def ask(batch: str, *, wakes: bool = False) -> bool:
    """Invoke the function as the state machine does."""
    answer = handler.handler({"batch": batch, "pool": "draw", "wakes": wakes}, CONTEXT)
    return bool(answer["granted"])


def test_a_grant_needs_the_grants_and_the_decision_that_it_was_made_on(table: LaunchTable) -> None:
    records = RecordTable(client=clients.dynamodb(), jobs_table=JOBS)
    assert table.write(ONE, decision=0)
    assert not table.write(ONE, decision=0)  # another batch got a grant
    assert table.read()[1] == ONE

    records.write(Record(version=1), DECISION, grants=1)

    assert not table.write(Grants(version=2), decision=0)
    assert table.write(Grants(version=2), decision=1)
    assert table.read()[0].version == 1


def test_a_decision_that_has_not_seen_a_grant_is_not_recorded(table: LaunchTable) -> None:
    records = RecordTable(client=clients.dynamodb(), jobs_table=JOBS)
    assert table.write(ONE, decision=0)

    with pytest.raises(Superseded):
        records.write(Record(version=1), DECISION, grants=0)

    assert records.read() == Record()


def test_grants_that_cannot_be_read_are_replaced(table: LaunchTable) -> None:
    broken = {**LAUNCHES_KEY, "version": number(7), "grants": {"S": "{"}}
    clients.dynamodb().put_item(TableName=JOBS, Item=broken)

    assert table.read_grants() == Grants(version=7)
    assert table.write(Grants(version=8), decision=0)


def test_the_function_grants_what_the_stage_has_room_for_and_counts_refusals(
    function: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert [ask(f"job/{number_}") for number_ in range(5)] == [True, True, False, False, False]
    assert ask("job/0")
    assert not ask("job/9", wakes=True)

    refused = [record for record in caplog.records if record.message == "launch refused"]
    assert {record.reason for record in refused} == {  # type: ignore[attr-defined]
        "the stage's cap of 3 tasks",
        "the pool has a task, or gets one",
    }
    assert sum(getattr(record, "LaunchRefused", 0) for record in refused) == 3
