"""Ends processes that take more memory than they have. One thread watches all of them."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROCESSES = Path("/proc")  # Linux only; elsewhere, no process is ended
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CHECK_EVERY_S = 0.05


class Watch:
    """A process during one invocation. `exceeded` says that it was ended because of its memory."""

    def __init__(self, find_process: Callable[[], int | None], max_bytes: int) -> None:
        self.find_process, self.max_bytes, self.exceeded = find_process, max_bytes, False


class MemoryGuard:
    """Watches processes while they work. `exceeds` says whether one has more than so many bytes, `kill` ends it."""

    def __init__(self, exceeds: Callable[[int, int], bool], kill: Callable[[int], None]) -> None:
        self._exceeds, self._kill = exceeds, kill
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watch(self, find_process: Callable[[], int | None], max_bytes: int) -> Iterator[Watch]:
        """End the process if it has more than `max_bytes` before the block ends.

        `find_process` returns its ID, or None before it has started.
        """
        watch = Watch(find_process, max_bytes)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="memory-guard", daemon=True)
                self._thread.start()
            self._watches.add(watch)
            self._changed.notify()
        try:
            yield watch
        finally:
            with self._changed:
                self._watches.discard(watch)

    def check(self) -> None:
        """Look at each process once."""
        with self._changed:
            watches = list(self._watches)
        for watch in watches:
            process = watch.find_process()
            if process is None or watch.exceeded or not self._exceeds(process, watch.max_bytes):
                continue
            with self._changed:
                if watch in self._watches:  # its work has not ended meanwhile
                    watch.exceeded = True
                    self._kill(process)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watches)
            time.sleep(CHECK_EVERY_S)
            self.check()


def exceeds(process: int, max_bytes: int) -> bool:
    """Whether a process and its descendants have more memory.

    The sum of their resident pages counts those that they share for each of them, and is quick to read. Only if it is
    too large, proportional shares decide.
    """
    tree = list(_list_tree(process))
    if sum(map(_read_resident, tree)) <= max_bytes:
        return False
    return sum(map(_read_share, tree)) > max_bytes


def kill(process: int) -> None:
    """Send SIGKILL to a process and its descendants."""
    for each in list(_list_tree(process)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _list_tree(process: int) -> Iterator[int]:
    yield process
    with contextlib.suppress(OSError):
        for task in (PROCESSES / str(process) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _list_tree(int(child))


def _read_resident(process: int) -> int:
    with contextlib.suppress(OSError):
        return int((PROCESSES / str(process) / "statm").read_text().split()[1]) * PAGE_BYTES
    return 0


def _read_share(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in (PROCESSES / str(process) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
