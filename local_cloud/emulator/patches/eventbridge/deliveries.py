"""An event is delivered at least once: it is retried, and it can come late or twice.

Gap: the emulator calls each target of a rule once, immediately. An event for a target that does not exist is lost. On
AWS, it is a dead letter with `NO_RESOURCE`. A target that throttles is called again for 24 hours and up to 185 times,
or as the retry policy of the target says, with growing pauses and jitter; then the event is a dead letter with
`THROTTLING`.

The faults, each of the rule with that name: `throttle`, `duplicate` and `delay` of `events:InvokeTarget`.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html
"""

import contextvars
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ministack.core.arn import parse_arn
from ministack.services import eventbridge, lambda_svc, sqs, stepfunctions

from local_cloud.emulator.deadlines import Deadlines
from local_cloud.emulator.events.dead_letters import send_to_dead_letters
from local_cloud.emulator.faults import FAULTS
from local_cloud.emulator.patching import Extension, Patch, Target

INVOKE = "events:InvokeTarget"
MAX_RETRIES, MAX_AGE_S = 185, 24 * 3600
# AWS waits longer. Here, a person waits for the result.
FIRST_PAUSE_S, MAX_PAUSE_S = 0.2, 5.0
LATE_S = 1.0

DEADLINES = Deadlines()
_jitter = random.Random()  # noqa: S311 - pauses


@dataclass(frozen=True)
class Delivery:
    """An event for one target of a rule. `invoke` calls the target."""

    invoke: Callable[..., None]
    target: Mapping[str, Any]
    event: Any
    rule: Mapping[str, Any]
    view: Any
    began: float

    def attempt(self, retries: int = 0) -> None:
        """Call the target, or try again later, or give up."""
        if not exists(self.target.get("Arn", "")):
            self._give_up("NO_RESOURCE", "The target does not exist.", retries)
        elif not FAULTS.strikes("throttle", INVOKE, self.rule["Name"]):
            self.invoke(self.target, self.event, self.rule, self.view)
        else:
            self._retry(retries + 1)

    def _retry(self, number: int) -> None:
        policy = self.target.get("RetryPolicy") or {}
        pause_s = _jitter.uniform(0.5, 1) * min(FIRST_PAUSE_S * 2 ** (number - 1), MAX_PAUSE_S)
        age_s = time.monotonic() + pause_s - self.began
        if number > policy.get("MaximumRetryAttempts", MAX_RETRIES):
            self._give_up("THROTTLING", "Rate exceeded", number - 1, "MaximumRetryAttempts")
        elif age_s > policy.get("MaximumEventAgeInSeconds", MAX_AGE_S):
            self._give_up("THROTTLING", "Rate exceeded", number - 1, "MaximumEventAgeInSeconds")
        else:
            self.later(pause_s, number)

    def later(self, seconds: float, retries: int = 0) -> None:
        DEADLINES.add(seconds, partial(contextvars.copy_context().run, self.attempt, retries))

    def _give_up(self, code: str, message: str, retries: int, exhausted: str | None = None) -> None:
        send_to_dead_letters(
            self.target, self.event, self.rule, code=code, message=message, attempts=retries, exhausted=exhausted
        )


def extend_invoke(invoke: Callable[..., None]) -> Callable[..., None]:
    def deliver(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> None:
        delivery = Delivery(invoke, target, event, rule, view, time.monotonic())
        copies = 2 if FAULTS.strikes("duplicate", INVOKE, rule["Name"]) else 1
        for _ in range(copies):
            if FAULTS.strikes("delay", INVOKE, rule["Name"]):
                delivery.later(LATE_S)
            else:
                delivery.attempt()

    return deliver


def exists(arn: str) -> bool:
    """Whether there is such a queue, function or state machine. Other targets are not looked up."""
    service = parse_arn(arn).service
    if service == "sqs":
        return sqs._queue_by_arn(arn) is not None
    if service == "lambda":
        return lambda_svc._get_func_record_for_ref(arn)[0] is not None
    return service != "states" or stepfunctions._resolve_state_machine_arn(arn) is not None


PATCH = Patch(
    name="EventBridge deliveries",
    gap="each target is called once, immediately, and an event for a missing target is lost",
    targets=(
        Extension(eventbridge, "_invoke_target", "550e304af08095637ed4de07798e4acc", extend_invoke),
        Target(lambda_svc, "_get_func_record_for_ref", "492b4efe8f903a0fb18131e79a26799e"),
        Target(stepfunctions, "_resolve_state_machine_arn", "e054a309ee54fa0f59e2eb0f05edc442"),
        Target(sqs, "_queue_by_arn", "b4981875c8186c194675ead2fe848fb6"),
    ),
)
