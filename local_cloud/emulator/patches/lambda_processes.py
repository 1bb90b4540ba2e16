"""Lambda processes: no waiting for logs that do not come, no log left for the next invocation, no survivor.

Gap: after each invocation the emulator waits up to 50 ms for something on stderr, and takes what comes later for the
next invocation's. Here the process itself marks the end of an invocation's log, so the emulator waits for exactly that.

Gap: when the emulator is killed, a Lambda in the middle of an invocation goes on. Here it notices that its parent has
changed and ends.

Gap: the logs of Lambdas are gone with the emulator. Here each invocation's is appended to a file as well.

Gap: an address under execute-api.amazonaws.com in a Lambda's environment leads to the real AWS. Here it leads to the
emulator.
"""

import os
import queue
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import EmulatorChanged, Patch, Target

END_OF_LOG = "\x1eend of log\x1e"
LOGS = "LOCAL_CLOUD_LOGS"  # names the folder of logs in the emulator's environment
MAX_MARK_S = 0.25
TAKES_ENVIRONMENT = "os.environ.update(env)"

# Runs in the Lambda's process before the emulator's own script, which takes sys.stdout for its protocol.
PRELUDE = """
import os, re, sys, threading, time

_AWS = re.compile(r"^(https|wss)://([a-z0-9]+)[.]execute-api[.][a-z0-9-]+[.]amazonaws[.]com")

def _led_here(env):
    endpoint = {**os.environ, **env}["AWS_ENDPOINT_URL"]
    schemes = {"https": "http", "wss": "ws"}

    def here(address):
        return endpoint.replace("http", schemes[address[1]], 1) + "/_aws/execute-api/" + address[2]

    return {name: _AWS.sub(here, str(value)) for name, value in env.items()}

def _end_with_the_emulator():
    while os.getppid() == EMULATOR:
        time.sleep(0.5)
    os._exit(1)

class _Answers:
    def __init__(self, stream):
        self.stream = stream

    def write(self, line):
        if '"status": "ready"' not in line:
            print(END_OF_LOG, file=sys.stderr, flush=True)
        return self.stream.write(line)

    def flush(self):
        self.stream.flush()

threading.Thread(target=_end_with_the_emulator, daemon=True).start()
sys.stdout = _Answers(sys.stdout)
"""

_drain_by_waiting = lambda_runtime.Worker._drain_stderr_bounded


def drain_stderr(worker: Any, *args: float, **kwargs: float) -> str:
    """The log of the invocation that just ended; waits no longer than MAX_MARK_S for its end."""
    if not str(worker.config.get("Runtime", "")).startswith("python"):
        return str(_drain_by_waiting(worker, *args, **kwargs))
    lines: list[str] = []
    latest = time.monotonic() + MAX_MARK_S
    while (left := latest - time.monotonic()) > 0:
        try:
            line = worker._stderr_queue.get(timeout=left)
        except queue.Empty:
            break
        if line == END_OF_LOG:
            break
        lines.append(line)
    keep_log(worker.config, lines)
    return "\n".join(lines)


def keep_log(function: Mapping[str, Any], lines: list[str]) -> None:
    """Append an invocation's log to the file of its function, named verb_noun where it is one of ours."""
    if not lines:
        return
    variables = function.get("Environment", {}).get("Variables", {})
    folder = Path(os.environ[LOGS]) / "lambdas"
    folder.mkdir(parents=True, exist_ok=True)
    name = variables.get("POWERTOOLS_SERVICE_NAME") or function["FunctionName"]
    with (folder / f"{name}.log").open("a") as log:
        log.write("".join(f"{line}\n" for line in lines))


def apply() -> None:
    lambda_runtime.Worker._drain_stderr_bounded = drain_stderr
    facts = f"EMULATOR = {os.getpid()}\nEND_OF_LOG = {END_OF_LOG!r}\n"
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(TAKES_ENVIRONMENT) != 1:
        raise EmulatorChanged("a Lambda's process takes its environment in another way than it did")
    script = script.replace(TAKES_ENVIRONMENT, "os.environ.update(_led_here(env))")
    lambda_runtime._PYTHON_WORKER_SCRIPT = facts + PRELUDE + script


PATCH = Patch(
    name="Lambda processes",
    gap="an invocation waits 50 ms for its log, which is gone with the emulator; running invocations stay behind",
    targets=(
        Target(lambda_runtime.Worker, "_drain_stderr_bounded", "3fd7cc742872e604e4937310429a4021"),
        Target(lambda_runtime.Worker, "_read_stderr", "d8eb30038f94ee61114c125786f36da8"),
        Target(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248"),
        Target(lambda_runtime.Worker, "invoke", "96751a75471021ecc05362bd28031305"),
        Target(lambda_runtime, "_detect_runtime_binary", "222e200df2c093f826646602ec435c62"),
        Target(lambda_runtime, "_PYTHON_WORKER_SCRIPT", "200a2c7a20228fd18379881398fd4008"),
    ),
    apply=apply,
)
