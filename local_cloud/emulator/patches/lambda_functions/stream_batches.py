"""A batch of a stream is halved, retried and discarded as its mapping says, and records stay in order.

Gap: the emulator repeats a failed batch until it works, so one record that breaks a function stops the stream. It
ignores `MaximumRetryAttempts`, `BisectBatchOnFunctionError` and the failures that a function reports. On AWS, a failed
batch is halved, the records before the first reported failure are done, and records that fail after the retries go to
the destination. A throttled invocation is no attempt.

https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import _request_account_id, _request_region
from ministack.services import dynamodb, lambda_svc

from local_cloud.emulator.patches.lambda_functions.queue_batches import failures_of
from local_cloud.emulator.patching import Patch, Replacement, Target

UNLIMITED = -1
EXHAUSTED, TOO_OLD = "RetryAttemptsExhausted", "MaxRecordAgeExceeded"

Record = dict[str, Any]


@dataclass
class Progress:
    """The batch of a mapping: where it starts, how often it failed, and where it ends if it failed before."""

    start: int = 0
    failures: int = 0
    end: int | None = None


_progress: defaultdict[str, Progress] = defaultdict(Progress)


def poll_streams() -> bool:
    """Invoke the function of each mapping with one batch. Returns whether a mapping has moved on."""
    moved = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        tokens = _request_account_id.set(account), _request_region.set(region)
        try:
            moved = _poll(mapping) or moved
        finally:
            _request_account_id.reset(tokens[0])
            _request_region.reset(tokens[1])
    return moved


def _poll(mapping: dict[str, Any]) -> bool:
    table = _find_table(mapping)
    function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    waits = lambda_svc._esm_backoff_until.get(mapping["UUID"], 0) > time.time()
    if not mapping.get("Enabled", True) or table is None or function is None or waits:
        return False
    progress = _progress[mapping["UUID"]]
    progress.start = _position(mapping, table)
    size = mapping.get("BatchSize", 100)
    if progress.end is not None and progress.end > progress.start:
        size = progress.end - progress.start
    records: list[Record] = dynamodb.stream_records_since(table, progress.start, size)
    if not records:
        return False
    done = _process(mapping, function, records, progress)
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = progress.start + done
    if done == len(records):
        progress.failures, progress.end = 0, None
    return bool(done)


def _process(mapping: dict[str, Any], function: dict[str, Any], records: Sequence[Record], progress: Progress) -> int:
    """Invoke the function. Returns how many records are done or discarded."""
    batch = lambda_svc._apply_filter_criteria(list(records), mapping)
    if not batch:
        return len(records)
    result = lambda_svc._execute_function(function, {"Records": batch})
    if result.get("throttle"):
        _pause(mapping)
        return _discard(mapping, function, batch, records, result, TOO_OLD) if _too_old(mapping, records) else 0
    first = _first_failure(mapping, records, batch, result)
    if first is None:
        mapping["LastProcessingResult"] = f"OK - {len(batch)} records"
        return len(records)
    return _fail(mapping, function, records, batch, result, progress, first)


def _fail(
    mapping: dict[str, Any],
    function: dict[str, Any],
    records: Sequence[Record],
    batch: Sequence[Record],
    result: Mapping[str, Any],
    progress: Progress,
    first: int,
) -> int:
    """Handle a batch whose record with the number `first` failed. Returns how many records are done or discarded."""
    mapping["LastProcessingResult"] = "FAILED"
    lambda_svc.logger.warning("A batch of %s failed: %s", mapping["EventSourceArn"], result.get("body"))
    if result.get("error") and mapping.get("BisectBatchOnFunctionError") and len(records) > 1:
        progress.end = progress.start + len(records) // 2
        return 0  # the halves are tried next, which takes none of the attempts
    progress.failures += 1
    progress.end = progress.start + len(records)
    limit = int(mapping.get("MaximumRetryAttempts", UNLIMITED))
    exhausted = UNLIMITED < limit < progress.failures
    if exhausted or _too_old(mapping, records):
        rest = [record for record in batch if record in records[first:]]
        return _discard(mapping, function, rest, records, result, EXHAUSTED if exhausted else TOO_OLD)
    _pause(mapping)
    return first


def _discard(
    mapping: dict[str, Any],
    function: dict[str, Any],
    batch: Sequence[Record],
    records: Sequence[Record],
    result: Mapping[str, Any],
    reason: str,
) -> int:
    lambda_svc._send_ddb_stream_failure_record(mapping, function, batch, mapping["EventSourceArn"], result, reason)
    return len(records)


def _first_failure(
    mapping: Mapping[str, Any], records: Sequence[Record], batch: Sequence[Record], result: Mapping[str, Any]
) -> int | None:
    """The number of the first record that failed, or None."""
    if result.get("error"):
        return 0
    failed = failures_of(mapping, result, [{"id": _sequence(record)} for record in batch])
    return min((number for number, record in enumerate(records) if _sequence(record) in failed), default=None)


def _sequence(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _too_old(mapping: Mapping[str, Any], records: Sequence[Record]) -> bool:
    limit = int(mapping.get("MaximumRecordAgeInSeconds") or UNLIMITED)
    oldest = min(float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in records)
    return limit > 0 and time.time() - oldest > limit


def _pause(mapping: Mapping[str, Any]) -> None:
    lambda_svc._esm_backoff_until[mapping["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS


def _find_table(mapping: Mapping[str, Any]) -> str | None:
    """The table of the stream of the mapping, if it has that stream now."""
    try:
        spec = parse_arn(mapping.get("EventSourceArn", ""))
    except ArnParseError:
        return None
    found = lambda_svc._dynamodb_stream_table_from_arn_spec(spec) if spec.service == "dynamodb" else None
    if found is None:
        return None
    name = str(found[0])
    table = dynamodb._tables.get(name)
    return name if table and table.get("LatestStreamArn") == mapping["EventSourceArn"] else None


def _position(mapping: Mapping[str, Any], table: str) -> int:
    """The position of the next record. Records that have expired are skipped."""
    start, end = dynamodb.stream_start_position(table), dynamodb.stream_end_position(table)
    with lambda_svc._dynamodb_stream_positions_lock:
        first = start if mapping.get("StartingPosition", "LATEST") == "TRIM_HORIZON" else end
        position = max(lambda_svc._dynamodb_stream_positions.setdefault(mapping["UUID"], first), start)
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    return int(position)


PATCH = Patch(
    name="batches of streams",
    gap="a batch of a stream that fails is repeated until it works",
    targets=(
        Replacement(lambda_svc, "_poll_dynamodb_streams", "2b2460e933a9f3c3fb00d9e15763d119", poll_streams),
        Target(lambda_svc, "_send_ddb_stream_failure_record", "0efd5f5ffe2d6df57a30204eb0a4d226"),
        Target(lambda_svc, "_dynamodb_stream_table_from_arn_spec", "339c3125c285fe02eb713f710f7f967d"),
        Target(lambda_svc, "_apply_filter_criteria", "d8d7d5c8f77ea1ac431ccaf2e5ae8889"),
        Target(lambda_svc, "_get_func_record_for_qualifier", "a86e90478088123dc1675e52d0c9ac69"),
        Target(dynamodb, "stream_records_since", "aed31a353fda9770d3babb2d6091616f"),
        Target(dynamodb, "stream_start_position", "3b822e76fbb147fa08b60c91c04d91a0"),
        Target(dynamodb, "stream_end_position", "d0483912696df38d9e0f06251f452197"),
    ),
)
