"""Alarms change their state as their data points ask for, and notify."""

import json
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from local_cloud.emulator.alarms.datapoints import Windows, period_of, read
from local_cloud.emulator.alarms.states import COMPARISONS, EXTRA_PERIODS, State, judge

logger = logging.getLogger(__name__)


def evaluate_all(now: float | None = None) -> None:
    """Evaluate the alarms of every account and region, at the time `now` in seconds since 1970."""
    for account, region in {key[:2] for key in list(cloudwatch._alarms.to_dict())}:
        with request_scope(account, region):
            for alarm in cloudwatch._alarms.values():
                try:
                    evaluate(alarm, now)
                except Exception:  # one alarm must not keep the others from being evaluated
                    logger.exception("Alarm %s is not evaluated", alarm.get("AlarmName"))


def evaluate(alarm: dict[str, Any], now: float | None = None) -> None:
    """Give the alarm the state that its data points ask for. A change is written down and notified."""
    now = time.time() if now is None else now
    periods = int(alarm.get("EvaluationPeriods") or 1)
    windows = Windows.until(now, period_of(alarm), periods + EXTRA_PERIODS)
    words, compare = COMPARISONS[alarm["ComparisonOperator"]]
    values = read(alarm, windows)
    needed = int(alarm.get("DatapointsToAlarm") or periods)
    breaches = [None if each is None else compare(each, alarm["Threshold"]) for each in values]
    state = judge(breaches, periods=periods, needed=needed, missing=_treatment(alarm))
    if state is None or state == alarm["StateValue"]:
        return
    points = [(start, each) for start, each in zip(windows.starts(), values, strict=True) if each is not None]
    agree = [(at, each) for at, each in points[-periods:] if compare(each, alarm["Threshold"]) == (state == "ALARM")]
    _change(alarm, state, _explain(alarm, state, agree, words, needed), now)


def _treatment(alarm: Mapping[str, Any]) -> str:
    """What missing data means. DynamoDB leaves out metrics without traffic, so its alarms keep their state."""
    return "ignore" if alarm.get("Namespace") == "AWS/DynamoDB" else alarm.get("TreatMissingData") or "missing"


def _explain(
    alarm: Mapping[str, Any], state: State, points: Sequence[tuple[float, float]], words: str, needed: int
) -> str:
    """The reason of a new state. `points` are those that ask for it, each with the start of its period."""
    periods, transition = alarm["EvaluationPeriods"], f"{alarm['StateValue']} -> {state} transition"
    if not points:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(_treatment(alarm))
        rest = f" and {needed} missing datapoints were treated as [{treated}]" if treated else ""
        return f"Threshold Crossed: no datapoints were received for {periods} periods{rest}."
    shown = ", ".join(f"{value} ({datetime.fromtimestamp(at, UTC):%d/%m/%y %H:%M:%S})" for at, value in points)
    was = "was" if state == "ALARM" else "was not"
    return (
        f"Threshold Crossed: {len(points)} out of the last {periods} datapoints [{shown}] {was} {words} the threshold "
        f"({alarm['Threshold']}) (minimum {needed} datapoints for {transition})."
    )


def _change(alarm: dict[str, Any], state: State, reason: str, now: float) -> None:
    before = alarm["StateValue"]
    data = json.dumps({"version": "1.0", "queryDate": cloudwatch._ts_iso(now), "period": period_of(alarm)})
    alarm.update(
        StateValue=state,
        StateReason=reason,
        StateReasonData=data,
        StateUpdatedTimestamp=int(now),
        StateTransitionedTimestamp=int(now),
    )
    logger.warning("Alarm %s: %s, was %s. %s", alarm["AlarmName"], state, before, reason)
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)
