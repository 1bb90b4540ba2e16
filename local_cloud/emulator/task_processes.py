"""GPU tasks as local processes: stands where the emulator expects a Docker client.

The emulator runs an ECS task by starting a container of its image and watching it. Here a container is a process of
the program that the image stands for, in a session of its own, with its output in a file.
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

from local_cloud.emulator.places import Places
from local_cloud.launcher.environment import isolated_environment

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
TASK_ARN = "com.amazonaws.ecs.task-arn"
FAMILY = "com.amazonaws.ecs.task-definition-family"
REVISION = "com.amazonaws.ecs.task-definition-version"
CONTAINER = "com.amazonaws.ecs.container-name"

# A program that ends by itself this soon after its start counts as broken and is restarted ever later.
BROKEN_WITHIN_S = 5.0
RESTART_DELAY_S = 0.5
MAX_RESTART_DELAY_S = 10.0
FOLLOW_S = 0.2

logger = logging.getLogger(__name__)


class NoCommand(Exception):
    """No local command is known for a task definition's image."""


@dataclass(frozen=True)
class TaskFacts:
    """What ECS knows of a task: its group (`service:<name>`, or empty), and the time from SIGTERM to SIGKILL."""

    group: str
    stop_grace_s: float


class TaskProcess:
    """One task's process, as the container that the emulator takes it for."""

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
        """The status is always current."""

    def wait(self, **_: object) -> dict[str, int]:
        """Block until the process has ended; a death by signal N reads 128 + N, as in a container."""
        self.exited.wait()
        code = self.process.returncode
        return {"StatusCode": code if code >= 0 else 128 - code}

    def stop(self, **_: object) -> None:
        """Ask the process to end and return; it is killed once its task definition's stopTimeout is over.

        Never blocks: the emulator may call this on the very loop that the process needs to give its work back.
        """
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._kill_after_grace, name=f"stop-{self.process.pid}", daemon=True).start()

    def remove(self, **_: object) -> None:
        """Nothing stays behind that would have to be removed."""

    def logs(self, *, stream: bool = False, **_: object) -> bytes | Iterator[bytes]:
        return self._follow() if stream else self._log.read_bytes()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def reap(self) -> None:
        """Wait for the process, then end whatever it left behind in its group."""
        self.process.wait()
        self.kill()
        self._record.unlink(missing_ok=True)
        self.exited.set()

    def _kill_after_grace(self) -> None:
        if not self.exited.wait(self._stop_grace_s):
            logger.warning("Task process %s ignored SIGTERM for %s s: killed", self.process.pid, self._stop_grace_s)
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.is_set():  # afterwards the id may be another's
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _follow(self) -> Iterator[bytes]:
        with self._log.open("rb") as lines:
            while True:
                ended = self.exited.is_set()
                yield from lines
                if ended:
                    return
                self.exited.wait(FOLLOW_S)


class TaskProcesses:
    """The processes of all tasks, as `client.containers` and `client.images` of the Docker client it replaces."""

    def __init__(
        self,
        *,
        commands: Mapping[str, Sequence[str]],
        working_dir: Path,
        state_dir: Path,
        endpoint: str,
        facts_of: Callable[[Mapping[str, str]], TaskFacts],
        places: Places,
    ) -> None:
        self.containers = self.images = self
        self._commands = commands
        self._working_dir = working_dir
        self._records = state_dir / "tasks"
        self._logs = state_dir / "logs" / "tasks"
        self._endpoint = endpoint
        self._facts_of = facts_of
        self._by_id: dict[str, TaskProcess] = {}
        self._breakdowns: Counter[str] = Counter()
        self._closing = threading.Event()
        self._places = places
        # The kernel ends such a process when the thread that started it ends, so this thread lives to the last.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="task-starter")
        self._serial = itertools.count()
        for folder in (self._records, self._logs):
            folder.mkdir(parents=True, exist_ok=True)

    def get_registry_data(self, image: str, **_: object) -> None:
        raise NoCommand(f"{image} is not in a registry: no digest to pin")

    def pull(self, image: str, **_: object) -> None:
        """Local programs are always there."""

    def get(self, name: str) -> Any:
        """A container by id, or an image by name; raises KeyError where there is none."""
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
        """Start the program that the image stands for, the container's command as its arguments.

        A launched task waits for a place, as on AWS for an instance. Raises NoCommand where the image stands for no
        program, and NoPlace.
        """
        self._wait_out_breakdowns(image)
        if image not in self._commands:
            self._breakdowns[image] += 1
            raise NoCommand(f"no local command for the image {image}; known: {', '.join(self._commands)}")
        task = labels[TASK_ARN].rsplit("/", 1)[-1]
        log = self._logs / f"{labels[FAMILY]}-{task[:8]}.log"
        record = self._records / f"{next(self._serial)}-{task}.json"
        facts = self._facts_of(labels)
        told = {"task": task, "image": image, "group": facts.group, "log": str(log), "started": time.time()}
        program = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(record), str(os.getpid()), json.dumps(told)]
        program += [*self._commands[image], *(command or [])]
        place = None if facts.group else labels[TASK_ARN]
        if place:
            self._places.take(place)
        try:
            process = self._starter.submit(self._start, program, self._environment(environment), log).result()
        except BaseException:
            if place:
                self._places.release(place)
            raise
        container = TaskProcess(process, log, record, facts.stop_grace_s)
        self._by_id[container.id] = container
        threading.Thread(
            target=self._reap, args=(image, container, place), name=f"reap-{process.pid}", daemon=True
        ).start()
        logger.info("Task %s: %s runs as process %s", task, image, process.pid)
        return container

    def stop_all(self) -> None:
        """Stop every process within its grace and start no other."""
        self._closing.set()
        self._places.close()
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

    def _environment(self, container: Mapping[str, str]) -> dict[str, str]:
        """The container's environment over our own; only the address of this cloud and its fake credentials count."""
        ours = isolated_environment() | {"AWS_ENDPOINT_URL": self._endpoint, "PYTHONUNBUFFERED": "1"}
        ours |= {name: os.environ[name] for name in ("HOME", "TMPDIR") if name in os.environ}
        return ours | {name: value for name, value in container.items() if not name.startswith(("AWS_", "ECS_"))}

    def _reap(self, image: str, container: TaskProcess, place: str | None) -> None:
        container.reap()
        if place:
            self._places.release(place)
        code, lived = container.process.returncode, time.monotonic() - container.started
        logger.info("Task process %s ended with %s after %.1f s", container.process.pid, code, lived)
        if code > 0 and lived < BROKEN_WITHIN_S:
            self._breakdowns[image] += 1
        else:
            self._breakdowns.pop(image, None)

    def _wait_out_breakdowns(self, image: str) -> None:
        if broken := self._breakdowns[image]:
            self._closing.wait(min(MAX_RESTART_DELAY_S, RESTART_DELAY_S * 2 ** (broken - 1)))
        if self._closing.is_set():
            raise NoCommand("the local cloud is stopping")
