"""Two queues of different lengths, measured in turn."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.entries import Entry
from benchmarks.queue_growth.parts import Cost, build_entry

FEW, MANY = 1_000, 10_000
SAMPLES = 5


class Driver:
    """The process of one queue."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def read(self) -> str:
        """The next line that the process writes. Raises RuntimeError if it has ended."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process of a queue has ended: {self._process.wait()}")
        return line

    def sample(self) -> Cost:
        """Take one sample."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return Cost(**json.loads(self.read()))


@contextmanager
def run_driver(waiting: int) -> Iterator[Driver]:
    """Run a process with this number of waiting jobs, and wait until it is ready."""
    command = [sys.executable, "-m", "benchmarks.queue_growth", str(waiting)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        driver = Driver(process)
        driver.read()
        yield driver
        assert process.stdin
        process.stdin.close()


def measure() -> list[Entry]:
    """`queue_growth_ratio`: our CPU time per job with 10,000 waiting jobs over that with 1,000.

    A sample takes jobs the whole way: submission, status, start, rendering without a model, and settlement, with a
    decision of the controller and the sweeps. Samples of the two queues alternate. AWS is an emulator in another
    process, whose CPU time is stated apart.
    """
    few: list[Cost] = []
    many: list[Cost] = []
    with ExitStack() as stack:
        short, long = (stack.enter_context(run_driver(waiting)) for waiting in (FEW, MANY))
        for _ in range(SAMPLES):
            few.append(short.sample())
            many.append(long.sample())
    return [build_entry(few, many, waiting=(FEW, MANY))]
