"""Processes that tests start, running processes, and their data in `/proc`."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.launcher.emulator_process import REPOSITORY


@contextlib.contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a Python process in its own process group, with its output as text. It is killed at the end of the block.

    It handles SIGINT, which it would otherwise ignore if the suite runs in the background of a shell.
    """
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            yield process
        finally:
            # Without this, a failed test would wait for the process without a limit.
            process.kill()


def alive(pid: int) -> bool:
    """Whether the process runs. A zombie process does not run."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self/stat").exists()


def mentioning(text: str) -> dict[int, str]:
    """The command lines of all running processes that have the text in their command line or environment."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("only Linux tells what all processes were started with")
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if pid != os.getpid() and text in command + environment and alive(pid):
            found[pid] = command
    return found


def listening_addresses(pid: int) -> set[str]:
    """The addresses, in the kernel's notation, of the sockets that the process listens on."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(descriptor.readlink()).removeprefix("socket:[").rstrip("]"))
        except FileNotFoundError:
            continue
    listening = "0A"
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return {row[1] for row in rows if row[3] == listening and row[9] in inodes}
