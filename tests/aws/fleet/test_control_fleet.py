"""The controller's Lambda: its decision becomes desired counts and a record."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest

from craftspark.aws import clients
from craftspark.aws.fleet.markets import MarketTable
from craftspark.aws.fleet.record import RECORD_KEY, RecordTable
from craftspark.aws.fleet.services import FleetServices
from craftspark.aws.items import job_key, number
from craftspark.aws.jobs.speed import FLEET, SUPPLY, partition
from craftspark.fleet.controller.pools import ControlledPools
from craftspark.fleet.controller.run import Change, Record, Superseded
from craftspark.fleet.decisions import Decision, Memory, PoolDecision
from craftspark.fleet.interruptions.failed_launches import FailedLaunch
from craftspark.fleet.observations import DECIDE_EVERY_S
from craftspark.fleet.supply import PoolSupply, TypeSupply
from craftspark.settings.fleet import ControlSettings
from lambdas.control_fleet import handler
from tests.aws.conftest import JOBS, client_of
from tests.aws.fleet.conftest import CLUSTER, DRAW, waits

CONTEXT = SimpleNamespace(
    function_name="control_fleet", memory_limit_in_mb=1024, invoked_function_arn="arn", aws_request_id="r"
)


@pytest.fixture
def controller(services: FleetServices, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings = ControlSettings(
        jobs_table=JOBS,
        cluster=CLUSTER,
        controlled_pools=ControlledPools(pools=(DRAW,)).to_text(),
        cents_per_hour=1000,
        max_tasks=10,
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Craftspark")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "control_fleet")
    handler.control.cache_clear()
    yield
    handler.control.cache_clear()


def desired() -> list[int]:
    described = client_of("ecs").describe_services(cluster=CLUSTER, services=["draw-spot", "draw-on-demand"])
    counts = {each["serviceName"]: each["desiredCount"] for each in described["services"]}
    return [counts["draw-spot"], counts["draw-on-demand"]]


def counted(logs: pytest.LogCaptureFixture, event: str) -> int:
    """How often the function's log counts an event."""
    return sum(getattr(record, event, 0) for record in logs.records)


def metrics(printed: str, name: str) -> list[float]:
    """The values of a metric in log lines of the embedded metric format."""
    values = []
    for line in printed.splitlines():
        with suppress(ValueError):
            fields = json.loads(line)
            if name in fields:
                value = fields[name]
                values.append(value[0] if isinstance(value, list) else value)
    return values


def test_a_decision_sets_the_counts_keeps_them_for_deployments_and_is_recorded(
    controller: None, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for number_ in range(20):
        waits(f"key-{number_}", age_s=100)

    handler.handler({}, CONTEXT)

    spot, on_demand = desired()
    assert spot + on_demand > 1
    parameters = client_of("ssm").get_parameters(Names=["/desired/spot", "/desired/on"])["Parameters"]
    assert {each["Name"]: each["Value"] for each in parameters} == {
        "/desired/spot": str(spot),
        "/desired/on": str(on_demand),
    }
    item = clients.dynamodb().get_item(TableName=JOBS, Key=job_key(partition("draw"), FLEET))["Item"]
    assert PoolSupply.parse(item[SUPPLY]["S"]).is_current(time.time())
    assert PoolDecision.parse(item["decision"]["S"]).spot == spot
    printed = capsys.readouterr().out
    assert counted(caplog, "FleetDecided") == 1
    assert metrics(printed, "FleetLateWork") == [400.0, 0.0]
    assert metrics(printed, "FleetOldestWait")[0] >= 99
    assert [spot, on_demand] == metrics(printed, "FleetTasksDesired")


def test_launches_that_fail_in_every_zone_bring_on_demand_tasks_at_the_next_decision(controller: None) -> None:
    markets = MarketTable(client=clients.dynamodb(), jobs_table=JOBS)
    for number_ in range(20):
        waits(f"key-{number_}", age_s=100)
    handler.handler({}, CONTEXT)
    before = desired()
    clock = time.time() + DECIDE_EVERY_S
    for zone in DRAW.zones:
        launch = FailedLaunch(event_id=zone, group="draw-spot", zone=zone, reason="no capacity")
        assert markets.count_failure("draw", launch)

    replace(handler.control(), clock=lambda: clock).run()

    assert before[1] == 0
    assert desired()[0] == before[0]
    assert desired()[1] > 0


def test_a_missing_service_lets_the_last_counts_stand_and_says_why(
    controller: None, caplog: pytest.LogCaptureFixture
) -> None:
    client_of("ecs").delete_service(cluster=CLUSTER, service="draw-on-demand", force=True)
    waits("key-1", age_s=1000)

    handler.handler({}, CONTEXT)

    described = client_of("ecs").describe_services(cluster=CLUSTER, services=["draw-spot"])["services"]
    assert described[0]["desiredCount"] == 1
    assert counted(caplog, "FleetDecisionRefused") == 1
    assert [record.reason for record in caplog.records if "refused" in record.message] == [  # type: ignore[attr-defined]
        "there is no service draw-on-demand"
    ]


def test_a_record_that_cannot_be_read_is_replaced(controller: None, caplog: pytest.LogCaptureFixture) -> None:
    clients.dynamodb().put_item(TableName=JOBS, Item={**RECORD_KEY, "version": number(7), "record": {"S": "{"}})

    handler.handler({}, CONTEXT)

    assert counted(caplog, "FleetDecided") == 1
    assert "fleet decided without a record of earlier decisions" in caplog.messages
    assert RecordTable(client=clients.dynamodb(), jobs_table=JOBS).read().version == 8


def test_a_second_event_for_the_same_decision_changes_nothing(
    controller: None, caplog: pytest.LogCaptureFixture
) -> None:
    handler.handler({}, CONTEXT)
    client_of("ecs").update_service(cluster=CLUSTER, service="draw-spot", desiredCount=5)

    handler.handler({}, CONTEXT)

    assert desired()[0] == 5
    assert counted(caplog, "FleetDecided") == 1


def test_a_record_is_written_once_for_each_version(tables: None) -> None:
    records = RecordTable(client=clients.dynamodb(), jobs_table=JOBS)
    supply = PoolSupply(
        at=1.0, spot=TypeSupply(), on_demand=TypeSupply(), obtainable=0, cold_start_s=1.0, reason="none"
    )
    decided = PoolDecision(spot=1, on_demand=0, reason="", supply=supply)
    decision = Decision(at=1.0, pools={"draw": decided}, memory=Memory())
    assert records.read() == Record()

    records.write(Record(version=1), decision, grants=0)
    records.write(Record(version=2), decision, grants=0)
    with pytest.raises(Superseded):
        records.write(Record(version=2), decision, grants=0)

    assert records.read().version == 2


def test_a_count_for_deployments_is_never_older_than_the_service_s(services: FleetServices) -> None:
    elsewhere = replace(services, cluster="no-such-cluster")

    with pytest.raises(clients.ecs().exceptions.ClusterNotFoundException):
        elsewhere.set_counts((Change(pool="draw", capacity="spot", before=1, after=6),))

    assert client_of("ssm").get_parameter(Name="/desired/spot")["Parameter"]["Value"] == "6"
