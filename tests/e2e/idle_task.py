"""A GPU task that prints its environment and waits until it is stopped. With `--stubborn`, it ignores SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import threading

if __name__ == "__main__":
    stopped = threading.Event()

    def stop(*_: object) -> None:
        os.write(sys.stdout.fileno(), b"asked to stop\n")
        if "--stubborn" not in sys.argv:
            stopped.set()

    signal.signal(signal.SIGTERM, stop)
    child = subprocess.Popen(["sleep", "600"]) if "--with-child" in sys.argv else None
    print(json.dumps({"environment": dict(os.environ), "child": child and child.pid}), flush=True)
    while not stopped.wait(0.1):
        pass
