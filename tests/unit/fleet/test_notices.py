"""What the fleet does about a notice of EC2."""

from dataclasses import dataclass, field

from craftspark.fleet.interruptions.notices import FleetInstance, InstanceNotice, NoticeKind, handle_notice

OURS = FleetInstance(arn="arn:instance", pool="draw", zone="us-east-1a", family="g6")


@dataclass
class FakeInstances:
    """A cluster with one instance, on which some tasks run."""

    tasks: list[str]
    active: bool = True
    calls: list[str] = field(default_factory=list)

    def find(self, instance_id: str) -> FleetInstance | None:
        return OURS if instance_id == "i-ours" else None

    def drain(self, instance: FleetInstance) -> bool:
        self.calls.append("drain")
        return self.active

    def stop_tasks(self, instance: FleetInstance, reason: str) -> list[str]:
        self.calls.append(f"stop: {reason}")
        return self.tasks


@dataclass
class FakeMarkets:
    counted: list[InstanceNotice] = field(default_factory=list)

    def count(self, instance: FleetInstance, notice: InstanceNotice) -> bool:
        first = notice not in self.counted
        self.counted.append(notice)
        return first


def a_notice(kind: NoticeKind, instance_id: str = "i-ours") -> InstanceNotice:
    return InstanceNotice(event_id="event-1", kind=kind, instance_id=instance_id)


def test_an_interrupted_instance_takes_no_tasks_before_its_tasks_are_stopped_and_counted() -> None:
    instances, markets = FakeInstances(["launched", "of a service"]), FakeMarkets()
    notice = a_notice(NoticeKind.INTERRUPTION)

    handled = handle_notice(notice, instances, markets)

    assert instances.calls == ["drain", "stop: spot interruption of i-ours"]
    assert markets.counted == [notice]
    assert handled is not None
    assert (handled.drained, handled.stopped, handled.counted) == (True, ("launched", "of a service"), True)


def test_tasks_of_an_instance_that_cannot_drain_are_stopped_nevertheless() -> None:
    instances = FakeInstances(["launched"], active=False)

    handled = handle_notice(a_notice(NoticeKind.INTERRUPTION), instances, FakeMarkets())

    assert handled is not None
    assert (handled.drained, handled.stopped) == (False, ("launched",))


def test_a_recommendation_is_counted_and_interrupts_nothing() -> None:
    instances, markets = FakeInstances(["launched"]), FakeMarkets()

    handled = handle_notice(a_notice(NoticeKind.REBALANCE), instances, markets)

    assert instances.calls == []
    assert len(markets.counted) == 1
    assert handled is not None
    assert (handled.drained, handled.stopped) == (None, ())


def test_an_instance_of_others_or_that_is_gone_is_left_alone() -> None:
    instances, markets = FakeInstances(["launched"]), FakeMarkets()

    assert handle_notice(a_notice(NoticeKind.INTERRUPTION, "i-others"), instances, markets) is None
    assert (instances.calls, markets.counted) == ([], [])


def test_the_same_notice_again_drains_again_and_counts_once() -> None:
    instances, markets = FakeInstances([]), FakeMarkets()

    first, second = (handle_notice(a_notice(NoticeKind.INTERRUPTION), instances, markets) for _ in range(2))

    assert first is not None
    assert second is not None
    assert (first.counted, second.counted) == (True, False)
