"""Run GPU tasks as local processes, behind the interface of the Docker client that the emulator uses.

The emulator runs an ECS task by starting a container of its image and monitoring it. Here, a container is a process of
the program that replaces the image. It runs in its own session, and its output goes to a file.
"""

import itertools
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.emulator.tasks.slots import TaskSlots
from local_cloud.launcher.environment import isolated_environment

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
TASK_ARN = "com.amazonaws.ecs.task-arn"
FAMILY = "com.amazonaws.ecs.task-definition-family"
REVISION = "com.amazonaws.ecs.task-definition-version"
CONTAINER = "com.amazonaws.ecs.container-name"
METADATA_URI = "ECS_CONTAINER_METADATA_URI_V4"
AGENT_URI = "ECS_AGENT_URI"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

# A program that fails within this time after its start is restarted with a delay, which doubles with each failure.
MIN_UPTIME_S = 5.0
RESTART_DELAY_S = 0.5
MAX_RESTART_DELAY_S = 10.0
LOG_POLL_S = 0.2

logger = logging.getLogger(__name__)


class NoCommand(Exception):
    """There is no local command for the image of a task definition."""


@dataclass(frozen=True)
class TaskDetails:
    """A task in ECS.

    `group` is `service:<name>`, or empty. `stop_grace_s` is the time from SIGTERM to SIGKILL. `credentials` are the
    environment variables of a session of the task's role; there are none without a role.
    """

    group: str
    stop_grace_s: float
    credentials: Mapping[str, str]


