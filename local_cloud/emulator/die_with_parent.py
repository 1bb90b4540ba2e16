"""Become another program that dies with the emulator: `die_with_parent.py RECORD PARENT_PID FACTS PROGRAM ARGS...`

The record is a file whose lock this process holds, and the program after it, for as long as it lives: whoever can
lock the record knows that the process is gone, whatever its id means by now.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    record, parent, facts, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit("the emulator is gone")
    handle = os.open(record, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(handle, json.dumps(json.loads(facts) | {"pid": os.getpid()}).encode())
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.set_inheritable(handle, True)
    os.execvp(program[0], program)  # noqa: S606 - the launcher's own table says which program an image is


if __name__ == "__main__":
    main()
