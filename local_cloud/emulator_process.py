"""Start and stop the emulator's process."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_cloud.environment import LOOPBACK, emulator_environment
from local_cloud.state import StateDir

REPOSITORY = Path(__file__).resolve().parent.parent
PREFERRED_PORT = 4566
BACKLOG = 1024
START_WITHIN_S = 60.0
STOP_WITHIN_S = 45.0


class PortTaken(Exception):
    """Another program listens on the port."""


class EmulatorFailed(Exception):
    """The emulator did not start, or ended by itself."""


class EmulatorProcess:
    """The running emulator, started by this process and owned by it until `leave` or `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
        self.pid = process.pid
        self.endpoint = endpoint
        self._process = process
        self._log = log

    @classmethod
    def start(
        cls, state: StateDir, claim: int, *, port: int | None, commands: Mapping[str, Sequence[str]], attached: bool
    ) -> "EmulatorProcess":
        """Start it and wait until it answers; raises PortTaken or EmulatorFailed. Takes the claim over.

        Attached, it stops when this process ends for whatever reason; otherwise it runs until it is stopped.
        """
        with os.fdopen(claim), contextlib.closing(_listen(port)) as listener:
            port = listener.getsockname()[1]
            endpoint = f"http://{LOOPBACK}:{port}"
            command = [
                *(sys.executable, "-m", "local_cloud.emulator"),
                *("--listen", str(listener.fileno()), "--lock", str(claim)),
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
                    pass_fds=(listener.fileno(), claim),
                    start_new_session=True,  # Ctrl-C reaches the launcher alone, which stops things in order
                )
        emulator = cls(process, endpoint, state.emulator_log)
        try:
            emulator._wait_until_it_answers()
        except BaseException:
            emulator.stop()
            raise
        return emulator

    def wait(self) -> None:
        """Block until the emulator has ended by itself."""
        self._process.wait()

    def stop(self) -> None:
        """Ask it to stop with all its tasks and Lambdas, and make sure that it has."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                kill_group(self.pid)
                self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _wait_until_it_answers(self) -> None:
        """Its socket listens already: the first request waits there until it is served, or fails with the process."""
        try:
            health(self.endpoint, START_WITHIN_S)
        except OSError as failure:
            lines = self._log.read_text(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else failure
            raise EmulatorFailed(f"The emulator did not start: {reason}. Its log: {self._log}") from failure


def health(endpoint: str, timeout_s: float) -> None:
    """Ask the emulator whether it is well; raises OSError where nobody answers in time."""
    connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=timeout_s)
    with contextlib.closing(connection):
        connection.request("GET", "/_ministack/health")
        try:
            status = connection.getresponse().status
        except http.client.HTTPException as failure:
            raise ConnectionError(f"no answer: {failure!r}") from failure
    if status != http.client.OK:
        raise ConnectionError(f"unwell: HTTP {status}")


def kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _listen(port: int | None) -> socket.socket:
    """A listening socket on loopback: on the port that was asked for, or the usual one, or any that is free."""
    wanted = (PREFERRED_PORT, 0) if port is None else (port,)
    for candidate in wanted:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, candidate))
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            continue
        return listener
    raise PortTaken(f"Port {port} on {LOOPBACK} is taken by another program. Leave --port out to get a free one.")
