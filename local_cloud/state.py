"""What the local cloud keeps under its one folder."""

import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from local_cloud import task_records

DEFAULT = Path(".local-cloud")


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
    """The folder and what lies where. Everything in it belongs to one run and goes with the next."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.assembly = self.path / "assembly"
        self.logs = self.path / "logs"
        self.emulator_log = self.logs / "emulator.log"
        self.synthesis_log = self.logs / "synthesis.log"
        self.tasks = self.path / "tasks"
        self._lock = self.path / "emulator.lock"
        self._running = self.path / "state.json"

    def claim(self) -> int:
        """The descriptor of the lock, held from now on by whoever keeps it open; raises AlreadyRunning."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise AlreadyRunning(f"A local cloud already runs in {self.path}") from None
        return descriptor

    def clear(self) -> bool:
        """End and forget whatever an earlier run left, logs included; answers whether that run had crashed.

        Only for whoever holds the claim.
        """
        crashed = bool(task_records.end_leftovers(self.tasks)) or self._running.exists()
        for leftover in self.path.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover)
            elif leftover != self._lock:
                leftover.unlink()
        self.logs.mkdir()
        return crashed

    def remember(self, running: Running) -> None:
        temporary = self._running.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(running), indent=2))
        temporary.replace(self._running)

    def forget(self) -> None:
        self._running.unlink(missing_ok=True)

    def running(self) -> Running:
        """The cloud that runs here; raises NotRunning when there is none, or only the state of one that crashed."""
        if not self._locked() or not self._running.exists():
            raise NotRunning(f"No local cloud runs in {self.path}. Start one: python -m local_cloud up")
        return Running(**json.loads(self._running.read_text()))

    def _locked(self) -> bool:
        try:
            os.close(self.claim())
        except AlreadyRunning:
            return True
        return False

    @classmethod
    def at(cls, path: Path | str) -> Self:
        return cls(Path(path))
