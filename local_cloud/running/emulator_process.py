"""Start and stop the emulator's process."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Self

from local_cloud.running.environment import LOOPBACK, emulator_environment
from local_cloud.running.state import EarlierRun, Running, StateDir

REPOSITORY = Path(__file__).resolve().parents[2]
PREFERRED_PORT = 4566
BACKLOG = 1024
START_WITHIN_S = 60.0
STOP_WITHIN_S = 45.0


class PortTaken(Exception):
    """Another program listens on the port."""


class EmulatorFailed(Exception):
    """The emulator did not start, or ended by itself."""


Report = Callable[[str], None]


def silent(_: str) -> None:
    """Report to nobody."""


class EmulatorProcess:
    """The running emulator, as the process that started it knows it."""

    def __init__(self, process: subprocess.Popen[bytes], facts: Running, log: Path) -> None:
        self.facts = facts
        self._process = process
        self._log = log

    @classmethod
    def start(
        cls,
        state: StateDir,
        *,
        port: int | None,
        commands: Mapping[str, Sequence[str]],
        attached: bool,
        report: Report = silent,
    ) -> Self:
        """Start an empty emulator and wait until it answers; raises AlreadyRunning, PortTaken or EmulatorFailed.

        Attached, it stops when this process ends for whatever reason; otherwise it runs until it is stopped.
        """
        with state.claim() as claim, contextlib.closing(_listen(port)) as listener:
            report_loss(claim.clear(), report)
            port = listener.getsockname()[1]
            endpoint = f"http://{LOOPBACK}:{port}"
            command = [
                *(sys.executable, "-m", "local_cloud.emulator"),
                *("--listen", str(listener.fileno()), "--lock", str(claim.fileno())),
                *("--state-dir", str(state.path), "--working-dir", str(REPOSITORY), "--endpoint", endpoint),
                *("--commands", json.dumps({image: list(program) for image, program in commands.items()})),
                *(["--attached"] if attached else []),
            ]
            with state.emulator_log.open("ab") as log:
                process = subprocess.Popen(
                    command,
                    cwd=REPOSITORY,
                    env=emulator_environment(port, state.path),
                    stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(listener.fileno(), claim.fileno()),
                    start_new_session=True,  # Ctrl-C reaches the launcher alone, which stops things in order
                )
            claim.hand_over(process.pid)
        facts = Running(endpoint=endpoint, pid=process.pid, started=time.time(), outputs={})
        emulator = cls(process, facts, state.emulator_log)
        try:
            emulator._wait_until_it_answers()
            report(f"Emulator started at {endpoint}")
        except BaseException:
            emulator.stop()
            raise
        return emulator

    def stop(self) -> None:
        """Ask it to stop with all its tasks and Lambdas, and make sure that it has."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _wait_until_it_answers(self) -> None:
        """Its socket listens already: the first request waits there until it is served, or fails with the process."""
        try:
            health(self.facts.endpoint, START_WITHIN_S)
        except OSError as failure:
            lines = self._log.read_text(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else failure
            raise EmulatorFailed(f"The emulator did not start: {reason}. Log: {self._log}") from failure


def report_loss(earlier: EarlierRun, report: Report) -> None:
    """Say what a run that crashed took with it, and what is left."""
    if not earlier.crashed:
        return
    began = f" started at {datetime.fromtimestamp(earlier.started).astimezone():%H:%M:%S}" if earlier.started else ""
    report(f"The run{began} crashed. Removed what it left")
    report("Lost: tables, buckets, queues, executions, makers, their tokens and the URL of the API")
    if earlier.logs:
        report(f"Kept: the logs, in {earlier.logs}")


def health(endpoint: str, timeout_s: float) -> None:
    """Ask the emulator whether it is well; raises OSError where nobody answers in time."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=timeout_s)
    with contextlib.closing(connection):
        connection.request("GET", "/_ministack/health")
        try:
            status = connection.getresponse().status
        except http.client.HTTPException as failure:
            raise ConnectionError(f"no response: {failure!r}") from failure
    if status != http.client.OK:
        raise ConnectionError(f"unhealthy: HTTP {status}")


def _listen(port: int | None) -> socket.socket:
    """A listening socket on loopback: on the port that was asked for, or the usual one, or any that is free."""
    wanted = (PREFERRED_PORT, 0) if port is None else (port,)
    failure: OSError | None = None
    for candidate in wanted:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, candidate))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            failure = error
            continue
        return listener
    if port is None:
        raise PortTaken(f"Cannot listen on any port of {LOOPBACK}: {failure}. Is the loopback interface up?")
    raise PortTaken(
        f"Cannot listen on port {port} of {LOOPBACK}: {failure}. Another program may use it."
        " Omit --port to use a free port."
    )
