"""The logs of the emulator, of the Lambdas and of the GPU tasks, once or as they grow."""

import itertools
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from local_cloud.cloud import LocalCloud

FOLLOW_S = 0.3


class NoSuchLog(Exception):
    """Nothing here has this name."""


def log_lines(cloud: LocalCloud, source: str, *, follow: bool) -> Iterator[str]:
    """The lines of `emulator`, `worker` (all GPU tasks), or a Lambda named verb_noun; raises NoSuchLog."""
    if source == "emulator":
        return _files(lambda: [cloud.state.emulator_log], follow)
    if source == "worker":
        return _files(lambda: sorted((cloud.state.logs / "tasks").glob("*.log")), follow)
    return _events(cloud.client("logs"), _log_group(cloud, source), follow)


def _files(paths: Any, follow: bool) -> Iterator[str]:
    """The lines of all files, those that appear later included; each names its file when there are several."""
    read: dict[Path, int] = {}
    while True:
        found: list[Path] = paths()
        for path in found:
            prefix = f"{path.stem[-8:]} | " if len(found) > 1 else ""
            with path.open("rb") as file:
                file.seek(read.get(path, 0))
                whole = [line for line in file if line.endswith(b"\n") or not follow]
                read[path] = read.get(path, 0) + sum(map(len, whole))
            yield from (prefix + line.decode(errors="replace").rstrip("\n") for line in whole)
        if not follow:
            return
        time.sleep(FOLLOW_S)


def _events(logs: Any, group: str, follow: bool) -> Iterator[str]:
    printed: Counter[str] = Counter()  # by stream: each only grows, while together they are sorted by time
    while True:
        passed: Counter[str] = Counter()
        for event in _pages(logs, group):
            stream = event["logStreamName"]
            passed[stream] += 1
            if passed[stream] > printed[stream]:
                yield event["message"].rstrip("\n")
        printed = passed
        if not follow:
            return
        time.sleep(FOLLOW_S)


def _pages(logs: Any, group: str) -> Iterable[dict[str, Any]]:
    try:
        pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group))
    except logs.exceptions.ResourceNotFoundException:
        return []  # nothing was written yet
    return itertools.chain.from_iterable(page["events"] for page in pages)


def _log_group(cloud: LocalCloud, function: str) -> str:
    """The log group of the Lambda whose service name is verb_noun."""
    known = {}
    for page in cloud.client("lambda").get_paginator("list_functions").paginate():
        for found in page["Functions"]:
            name = found.get("Environment", {}).get("Variables", {}).get("POWERTOOLS_SERVICE_NAME")
            group = found.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{found['FunctionName']}"
            known[name] = group
    if function not in known:
        raise NoSuchLog(f"No log of {function}; there are emulator, worker, {', '.join(sorted(filter(None, known)))}")
    return str(known[function])