class TaskProcess:
    """The process of a task, with the methods of a Docker container that the emulator calls."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, record: Path, stop_grace_s: float) -> None:
        self.id = uuid.uuid4().hex * 2
        self.attrs: dict[str, Any] = {"NetworkSettings": {"Networks": {}}}
        self.process = process
        self.started = time.monotonic()
        self.exited = threading.Event()
        self._log = log
        self._record = record
        self._stop_grace_s = stop_grace_s

    @property
    def status(self) -> str:
        return "exited" if self.exited.is_set() else "running"

    def reload(self) -> None:
        """Do nothing: the status is always current."""

    def wait(self, **_: object) -> dict[str, int]:
        """Block until the process has ended. As in a container, the status code after signal N is 128 + N."""
        self.exited.wait()
        code = self.process.returncode
        return {"StatusCode": code if code >= 0 else 128 - code}

    def stop(self, **_: object) -> None:
        """Send SIGTERM and return; send SIGKILL after the stopTimeout of the task definition.

        This must not block: the emulator may call it on the event loop that serves the requests of the process.
        """
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._kill_after_grace, name=f"stop-{self.process.pid}", daemon=True).start()

    def remove(self, **_: object) -> None:
        """Do nothing: a process that has ended leaves nothing to remove."""

    def logs(self, *, stream: bool = False, **_: object) -> bytes | Iterator[bytes]:
        return self._follow_log() if stream else self._log.read_bytes()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def reap(self) -> None:
        """Wait until the process has ended, then kill the rest of its process group."""
        self.process.wait()
        self.kill()
        self._record.unlink(missing_ok=True)
        self.exited.set()

    def _kill_after_grace(self) -> None:
        if not self.exited.wait(self._stop_grace_s):
            logger.warning("Task process %s ignored SIGTERM for %s s: killed", self.process.pid, self._stop_grace_s)
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.is_set():  # after the exit, another process may have the ID
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _follow_log(self) -> Iterator[bytes]:
        with self._log.open("rb") as lines:
            while True:
                exited = self.exited.is_set()
                yield from lines
                if exited:
                    return
                self.exited.wait(LOG_POLL_S)


class TaskProcesses:
    """The processes of all tasks, with the methods of Docker's `client.containers` and `client.images`."""

    def __init__(
        self,
        *,
        commands: Mapping[str, Sequence[str]],
        working_dir: Path,
        state_dir: Path,
        endpoint: str,
        read_details: Callable[[Mapping[str, str]], TaskDetails],
        open_slots: Callable[[str], TaskSlots],
    ) -> None:
        self.containers = self.images = self
        self._commands = commands
        self._working_dir = working_dir
        self._records = state_dir / "tasks"
        self._logs = state_dir / "logs" / "tasks"
        self._endpoint = endpoint
        self._read_details = read_details
        self._by_id: dict[str, TaskProcess] = {}
        self._failed_starts: Counter[str] = Counter()
        self._closing = threading.Event()
        self._open_slots = open_slots
        self._slots: dict[str, TaskSlots] = {}
        self._opening = threading.Lock()
        # The kernel kills a process when the thread that started it ends, so one long-lived thread starts them all.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="task-starter")
        self._serial_numbers = itertools.count()
        for folder in (self._records, self._logs):
            folder.mkdir(parents=True, exist_ok=True)

    def get_registry_data(self, image: str, **_: object) -> None:
        raise NoCommand(f"{image} is not in a registry, so it has no digest")

    def pull(self, image: str, **_: object) -> None:
        """Do nothing: local programs need no download."""

    def get(self, name: str) -> Any:
        """A container by ID, or an image by name; raises KeyError for an unknown one."""
        return self._commands[name] if name in self._commands else self._by_id[name]

    def list(self, **_: object) -> list[TaskProcess]:
        return list(self._by_id.values())

    def run(
        self,
        image: str,
        *,
        environment: Mapping[str, str],
        labels: Mapping[str, str],
        command: Sequence[str] | None = None,
        **_: object,
    ) -> TaskProcess:
        """Start the program that replaces the image, with the container's command as its arguments.

        A launched task waits for a slot of its family, as it waits for an instance of its pool on AWS. Raises NoCommand
        if there is no program for the image, and SlotUnavailable.
        """
        self._wait_before_restart(image)
        if image not in self._commands:
            self._failed_starts[image] += 1
            raise NoCommand(f"no local command for the image {image}; known: {', '.join(self._commands)}")
        task = labels[TASK_ARN].rsplit("/", 1)[-1]
        log = self._logs / f"{labels[FAMILY]}-{task[:8]}.log"
        record = self._records / f"{next(self._serial_numbers)}-{task}.json"
        details = self._read_details(labels)
        recorded = {"task": task, "image": image, "group": details.group, "log": str(log), "started": time.time()}
        program = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(record), str(os.getpid())]
        program += [json.dumps(recorded), *self._commands[image], *(command or [])]
        slots, arn = None if details.group else self._find_slots(labels[FAMILY]), labels[TASK_ARN]
        if slots:
            slots.acquire(arn)
        try:
            process = self._starter.submit(
                self._start, program, self._environment(environment, details.credentials), log
            ).result()
        except BaseException:
            if slots:
                slots.release(arn)
            raise
        container = TaskProcess(process, log, record, details.stop_grace_s)
        self._by_id[container.id] = container
        threading.Thread(
            target=self._reap, args=(image, container, slots, arn), name=f"reap-{process.pid}", daemon=True
        ).start()
        logger.info("Task %s: %s runs as process %s", task, image, process.pid)
        return container

    def wait_for_slot(self, family: str, task: str) -> None:
        """Block until a launched task can have a slot of its family, in the order of launch; raises SlotUnavailable."""
        self._find_slots(family).wait_for_turn(task)

    def stop_all(self) -> None:
        """Stop every process within its grace period, and start no more."""
        self._closing.set()
        with self._opening:
            for slots in self._slots.values():
                slots.close()
        running = [container for container in self._by_id.values() if container.status == "running"]
        for container in running:
            container.stop()
        for container in running:
            container.wait()

    def _start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self._working_dir,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _environment(self, container: Mapping[str, str], credentials: Mapping[str, str]) -> dict[str, str]:
        """The isolated environment with the container's variables, except AWS_* and ECS_*, and the agent's URIs.

        The credentials are those of the task, and never the administrator's.
        """
        base = {name: value for name, value in isolated_environment().items() if name not in CREDENTIALS}
        base |= dict(credentials) | {"AWS_ENDPOINT_URL": self._endpoint, "PYTHONUNBUFFERED": "1"}
        base |= {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        if metadata := container.get(METADATA_URI):
            token = metadata.rpartition("/")[2]
            base |= {METADATA_URI: f"{self._endpoint}/v4/{token}", AGENT_URI: f"{self._endpoint}/api/{token}"}
        return base | {name: value for name, value in container.items() if not name.startswith(("AWS_", "ECS_"))}

    def _find_slots(self, family: str) -> TaskSlots:
        with self._opening:
            if family not in self._slots:
                self._slots[family] = self._open_slots(family)
                if self._closing.is_set():
                    self._slots[family].close()
            return self._slots[family]

    def _reap(self, image: str, container: TaskProcess, slots: TaskSlots | None, arn: str) -> None:
        container.reap()
        if slots:
            slots.release(arn)
        code, uptime_s = container.process.returncode, time.monotonic() - container.started
        logger.info("Task process %s ended with code %s after %.1f s", container.process.pid, code, uptime_s)
        if code > 0 and uptime_s < MIN_UPTIME_S:
            self._failed_starts[image] += 1
        else:
            self._failed_starts.pop(image, None)

    def _wait_before_restart(self, image: str) -> None:
        if failures := self._failed_starts[image]:
            self._closing.wait(min(MAX_RESTART_DELAY_S, RESTART_DELAY_S * 2 ** (failures - 1)))
        if self._closing.is_set():
            raise NoCommand("the local cloud is stopping")
