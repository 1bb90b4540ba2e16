"""PutEvents refuses entries that are too large or incomplete.

Gap: the emulator takes entries of any size, without a source or a type, and with a detail that is not JSON. On AWS, the
entries of a request have 1 MB together, else it is `ValidationException`. An entry that is not complete fails
separately, and the response says so: a caller that does not read it loses events.

https://aws.amazon.com/blogs/compute/more-room-to-build-serverless-services-now-support-payloads-up-to-1-mb/
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import eventbridge

from local_cloud.emulator.patching import Extension, Patch

MAX_BYTES = 1024 * 1024
TIME_BYTES = 14
REQUIRED = ("Source", "DetailType", "Detail")


def extend_put(put: Callable[..., Any]) -> Callable[..., Any]:
    def check_and_put(request: Mapping[str, Any], **options: Any) -> Any:
        entries = [with_text(entry) for entry in request.get("Entries") or []]
        request = {**request, "Entries": entries}
        if not entries:
            return error_response_json("ValidationException", "Entries must have at least one member.", 400)
        if sum(map(size_of, entries)) > MAX_BYTES:
            return error_response_json(
                "ValidationException", "Total size of the entries in the request is over the limit.", 400
            )
        faults = [fault_of(entry) for entry in entries]
        good = [entry for entry, fault in zip(entries, faults, strict=True) if fault is None]
        if len(good) == len(entries):
            return put(request, **options)
        results: list[Any] = []
        if good:
            status, headers, body = put({**request, "Entries": good}, **options)
            if status != 200:
                return status, headers, body
            results = json.loads(body)["Entries"]
        answers = iter(results)
        merged = [next(answers) if fault is None else fault for fault in faults]
        return json_response({"FailedEntryCount": sum("ErrorCode" in each for each in merged), "Entries": merged})

    return check_and_put


def with_text(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entry with its detail as a text. State machines may have it as an object, which Step Functions serializes."""
    detail = entry.get("Detail")
    return entry if detail is None or isinstance(detail, str) else {**entry, "Detail": json.dumps(detail)}


def size_of(entry: Mapping[str, Any]) -> int:
    """The bytes of an entry, as AWS counts them."""
    texts = [entry.get(name) or "" for name in REQUIRED] + list(entry.get("Resources") or [])
    return sum(len(text.encode()) for text in texts) + (TIME_BYTES if "Time" in entry else 0)


def fault_of(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """The result of an entry that is not complete."""
    for name in REQUIRED:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


PATCH = Patch(
    name="EventBridge entries",
    gap="entries of events have any size and any content",
    targets=(Extension(eventbridge, "_put_events", "ebcda0f38061fc62265a3f72bcc4005a", extend_put),),
)
