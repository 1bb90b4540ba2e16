"""A GPU task that prints its environment and waits until it is stopped. With `--stubborn`, it ignores SIGTERM.

With `--ready`, it reports that it takes work, as a worker does that has loaded its models, and takes none.
"""

import json
import os
import signal
import subprocess
import sys
import threading


def report_ready() -> None:
    """Record the task, as a worker does when it is ready."""
    from craftspark.aws import clients
    from craftspark.aws.fleet.taken_batches import TakenBatches
    from craftspark.settings.tasks import WorkerSettings
    from gpu_tasks.worker.taken_batches import read_task_arn

    task = read_task_arn(os.environ)
    assert task
    records = TakenBatches(client=clients.dynamodb(), jobs_table=WorkerSettings.from_environment().jobs_table)
    records.write(task, ())


if __name__ == "__main__":
    stopped = threading.Event()

    def stop(*_: object) -> None:
        os.write(sys.stdout.fileno(), b"asked to stop\n")
        if "--stubborn" not in sys.argv:
            stopped.set()

    signal.signal(signal.SIGTERM, stop)
    child = subprocess.Popen(["sleep", "600"]) if "--with-child" in sys.argv else None
    print(json.dumps({"environment": dict(os.environ), "child": child and child.pid}), flush=True)
    if "--ready" in sys.argv:
        report_ready()
    while not stopped.wait(0.1):
        pass
