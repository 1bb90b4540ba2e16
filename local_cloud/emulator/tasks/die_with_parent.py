"""Run a program that ends with the emulator: `die_with_parent.py RECORD PARENT_PID DETAILS PROGRAM ARGS...`

This process writes the record, a JSON file with the details and its process ID, locks it, and becomes the program. The
lock is held until the program ends, so an unlocked record means that the process has ended, even if its ID is reused.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    record, parent, details, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("the emulator has ended")
    descriptor = os.open(record, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(descriptor, json.dumps(json.loads(details) | {"pid": os.getpid()}).encode())
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.set_inheritable(descriptor, True)
    os.execvp(program[0], program)  # noqa: S606 - the program comes from the launcher's table of images


if __name__ == "__main__":
    main()
