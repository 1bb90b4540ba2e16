"""The logs, the lifetime and the environment of Lambda processes.

Gap: after each invocation, the emulator waits up to 50 ms for output on stderr, and assigns later output to the next
invocation. With this patch, the process marks the end of each invocation's log, and the emulator waits for the mark,
or for the end of the process.

Gap: when the emulator is killed, a Lambda continues its invocation. With this patch, it detects that its parent process
has changed, and ends.

Gap: when the emulator stops, an invocation that is retried or that starts a process continues, and its process can
write to files of the cloud after the emulator has ended. With this patch, all processes have ended before it.

Gap: the logs of Lambdas are lost when the emulator ends. With this patch, each log is also written to a file.

Gap: an address under execute-api.amazonaws.com in a Lambda's environment refers to the real AWS. With this patch, it
refers to the emulator.
"""

import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import EmulatorChanged, Extension, Patch, Replacement, Target

END_OF_LOG = "\x1eend of log\x1e"
LOGS = "LOCAL_CLOUD_LOGS"  # the environment variable with the folder of the logs
# Another process can keep the output open of one that has ended.
END_OF_LOG_TIMEOUT_S = 10.0
# A process that starts is killed as soon as it exists, so this is only for a machine that hangs.
END_TIMEOUT_S = 20.0
# A start has no event between its first step and the process. Until it has ended, the processes are killed this often.
KILL_AGAIN_S = 0.2
SET_ENVIRONMENT = "os.environ.update(env)"  # a statement of the emulator's script

# Runs in the Lambda's process before the emulator's script, which writes its responses to `sys.stdout`.
PRELUDE = """
import os, re, sys, threading, time

_AWS = re.compile(r"^(https|wss)://([a-z0-9]+)[.]execute-api[.][a-z0-9-]+[.]amazonaws[.]com")

def _localize(env):
    endpoint = {**os.environ, **env}["AWS_ENDPOINT_URL"]
    schemes = {"https": "http", "wss": "ws"}

    def local_address(match):
        return endpoint.replace("http", schemes[match[1]], 1) + "/_aws/execute-api/" + match[2]

    return {name: _AWS.sub(local_address, str(value)) for name, value in env.items()}

def _end_with_emulator():
    while os.getppid() == EMULATOR:
        time.sleep(0.5)
    os._exit(1)

class _Responses:
    def __init__(self, stream):
        self.stream = stream

    def write(self, line):
        if '"status": "ready"' not in line:
            print(END_OF_LOG, file=sys.stderr, flush=True)
        return self.stream.write(line)

    def flush(self):
        self.stream.flush()

threading.Thread(target=_end_with_emulator, daemon=True).start()
sys.stdout = _Responses(sys.stdout)
"""


class Stopping(Exception):
    """The emulator stops and starts no more processes."""


class LambdaProcesses:
    """All processes of Lambdas. After `end`, none runs and none starts."""

    def __init__(self) -> None:
        self._workers: weakref.WeakSet[Any] = weakref.WeakSet()
        self._starting = 0
        self._ending = False
        self._changed = threading.Condition()

    def start(self, worker: Any) -> None:
        """Start the process of a worker. Raises Stopping, and the errors of the emulator."""
        with self._changed:
            if self._ending:
                raise Stopping("the local cloud is stopping")
            self._workers.add(worker)
            self._starting += 1
        try:
            _spawn(worker)
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def end(self, within_s: float = END_TIMEOUT_S) -> bool:
        """End all processes, and wait until they have ended. Returns False if a start has not ended in time."""
        deadline = time.monotonic() + within_s
        with self._changed:
            self._ending = True
        over = False
        while not over and time.monotonic() < deadline:
            lambda_runtime.kill_workers(list(self._workers))
            with self._changed:
                over = self._changed.wait_for(lambda: self._starting == 0, KILL_AGAIN_S)
        lambda_runtime.kill_workers(list(self._workers))
        return over


_drain_stderr_bounded = lambda_runtime.Worker._drain_stderr_bounded
_spawn = lambda_runtime.Worker._spawn

PROCESSES = LambdaProcesses()


def spawn(worker: Any) -> None:
    PROCESSES.start(worker)


def extend_read(read: Callable[[Any], None]) -> Callable[[Any], None]:
    """The end of a process is the end of its last log."""

    def read_to_the_end(worker: Any) -> None:
        lines = worker._stderr_queue  # the next process has another one
        read(worker)
        if _marks_its_logs(worker):
            lines.put(END_OF_LOG)

    return read_to_the_end


def _marks_its_logs(worker: Any) -> bool:
    return str(worker.config.get("Runtime", "")).startswith("python")


def drain_stderr(worker: Any, *args: float, **kwargs: float) -> str:
    """The log of the last invocation. Waits up to END_OF_LOG_TIMEOUT_S for its end."""
    if not _marks_its_logs(worker):
        return str(_drain_stderr_bounded(worker, *args, **kwargs))
    lines: list[str] = []
    deadline = time.monotonic() + END_OF_LOG_TIMEOUT_S
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = worker._stderr_queue.get(timeout=left)
        except queue.Empty:
            break
        if line == END_OF_LOG:
            break
        lines.append(line)
    append_log(worker.config, lines)
    return "\n".join(lines)


def append_log(function: Mapping[str, Any], lines: list[str]) -> None:
    """Append an invocation's log to the file of its function, which is named by the Powertools service name."""
    if not lines:
        return
    variables = function.get("Environment", {}).get("Variables", {})
    folder = Path(os.environ[LOGS]) / "lambdas"
    folder.mkdir(parents=True, exist_ok=True)
    name = variables.get("POWERTOOLS_SERVICE_NAME") or function["FunctionName"]
    with (folder / f"{name}.log").open("a") as log:
        log.write("".join(f"{line}\n" for line in lines))


def extend_script(script: str) -> str:
    """Add the prelude and its constants to the script; raises EmulatorChanged if the script has changed."""
    if script.count(SET_ENVIRONMENT) != 1:
        raise EmulatorChanged("the script of Lambda processes no longer sets the environment in one statement")
    constants = f"EMULATOR = {os.getpid()}\nEND_OF_LOG = {END_OF_LOG!r}\n"
    return constants + PRELUDE + script.replace(SET_ENVIRONMENT, "os.environ.update(_localize(env))")


PATCH = Patch(
    name="Lambda processes",
    gap="invocations wait 50 ms for their logs and continue after the emulator ends, which does not wait for"
    " their processes and loses their logs",
    targets=(
        Replacement(lambda_runtime.Worker, "_drain_stderr_bounded", "3fd7cc742872e604e4937310429a4021", drain_stderr),
        Extension(lambda_runtime.Worker, "_read_stderr", "d8eb30038f94ee61114c125786f36da8", extend_read),
        Replacement(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248", spawn),
        Target(lambda_runtime.Worker, "invoke", "96751a75471021ecc05362bd28031305"),
        Target(lambda_runtime, "kill_workers", "56a6df63f9bd485916cffa3c374db741"),
        Target(lambda_runtime, "_detect_runtime_binary", "222e200df2c093f826646602ec435c62"),
        Extension(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "200a2c7a20228fd18379881398fd4008", extend_script),
    ),
)
