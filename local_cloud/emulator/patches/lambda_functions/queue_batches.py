"""A batch of a queue is retried while its function is throttled, and a bad response fails all of it.

Gap: the emulator counts a throttled batch as failed. On AWS, Lambda tries it again until the messages are visible. A
function that reports failures with an empty or unknown key has failed for the whole batch; in the emulator, such a
response deletes every message.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ministack.services import lambda_svc, sqs

from local_cloud.emulator.patches.lambda_functions.throttles import with_current_concurrency
from local_cloud.emulator.patching import Patch, Replacement, Target

REPORTS = "ReportBatchItemFailures"
FIRST_PAUSE_S, MAX_PAUSE_S = 0.2, 5.0

Message = dict[str, Any]


def run_batch(
    mapping: dict[str, Any],
    function: dict[str, Any],
    event: Mapping[str, Any],
    batch: Sequence[Message],
    url: str,
    name: str,
) -> None:
    """Invoke the function with a batch, and delete the messages that it has processed."""
    result = invoke(function, event, until=min(message["visible_at"] for message in batch))
    failed = {message["id"] for message in batch} if result.get("error") else failures_of(mapping, result, batch)
    done = [message for message in batch if message["id"] not in failed]
    sqs._delete_messages_for_esm(url, {message["receipt_handle"] for message in done if message["receipt_handle"]})
    if result.get("error"):
        mapping["LastProcessingResult"] = "FAILED"
        lambda_svc.logger.warning("A batch of %s failed: %s", name, result.get("body"))
        # The messages stay hidden. A pause keeps a broken function from taking the next ones immediately.
        lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
    else:
        mapping["LastProcessingResult"] = f"OK - {len(done)} records, {len(failed)} failures"
        lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)


def invoke(function: dict[str, Any], event: Mapping[str, Any], *, until: float) -> dict[str, Any]:
    """The result of the invocation, which is repeated while it is throttled, until the time `until`."""
    pause_s = FIRST_PAUSE_S
    result: dict[str, Any] = lambda_svc._execute_function(function, event)
    while result.get("throttle") and time.time() + pause_s < until:
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, MAX_PAUSE_S)
        result = lambda_svc._execute_function(with_current_concurrency(function), event)
    return result


def failures_of(mapping: Mapping[str, Any], result: Mapping[str, Any], batch: Sequence[Message]) -> set[str]:
    """The messages that a successful invocation reports as failed: all of them if the report is not valid."""
    if REPORTS not in (mapping.get("FunctionResponseTypes") or ()):
        return set()
    every = {message["id"] for message in batch}
    body = result.get("body")
    try:
        report = json.loads(body) if isinstance(body, str) and body else body
    except ValueError:
        return every
    items = report.get("batchItemFailures") if isinstance(report, dict) else None
    if not report or not items:
        return set()
    if not isinstance(items, list):
        return every
    named = {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in items}
    return named if named <= every else every


PATCH = Patch(
    name="Lambda batches of queues",
    gap="a throttled batch fails, and an invalid report of failures deletes every message",
    targets=(
        Replacement(lambda_svc, "_run_sqs_batch", "f9bf630aabf3d1b9dba295fc9929df72", run_batch),
        Target(lambda_svc, "_poll_sqs", "e438a6a1e09482dc121bc3105d2410c1"),
        Target(sqs, "_delete_messages_for_esm", "c1686f29b48b42eea5a69e1c24da77bd"),
    ),
)
