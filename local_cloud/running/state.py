"""What the local cloud keeps under its one folder, and who runs in it."""

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

from local_cloud.running import task_records

DEFAULT = Path(".local-cloud")
POLL_S = 0.05
# Longer than it takes somebody else to look whether the folder is free.
CLAIM_WITHIN_S = 0.3
RUNS_KEPT = 5  # of which logs are kept


class AlreadyRunning(Exception):
    """Another local cloud runs with this state folder."""


class NotRunning(Exception):
    """No local cloud runs with this state folder."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """The cloud that runs now. `started` is in seconds since the epoch; `outputs` are those of all stacks."""

    endpoint: str
    pid: int
    started: float
    outputs: dict[str, str]


class StateDir:
    """The folder and what lies where. Everything in it belongs to one run and goes with the next, but the logs.

    Whoever runs holds the lock file's lock, which the kernel takes back when that process ends, however it ends. So a
    process id in here counts only while the lock is held: it can never be another program's.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.assembly = self.path / "assembly"
        self.logs = self.path / "logs"
        self.emulator_log = self.logs / "emulator.log"
        self.synthesis_log = self.logs / "synthesis.log"
        self.tasks = self.path / "tasks"
        self.earlier = self.path / "earlier"
        self.lock = self.path / "emulator.lock"
        self._running = self.path / "state.json"

    @classmethod
    def at(cls, path: Path | str) -> Self:
        return cls(Path(path))

    @contextlib.contextmanager
    def claim(self) -> Iterator["Claim"]:
        """Hold the folder; raises AlreadyRunning where somebody does. Handed over, it is held by that process too."""
        self.path.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as lock:
            deadline = time.monotonic() + CLAIM_WITHIN_S
            while not _try_lock(lock.fileno(), fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise AlreadyRunning(
                        f"A local cloud is already running in {self.path}. To stop it: {self.command('down')}"
                    )
                time.sleep(POLL_S)
            lock.truncate(0)
            yield Claim(self, lock.fileno())

    def command(self, words: str) -> str:
        """The command line that does this in this folder."""
        option = "" if self.path == DEFAULT.resolve() else f" --state-dir {self.path}"
        return f"python -m local_cloud {words}{option}"

    def last_started(self) -> float | None:
        """When the run that is noted began, in seconds since the epoch; None where none is."""
        try:
            return float(json.loads(self._running.read_text())["started"])
        except (OSError, ValueError, KeyError):
            return None

    def remember(self, running: Running) -> None:
        temporary = self._running.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(running), indent=2))
        temporary.replace(self._running)

    def remembers(self) -> bool:
        """Whether a run is noted that was not stopped in order, or has not been yet."""
        return self._running.exists()

    def forget(self) -> None:
        self._running.unlink(missing_ok=True)

    def running(self) -> Running:
        """The cloud that runs here; raises NotRunning when there is none, or only the state of one that crashed."""
        if self.owner() is None or not self.remembers():
            raise NotRunning(f"No local cloud is running in {self.path}. To start one: {self.command('up')}")
        return Running(**json.loads(self._running.read_text()))

    def owner(self) -> int | None:
        """The id of the emulator's process that holds the folder now."""
        if not self.lock.exists():
            return None
        with self.lock.open("rb") as lock:
            free = _try_lock(lock.fileno(), fcntl.LOCK_SH)
            return None if free else int(lock.read() or 0) or None

    def wait_until_free(self, timeout_s: float = float("inf")) -> bool:
        """Block until nobody holds the folder any more; answers whether that came to be in time."""
        deadline = time.monotonic() + timeout_s
        while self.owner() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)  # a lock that another process holds gives no sign when it is released
        return True


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """What is left of the run before. `started` is in seconds since the epoch; `logs` is where its logs are kept."""

    crashed: bool
    started: float | None
    logs: Path | None


@dataclass(frozen=True)
class Claim:
    """The right to run in a folder."""

    state: StateDir
    descriptor: int

    def fileno(self) -> int:
        return self.descriptor

    def hand_over(self, pid: int) -> None:
        """Note which process, having inherited the descriptor, holds the folder from now on."""
        os.pwrite(self.descriptor, str(pid).encode(), 0)

    def end_leftovers(self) -> bool:
        """End what a crashed run left running and forget that it ran; answers whether there was such a run."""
        crashed = bool(task_records.end_leftovers(self.state.tasks)) or self.state.remembers()
        self.state.forget()
        return crashed

    def clear(self) -> EarlierRun:
        """End and forget whatever an earlier run left; its logs are kept, with those of a few runs before."""
        started = self.state.last_started()
        logs = self._keep_logs(started)
        crashed = self.end_leftovers()
        for leftover in self.state.path.iterdir():
            if leftover == self.state.earlier:
                continue
            if leftover.is_dir():
                shutil.rmtree(leftover)
            elif leftover != self.state.lock:
                leftover.unlink()
        self.state.logs.mkdir()
        return EarlierRun(crashed=crashed, started=started, logs=logs)

    def _keep_logs(self, started: float | None) -> Path | None:
        """Move the logs of the run before out of the way; answers where they are now, None where there are none."""
        state = self.state
        if not state.logs.is_dir() or not any(state.logs.iterdir()):
            return None
        began = state.logs.stat().st_mtime if started is None else started
        moment = datetime.fromtimestamp(began, UTC)
        kept = state.earlier / f"{moment:%Y%m%dT%H%M%S.%fZ}"
        if kept.exists():
            shutil.rmtree(kept)
        state.earlier.mkdir(exist_ok=True)
        state.logs.rename(kept)
        for surplus in sorted(state.earlier.iterdir())[:-RUNS_KEPT]:
            shutil.rmtree(surplus)
        return kept


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
