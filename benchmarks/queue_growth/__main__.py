"""`python -m benchmarks.queue_growth WAITING`: measure with this many waiting jobs, one sample for each line of input.

Writes a line when it is ready, and each sample as a line of JSON.
"""

import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pydantic_core

from benchmarks.handlers.submit import run_canned_aws
from benchmarks.queue_growth.journey import Journey
from benchmarks.queue_growth.measure import SAMPLES
from benchmarks.queue_growth.parts import measure_parts
from benchmarks.queue_growth.stage import create_stage, fill
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.emulator_process import EmulatorProcess
from local_cloud.launcher.state import StateDir

JOBS = 60


def main() -> None:
    waiting = int(sys.argv[1])
    results = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the logs of functions and of the worker
    with TemporaryDirectory() as folder, run_canned_aws() as port:
        emulator = EmulatorProcess.start(StateDir.at(Path(folder)), port=0, commands={}, attached=True)
        try:
            aws = Clients(emulator.record.endpoint).__getitem__
            stage = create_stage(aws)
            os.environ |= stage.build_environment(emulator.record.endpoint, port)
            journey = Journey(stage=stage, aws=aws, jobs=JOBS)
            emulator_clock = clock_of(emulator.record.pid)
            first = (SAMPLES + 1) * JOBS
            measure_parts(journey.watch(), time.process_time, emulator_clock)
            for _ in range(SAMPLES + 1):
                measure_parts(journey.accept(), time.process_time, emulator_clock)
            fill(aws, stage, range(waiting - first))
            journey.follow_changes()
            take = (*journey.watch(), *journey.accept(), *journey.finish())
            measure_parts(take, time.process_time, emulator_clock)
            print("ready", file=results, flush=True)
            for _ in sys.stdin:
                gc.collect()
                cost = measure_parts(take, time.process_time, emulator_clock)
                print(pydantic_core.to_json(asdict(cost)).decode(), file=results, flush=True)
        finally:
            emulator.stop()


def clock_of(pid: int) -> Callable[[], float]:
    """The clock of the CPU seconds of another process, all its threads included."""
    clock = (~pid << 3) | 2  # as `clock_getcpuclockid` of the C library makes it
    return lambda: time.clock_gettime(clock)


if __name__ == "__main__":
    main()
