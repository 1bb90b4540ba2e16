"""The records of GPU task processes. A process holds a lock on its record as long as it runs."""

import contextlib
import fcntl
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """A task's process. `started` is in seconds since the epoch; `group` is `service:<name>`, or empty."""

    pid: int
    task: str
    image: str
    group: str
    log: str
    started: float

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(**json.loads(text))


def running_tasks(folder: Path) -> list[TaskRecord]:
    """The tasks whose processes are running, oldest first."""
    records = [TaskRecord.parse(path.read_text()) for path in folder.glob("*.json") if _is_locked(path)]
    return sorted(records, key=lambda record: record.started)


def kill_leftovers(folder: Path) -> list[int]:
    """Kill task processes that are running after their emulator ended, and delete all records.

    Returns the IDs of the killed processes.
    """
    killed = []
    for record in running_tasks(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record.pid, signal.SIGKILL)
            killed.append(record.pid)
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)
    return killed


def _is_locked(path: Path) -> bool:
    try:
        with path.open("rb") as record:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
