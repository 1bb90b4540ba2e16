"""The state folder of the local cloud: its files, its lock and the record of its run."""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from local_cloud.launcher import task_records

DEFAULT = Path(".local-cloud")
POLL_S = 0.05
# Much longer than other processes take to check whether the folder is free.
CHECKS_TIMEOUT_S = 60.0
MAX_EARLIER_RUNS = 5  # whose logs are kept


class AlreadyRunning(Exception):
    """Another local cloud runs with this state folder."""


class NotRunning(Exception):
    """No local cloud runs with this state folder."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A running cloud. `started` is in seconds since the epoch. `outputs` has the outputs of all stacks by key."""

    endpoint: str
    pid: int
    started: float
    outputs: dict[str, str]


class StateDir:
    """The paths in the folder. Its files belong to one run; the next run deletes all but the logs.

    The emulator holds a lock on the lock file. The kernel releases it when the process ends, also after a crash. A
    process ID in this folder is valid only while the lock is held, so it never refers to another program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.assembly = self.path / "assembly"
        self.logs = self.path / "logs"
        self.emulator_log = self.logs / "emulator.log"
        self.synthesis_log = self.logs / "synthesis.log"
        self.tasks = self.path / "tasks"
        self.earlier_logs = self.path / "earlier-logs"
        self.lock_file = self.path / "emulator.lock"
        self._record = self.path / "state.json"

    @classmethod
    def at(cls, path: Path | str) -> Self:
        return cls(Path(path))

    @contextlib.contextmanager
    def lock(self) -> Iterator["FolderLock"]:
        """Lock the folder; raises AlreadyRunning if another process holds the lock.

        A process that inherits the descriptor keeps the lock after the block.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.lock_file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            deadline = time.monotonic() + CHECKS_TIMEOUT_S
            while not _try_lock(file.fileno(), fcntl.LOCK_EX):
                # An owner shares its lock with nobody. Processes that only check the folder share theirs.
                if not _try_lock(file.fileno(), fcntl.LOCK_SH) or time.monotonic() > deadline:
                    raise AlreadyRunning(
                        f"A local cloud is already running in {self.path}. To stop it: {self.command_line('down')}"
                    )
                fcntl.flock(file, fcntl.LOCK_UN)
                time.sleep(POLL_S)
            file.truncate(0)
            yield FolderLock(self, file.fileno())

    def command_line(self, command: str) -> str:
        """The shell command that runs a command of the local cloud in this folder."""
        option = "" if self.path == DEFAULT.resolve() else f" --state-dir {self.path}"
        return f"python -m local_cloud {command}{option}"

    def last_start(self) -> float | None:
        """The start of the recorded run in seconds since the epoch; None without a record."""
        try:
            return float(json.loads(self._record.read_text())["started"])
        except (OSError, ValueError, KeyError):
            return None

    def write_record(self, record: RunRecord) -> None:
        temporary = self._record.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(record), indent=2))
        temporary.replace(self._record)

    def has_record(self) -> bool:
        """Whether a run is recorded: one that is running, or one that crashed."""
        return self._record.exists()

    def delete_record(self) -> None:
        self._record.unlink(missing_ok=True)

    def current_run(self) -> RunRecord:
        """The running cloud; raises NotRunning if there is none, also if the recorded run crashed."""
        if self.owner_pid() is None or not self.has_record():
            raise NotRunning(f"No local cloud is running in {self.path}. To start one: {self.command_line('up')}")
        return RunRecord(**json.loads(self._record.read_text()))

    def owner_pid(self) -> int | None:
        """The ID of the emulator's process, which holds the lock; None if the folder is not locked."""
        if not self.lock_file.exists():
            return None
        with self.lock_file.open("rb") as file:
            is_free = _try_lock(file.fileno(), fcntl.LOCK_SH)
            return None if is_free else int(file.read() or 0) or None

    def wait_until_unlocked(self, timeout_s: float = float("inf")) -> bool:
        """Block until no process holds the lock; returns False after the timeout."""
        deadline = time.monotonic() + timeout_s
        while self.owner_pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)  # the kernel sends no event when another process releases its lock
        return True


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """The run before this one. `started` is in seconds since the epoch; `logs` is the folder with its logs."""

    crashed: bool
    started: float | None
    logs: Path | None


@dataclass(frozen=True)
class FolderLock:
    """The lock of a state folder, held by this process."""

    state: StateDir
    descriptor: int

    def fileno(self) -> int:
        return self.descriptor

    def transfer_to(self, pid: int) -> None:
        """Record the process that has inherited the descriptor as the owner of the lock."""
        os.pwrite(self.descriptor, str(pid).encode(), 0)

    def kill_leftovers(self) -> bool:
        """Kill the processes of a crashed run and delete its record; returns whether there was such a run."""
        crashed = bool(task_records.kill_leftovers(self.state.tasks)) or self.state.has_record()
        self.state.delete_record()
        return crashed

    def clean_up(self) -> EarlierRun:
        """Kill the processes of the earlier run and delete its files, except the logs of the last few runs."""
        started = self.state.last_start()
        logs = self._move_logs(started)
        crashed = self.kill_leftovers()
        for path in self.state.path.iterdir():
            if path == self.state.earlier_logs:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            elif path != self.state.lock_file:
                path.unlink()
        self.state.logs.mkdir()
        return EarlierRun(crashed=crashed, started=started, logs=logs)

    def _move_logs(self, started: float | None) -> Path | None:
        """Move the logs of the earlier run to their own folder and return it; None if there are no logs."""
        state = self.state
        if not state.logs.is_dir() or not any(state.logs.iterdir()):
            return None
        start = datetime.fromtimestamp(state.logs.stat().st_mtime if started is None else started, UTC)
        folder = state.earlier_logs / f"{start:%Y%m%dT%H%M%S.%fZ}"
        if folder.exists():
            shutil.rmtree(folder)
        state.earlier_logs.mkdir(exist_ok=True)
        state.logs.rename(folder)
        for oldest in sorted(state.earlier_logs.iterdir())[:-MAX_EARLIER_RUNS]:
            shutil.rmtree(oldest)
        return folder


def _try_lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
