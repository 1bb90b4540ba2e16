"""Stop a local cloud that another process started."""

import contextlib
import os
import signal
from pathlib import Path

from local_cloud.launcher.emulator_process import STOP_TIMEOUT_S
from local_cloud.launcher.state import StateDir


def stop(state_dir: Path) -> bool:
    """Stop the cloud in this state folder, or the processes of a crashed one; returns whether there was one."""
    state = StateDir.at(state_dir)
    if not state.path.exists():
        return False
    pid = state.owner_pid()
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not state.wait_until_unlocked(STOP_TIMEOUT_S):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            state.wait_until_unlocked(STOP_TIMEOUT_S)
    with state.lock() as lock:
        crashed = lock.kill_leftovers()
    return pid is not None or crashed
