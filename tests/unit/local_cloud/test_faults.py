"""Faults strike the same calls for the same seed, independent of other calls in between."""

import json

import pytest

from local_cloud.emulator.faults.switch import FAULTS, Faults, answer
from local_cloud.faults import Fault, UnknownFault, parse_faults
from tests.clock import Clock

RECEIVE = "sqs:ReceiveMessage"


def struck(faults: Faults, calls: int, action: str = RECEIVE, of: str = "orders", kind: str = "duplicate") -> list[int]:
    """The numbers of the calls that are struck."""
    return [number for number in range(calls) if faults.strikes(kind, action, of)]


def under(*on: Fault) -> Faults:
    faults = Faults()
    for each in on:
        faults.switch_on(each)
    return faults


def test_nothing_is_struck_while_no_fault_is_on() -> None:
    assert struck(Faults(), 1000) == []


def test_the_same_calls_are_struck_whatever_is_called_in_between() -> None:
    alone, among_others = under(Fault("duplicate", seed=7)), under(Fault("duplicate", seed=7))

    expected = struck(alone, 500)
    seen = []
    for number in range(500):
        struck(among_others, number % 3, of="other")
        struck(among_others, number % 2, action="sqs:SendMessage")
        seen += [number] * among_others.strikes("duplicate", RECEIVE, "orders")

    assert seen == expected
    assert 30 < len(expected) < 75  # a tenth of them


def test_another_seed_strikes_other_calls() -> None:
    assert struck(under(Fault("duplicate", seed=1)), 500) != struck(under(Fault("duplicate", seed=2)), 500)


@pytest.mark.parametrize(
    ("target", "hit"), [("*", True), (RECEIVE, True), ("sqs:*", True), ("ord*", True), ("s3:*", False), ("or", False)]
)
def test_a_target_is_a_pattern_of_the_action_or_of_what_it_is_about(target: str, hit: bool) -> None:
    assert bool(struck(under(Fault("duplicate", target, share=1)), 3)) == hit


def test_a_fault_of_one_kind_strikes_no_other_kind() -> None:
    assert struck(under(Fault("duplicate", share=1)), 3, kind="throttle") == []


def test_a_fault_ends_after_its_seconds() -> None:
    clock = Clock()
    faults = Faults(clock)
    faults.switch_on(Fault("zone", share=1, seconds=60))

    clock.now += 59
    assert struck(faults, 1, kind="zone") == [0]
    clock.now += 1
    assert struck(faults, 1, kind="zone") == []
    assert faults.report() == []


def test_each_fault_counts_what_it_concerned_and_struck() -> None:
    faults = under(Fault("duplicate", share=1), Fault("duplicate", "orders", share=0.5), Fault("throttle"))
    struck(faults, 4)
    struck(faults, 2, of="letters")

    counts = [(each["kind"], each["target"], each["calls"]) for each in faults.report()]
    assert counts == [("duplicate", "*", 6), ("duplicate", "orders", 4), ("throttle", "*", 0)]
    assert faults.report()[0]["struck"] == 6


def test_a_fault_replaces_the_one_of_its_kind_and_target_and_begins_to_count() -> None:
    faults = under(Fault("delay", share=1), Fault("delay", "orders", share=1))
    struck(faults, 4, kind="delay")

    faults.switch_on(Fault("delay", share=0.5))

    assert [(each["target"], each["share"], each["calls"]) for each in faults.report()] == [
        ("orders", 1, 4),
        ("*", 0.5, 0),
    ]
    faults.end("delay", "orders")
    assert [each["target"] for each in faults.report()] == ["*"]
    faults.end()
    assert faults.report() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gremlin"},
        {"kind": "delay", "share": 0},
        {"kind": "delay", "share": 1.5},
        {"kind": "delay", "seconds": 0},
        {"kind": "delay", "seconds": "soon"},
        {"kind": "delay", "colour": "red"},
        {},
        [],
    ],
)
def test_a_fault_that_does_not_exist_is_refused(wrong: object) -> None:
    status, said = answer("POST", json.dumps(wrong).encode())

    assert status == 400
    assert said["message"]
    assert FAULTS.report() == []


def test_faults_are_read_from_one_text() -> None:
    assert parse_faults("throttle=0.05, duplicate@*Queue*=1,delay", seed=3) == (
        Fault("throttle", share=0.05, seed=3),
        Fault("duplicate", "*Queue*", share=1, seed=3),
        Fault("delay", seed=3),
    )
    for wrong, named in (("gremlin", "gremlin"), ("delay=much", "much"), ("delay=2", "share")):
        with pytest.raises(UnknownFault, match=named):
            parse_faults(wrong)
