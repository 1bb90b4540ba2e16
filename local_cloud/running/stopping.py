"""Stop a local cloud that some other process started."""

import contextlib
import os
import signal
from pathlib import Path

from local_cloud.running.emulator_process import STOP_WITHIN_S
from local_cloud.running.state import StateDir


def stop(state_dir: Path) -> bool:
    """Stop whatever runs with this state folder, or what a crash left of it; answers whether there was anything."""
    state = StateDir.at(state_dir)
    if not state.path.exists():
        return False
    pid = state.owner()
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        if not state.wait_until_free(STOP_WITHIN_S):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            state.wait_until_free(STOP_WITHIN_S)
    with state.claim() as claim:
        left = claim.end_leftovers()
    return pid is not None or left
