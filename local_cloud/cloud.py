"""The local cloud as an object: what the command line, the demo, tests and benchmarks use."""

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from local_cloud import makers
from local_cloud.aws_clients import Clients
from local_cloud.deployment import deploy
from local_cloud.emulator_process import REPOSITORY, EmulatorProcess
from local_cloud.state import Running, StateDir
from local_cloud.synthesis import synthesize
from local_cloud.task_records import TaskRecord, live_tasks

STAGE = "local"
# The image in the stage's task definition -> the program it runs here, in the repository's root.
COMMANDS: Mapping[str, Sequence[str]] = MappingProxyType({"craftspark-gpu:local": (sys.executable, "-m", "gpu_tasks")})

Report = Callable[[str], None]


def silent(_: str) -> None:
    """Report to nobody."""


class LocalCloud:
    """A running local cloud with the stage deployed."""

    def __init__(self, state: StateDir, running: Running) -> None:
        self.state = state
        self.endpoint = running.endpoint
        self.pid = running.pid
        self.started = running.started
        self.outputs: Mapping[str, str] = running.outputs
        self._clients = Clients(running.endpoint)

    @classmethod
    def attach(cls, state_dir: Path | str) -> Self:
        """The cloud that runs with this state folder; raises NotRunning."""
        state = StateDir.at(state_dir)
        return cls(state, state.running())

    @classmethod
    @contextlib.contextmanager
    def running(
        cls,
        state_dir: Path | str,
        *,
        port: int | None = None,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
        assembly: Path | None = None,
        report: Report = silent,
    ) -> Iterator[Self]:
        """A cloud of one's own that is gone, with every process of it, once the block or this process ends.

        `assembly` is one that is synthesized already; without it the local stage is synthesized.
        """
        state = StateDir.at(state_dir)
        with cls.started_emulator(state, port=port, commands=commands, attached=True, report=report) as emulator:
            yield cls.deployed(state, emulator.pid, emulator.endpoint, assembly=assembly, report=report)

    @staticmethod
    @contextlib.contextmanager
    def started_emulator(
        state: StateDir,
        *,
        port: int | None,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
        attached: bool,
        report: Report = silent,
    ) -> Iterator[EmulatorProcess]:
        """An empty emulator: stopped at the end of the block, or, not attached, only when the block fails."""
        claim = state.claim()
        if state.clear():
            report("Cleaned up after a run that did not stop in order")
        emulator = EmulatorProcess.start(state, claim, port=port, commands=commands, attached=attached)
        report(f"Emulator at {emulator.endpoint}")
        keep = False
        try:
            yield emulator
            keep = not attached
        finally:
            if not keep:
                emulator.stop()
                state.forget()

    @classmethod
    def deployed(
        cls, state: StateDir, pid: int, endpoint: str, *, assembly: Path | None = None, report: Report = silent
    ) -> Self:
        """Deploy the stage, or what changed of it, into a running emulator."""
        if assembly is None:
            report(f"Synthesizing the {STAGE} stage")
            assembly = synthesize(REPOSITORY, stage=STAGE, into=state.assembly, log=state.synthesis_log)
        outputs = deploy(Clients(endpoint), assembly, report)
        running = Running(endpoint=endpoint, pid=pid, started=time.time(), outputs=outputs)
        state.remember(running)
        return cls(state, running)

    @property
    def api_url(self) -> str:
        """Where the HTTP API answers: by path, since names under execute-api may not resolve on every machine."""
        found = re.search(r"//([a-z0-9]+)\.execute-api\.", self.outputs["ApiUrl"])
        if found is None:
            raise ValueError(f"no API id in {self.outputs['ApiUrl']}")
        return f"{self.endpoint}/_aws/execute-api/{found[1]}"

    def client(self, service: str) -> Any:
        """A boto3 client of this cloud."""
        return self._clients[service]

    def sign_in(self, email: str = makers.DEMO) -> str:
        """An access token of the maker, who is made on the first sign-in."""
        return makers.sign_in(
            self.client("cognito-idp"),
            pool=self.outputs["UserPoolId"],
            app_client=self.outputs["UserPoolClientId"],
            email=email,
        )

    def workers(self) -> list[TaskRecord]:
        """The processes of GPU tasks that live now, oldest first."""
        return live_tasks(self.state.tasks)

    def execution_arn(self, job_id: str) -> str:
        return self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{job_id}"

    def execution_history(self, job_id: str) -> list[dict[str, Any]]:
        """The events of the job's execution so far, as GetExecutionHistory answers them."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event
            for page in pages.paginate(executionArn=self.execution_arn(job_id), PaginationConfig={"PageSize": 1000})
            for event in page["events"]
        ]
