"""Read or follow the logs of the emulator, the Lambdas and the GPU tasks.

Each log is a file in the state folder, so a log can be read after the cloud has stopped or crashed.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

POLL_S = 0.3
EMULATOR, WORKER = "emulator", "worker"
UNKNOWN_TIME = datetime.min.replace(tzinfo=UTC)


class NoSuchLog(Exception):
    """No log has this name."""


@dataclass(frozen=True)
class LogLine:
    """A line of a log. `at` is its own timestamp, or the timestamp of the line before it."""

    at: datetime
    source: str
    text: str


def log_lines(logs: Path, source: str, *, follow: bool) -> Iterator[str]:
    """The lines of `emulator`, `worker` (all GPU tasks in order of time) or a Lambda such as `submit_job`.

    With `follow`, it waits for new lines, and for the first line of a Lambda that has none. Raises NoSuchLog.
    """
    folder, pattern = _find_files(logs, source)
    if not follow and source not in (EMULATOR, WORKER) and not list(folder.glob(pattern)):
        raise _no_such_log(logs, source)
    offsets: dict[Path, int] = {}
    while True:
        paths = sorted(folder.glob(pattern))
        lines = [line for path in paths for line in _new_lines(path, offsets, complete_only=follow)]
        for line in sorted(lines, key=lambda line: line.at):
            yield f"{line.source[-8:]} | {line.text}" if len(paths) > 1 else line.text
        if not follow:
            return
        time.sleep(POLL_S)


def log_names(logs: Path) -> list[str]:
    """The names of all logs."""
    return [EMULATOR, WORKER, *sorted(path.stem for path in (logs / "lambdas").glob("*.log"))]


def find_lines(logs: Path, text: str, *, function: str = "*") -> list[LogLine]:
    """The lines of Lambdas and GPU tasks, or of one Lambda, that contain the text, in order of time."""
    paths = [*(logs / "lambdas").glob(f"{function}.log"), *((logs / "tasks").glob("*.log") if function == "*" else ())]
    lines = [line for path in sorted(paths) for line in _new_lines(path, {}, complete_only=False) if text in line.text]
    return sorted(lines, key=lambda line: line.at)


def parse_fields(line: str) -> dict[str, Any]:
    """The fields of a structured line; no fields for any other line."""
    try:
        fields = json.loads(line)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _find_files(logs: Path, source: str) -> tuple[Path, str]:
    """The folder of a log's files, and the pattern of their names."""
    if source == EMULATOR:
        return logs, "emulator.log"
    if source == WORKER:
        return logs / "tasks", "*.log"
    if not source.replace("_", "").isalnum():
        raise _no_such_log(logs, source)
    return logs / "lambdas", f"{source}.log"


def _no_such_log(logs: Path, source: str) -> NoSuchLog:
    return NoSuchLog(f"There is no log of {source}. The logs are {', '.join(log_names(logs))}.")


def _new_lines(path: Path, offsets: dict[Path, int], *, complete_only: bool) -> Iterator[LogLine]:
    """The lines after the file's offset, in bytes, which advances.

    With `complete_only`, a last line without its line break is left for the next call.
    """
    at = UNKNOWN_TIME
    with path.open("rb") as file:
        file.seek(offsets.get(path, 0))
        for line in file:
            if complete_only and not line.endswith(b"\n"):
                break
            offsets[path] = offsets.get(path, 0) + len(line)
            text = line.decode(errors="replace").rstrip("\n")
            at = _timestamp(text) or at
            yield LogLine(at, path.stem, text)


def _timestamp(line: str) -> datetime | None:
    """The timestamp that Powertools writes into a structured line."""
    timestamp = parse_fields(line).get("timestamp")
    try:
        return datetime.strptime(str(timestamp), "%Y-%m-%d %H:%M:%S,%f%z") if timestamp else None
    except ValueError:
        return None
