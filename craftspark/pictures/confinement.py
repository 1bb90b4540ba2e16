"""Runs work on untrusted bytes in a separate process with limits.

The process is started and not forked, because a fork of a worker would carry its threads, its GPU and its gigabytes. It
needs no shared memory, which AWS Lambda does not have: bytes go in and out through unnamed files. It has no
credentials, because it gets only the environment variables that Python needs to start.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "LANG", "LC_ALL", "TMPDIR")
STATM = Path("/proc/self/statm")
OUT_OF_MEMORY = 71  # an exit code that Python does not use
BY_BOUNDS = (signal.SIGXCPU, signal.SIGKILL)  # sent by the kernel at the soft and the hard limit


class TooMuchWork(Exception):
    """The process reached one of its limits."""


class ProcessBroke(Exception):
    """The process ended without a result, because a library crashed."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The limits of a process: CPU seconds, wall-clock seconds, and bytes of memory in addition to its initial size.

    `finish_cpu_s` is added to the CPU limit by `allow_finish_time`, for work whose amount is known by then. Memory is
    limited only where the system reports a process's size, as Linux does. macOS limits only time.
    """

    cpu_s: int
    finish_cpu_s: int
    wall_s: float
    memory_bytes: int
    answer_bytes: int


def apply_bounds() -> None:
    """Apply the limits that `run` passed to this process. Call it before reading any untrusted input."""
    cpu_s, finish_cpu_s, memory_bytes, answer_bytes = (int(part) for part in sys.argv[1:5])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + finish_cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (answer_bytes, answer_bytes))
    if STATM.exists():
        now = int(STATM.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory_bytes, now + memory_bytes))


def allow_finish_time() -> None:
    """Add `finish_cpu_s` to the CPU limit, when the untrusted input is processed and the remaining work is known."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (hard_limit, hard_limit))


def run(program: str, content: bytes, bounds: Bounds) -> tuple[bytes, bytes]:
    """Run a Python program on this standard input; returns the first line of its output, and the rest.

    The program must call `apply_bounds` first. Raises TooMuchWork, or ProcessBroke if a signal ended it. An exception
    in the program raises CalledProcessError, because it is a bug in the program.
    """
    command = [sys.executable, "-S", "-P", "-c", program]
    command += [str(part) for part in (bounds.cpu_s, bounds.finish_cpu_s, bounds.memory_bytes, bounds.answer_bytes)]
    environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(part or str(Path.cwd()) for part in sys.path)
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.write(content)
        given.seek(0)
        try:
            done = subprocess.run(
                command, env=environment, stdin=given, stdout=answer, timeout=bounds.wall_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise TooMuchWork(f"more than {bounds.wall_s} s") from None
        if done.returncode < 0:
            ended_by = -done.returncode
            if ended_by in BY_BOUNDS:
                raise TooMuchWork(f"signal {ended_by}")
            raise ProcessBroke(f"signal {ended_by}")
        if done.returncode == OUT_OF_MEMORY:
            raise TooMuchWork(f"more than {bounds.memory_bytes} bytes")
        done.check_returncode()
        answer.seek(0)
        return answer.readline(), answer.read()
