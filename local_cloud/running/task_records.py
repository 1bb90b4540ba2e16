"""What each GPU task's process says about itself, and whether it still lives."""

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
    """A task's process. `started` is in seconds since the epoch; `group` is the service it belongs to, or empty."""

    pid: int
    task: str
    image: str
    group: str
    log: str
    started: float

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(**json.loads(text))


def live_tasks(folder: Path) -> list[TaskRecord]:
    """The tasks whose processes are alive, oldest first."""
    records = [TaskRecord.parse(path.read_text()) for path in folder.glob("*.json") if _locked(path)]
    return sorted(records, key=lambda record: record.started)


def end_leftovers(folder: Path) -> list[int]:
    """Kill task processes that outlived their emulator, and forget all records; answers the ids that were killed."""
    killed = []
    for record in live_tasks(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(record.pid, signal.SIGKILL)
            killed.append(record.pid)
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)
    return killed


def _locked(path: Path) -> bool:
    try:
        with path.open("rb") as record:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        pass
    return False
