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

from local_cloud.launcher.environment import LOOPBACK, emulator_environment
from local_cloud.launcher.state import EarlierRun, RunRecord, StateDir

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = REPOSITORY / "build" / "lambda" / "unpacked"
DEFAULT_PORT = 4566
DEFAULT_SITE_PORT = 4567
BACKLOG = 1024
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 45.0


class PortInUse(Exception):
    """The emulator cannot listen on the port."""


class EmulatorFailed(Exception):
    """The emulator did not start."""


Report = Callable[[str], None]


def discard_report(_: str) -> None:
    """Ignore the progress report."""


class EmulatorProcess:
    """The emulator's process, in the process that started it."""

    def __init__(self, process: subprocess.Popen[bytes], record: RunRecord, log: Path) -> None:
        self.record = record
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
        report: Report = discard_report,
    ) -> Self:
        """Start an empty emulator and wait until it is healthy; raises AlreadyRunning, PortInUse or EmulatorFailed.

        An attached emulator stops when this process ends, also after a crash. Another one runs until it is stopped.
        """
        with (
            state.lock() as lock,
            contextlib.closing(_listen(port)) as listener,
            contextlib.closing(_listen(None if port is None else 0, DEFAULT_SITE_PORT)) as site,
        ):
            report_crash(lock.clean_up(), report)
            port, site_port = listener.getsockname()[1], site.getsockname()[1]
            endpoint = f"http://{LOOPBACK}:{port}"
            command = [
                *(sys.executable, "-m", "local_cloud.emulator"),
                *("--listen", str(listener.fileno()), "--site", str(site.fileno()), "--lock", str(lock.fileno())),
                *("--state-dir", str(state.path), "--working-dir", str(REPOSITORY), "--endpoint", endpoint),
                *("--commands", json.dumps({image: list(program) for image, program in commands.items()})),
                *(["--attached"] if attached else []),
            ]
            with state.emulator_log.open("ab") as log:
                process = subprocess.Popen(
                    command,
                    cwd=REPOSITORY,
                    env=emulator_environment(port, site_port, state.path, packages=PACKAGES),
                    stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(listener.fileno(), site.fileno(), lock.fileno()),
                    start_new_session=True,  # Ctrl-C reaches only the launcher, which then stops the emulator
                )
            lock.transfer_to(process.pid)
        record = RunRecord(endpoint=endpoint, pid=process.pid, started=time.time(), outputs={})
        emulator = cls(process, record, state.emulator_log)
        try:
            emulator._wait_until_healthy()
            report(f"Emulator started at {endpoint}")
        except BaseException:
            emulator.stop()
            raise
        return emulator

    @property
    def exit_code(self) -> int | None:
        """The exit code of the process, or None while it runs. After signal N, it is -N."""
        return self._process.poll()

    def stop(self) -> None:
        """Stop the emulator with all its tasks and Lambdas. After STOP_TIMEOUT_S, kill it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _wait_until_healthy(self) -> None:
        """The socket listens already, so the first request waits for the emulator, or fails when the process ends."""
        try:
            check_health(self.record.endpoint, START_TIMEOUT_S)
        except OSError as error:
            lines = self._log.read_text(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else error
            raise EmulatorFailed(f"The emulator did not start: {reason}. Log: {self._log}") from error


def report_crash(earlier: EarlierRun, report: Report) -> None:
    """If the earlier run crashed, report which of its data is lost and which is kept."""
    if not earlier.crashed:
        return
    start = f" started at {datetime.fromtimestamp(earlier.started).astimezone():%H:%M:%S}" if earlier.started else ""
    report(f"The run{start} crashed. Its processes and files are removed.")
    report("Lost: tables, buckets, queues, executions, makers, their tokens and the URL of the API")
    if earlier.logs:
        report(f"Kept: the logs in {earlier.logs}")


def check_health(endpoint: str, timeout_s: float) -> None:
    """Raises OSError if the emulator does not report within the timeout that it is healthy."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=timeout_s)
    with contextlib.closing(connection):
        connection.request("GET", "/_ministack/health")
        try:
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            raise ConnectionError(f"no response: {error!r}") from error
    if status != http.client.OK:
        raise ConnectionError(f"unhealthy: HTTP {status}")


def _listen(port: int | None, default: int = DEFAULT_PORT) -> socket.socket:
    """A listening socket on loopback: on this port; without one, on the default port or any free port."""
    candidates = (default, 0) if port is None else (port,)
    last_error: OSError | None = None
    for candidate in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, candidate))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            last_error = error
            continue
        return listener
    if port is None:
        raise PortInUse(f"Cannot listen on any port of {LOOPBACK}: {last_error}. Is the loopback interface up?")
    raise PortInUse(
        f"Cannot listen on port {port} of {LOOPBACK}: {last_error}. Another program may use it."
        " Omit --port to use a free port."
    )
