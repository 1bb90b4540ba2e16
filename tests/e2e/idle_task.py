"""A GPU task that does nothing: says what it was told and waits to be stopped. `--stubborn` ignores SIGTERM."""

import json
import os
import signal
import subprocess
import sys
import threading

if __name__ == "__main__":
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: None if "--stubborn" in sys.argv else stopped.set())
    child = subprocess.Popen(["sleep", "600"]) if "--with-child" in sys.argv else None
    print(json.dumps({"environment": dict(os.environ), "child": child and child.pid}), flush=True)
    while not stopped.wait(0.1):
        pass
