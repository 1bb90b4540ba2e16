"""The logs of the emulator, the Lambdas and the GPU tasks, once or as they grow.

Each is a file in the state folder, so that a log can be read whether the cloud runs, has stopped or has crashed.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLLOW_S = 0.3
EMULATOR, WORKER = "emulator", "worker"
UNKNOWN = datetime.min.replace(tzinfo=UTC)


class NoSuchLog(Exception):
    """Nothing here has this name."""


@dataclass(frozen=True)
class LogLine:
    """A line of a log. `at` is when it was written: its own timestamp, or that of the line before."""

    at: datetime
    source: str
    text: str


def log_lines(logs: Path, source: str, *, follow: bool) -> Iterator[str]:
    """The lines of `emulator`, `worker` (all GPU tasks, by time), or a Lambda named verb_noun; raises NoSuchLog.

    Following a Lambda waits for its first line.
    """
    folder, pattern = _place(logs, source)
    if not follow and source not in (EMULATOR, WORKER) and not list(folder.glob(pattern)):
        raise NoSuchLog(f"There is no log of {source}; the logs are {', '.join(sources(logs))}")
    read: dict[Path, int] = {}
    while True:
        paths = sorted(folder.glob(pattern))
        found = [line for path in paths for line in _new_lines(path, read, whole=follow)]
        for line in sorted(found, key=lambda line: line.at):
            yield f"{line.source[-8:]} | {line.text}" if len(paths) > 1 else line.text
        if not follow:
            return
        time.sleep(FOLLOW_S)


def sources(logs: Path) -> list[str]:
    """The names of all logs."""
    return [EMULATOR, WORKER, *sorted(path.stem for path in (logs / "lambdas").glob("*.log"))]


def lines_about(logs: Path, text: str) -> list[LogLine]:
    """The lines of Lambdas and GPU tasks that have the text, by time."""
    paths = [*(logs / "lambdas").glob("*.log"), *(logs / "tasks").glob("*.log")]
    found = [line for path in sorted(paths) for line in _new_lines(path, {}, whole=False) if text in line.text]
    return sorted(found, key=lambda line: line.at)


def fields_of(line: str) -> dict[str, Any]:
    """The fields of a structured line; none of any other."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _place(logs: Path, source: str) -> tuple[Path, str]:
    if source == EMULATOR:
        return logs, "emulator.log"
    if source == WORKER:
        return logs / "tasks", "*.log"
    if not source.replace("_", "").isalnum():
        raise NoSuchLog(f"There is no log of {source}; the logs are {', '.join(sources(logs))}")
    return logs / "lambdas", f"{source}.log"


def _new_lines(path: Path, read: dict[Path, int], *, whole: bool) -> Iterator[LogLine]:
    """What was appended since `read`, which is moved on; with `whole`, without a last line that is being written."""
    at = UNKNOWN
    with path.open("rb") as file:
        file.seek(read.get(path, 0))
        for line in file:
            if whole and not line.endswith(b"\n"):
                break
            read[path] = read.get(path, 0) + len(line)
            text = line.decode(errors="replace").rstrip("\n")
            at = _moment(text) or at
            yield LogLine(at, path.stem, text)


def _moment(line: str) -> datetime | None:
    """When a structured line was written, by Powertools' timestamp."""
    written = fields_of(line).get("timestamp")
    try:
        return datetime.strptime(str(written), "%Y-%m-%d %H:%M:%S,%f%z") if written else None
    except ValueError:
        return None
