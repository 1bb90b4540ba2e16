"""The local cloud as an object: what the command line, the demo, tests and benchmarks use."""

import contextlib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from local_cloud import makers
from local_cloud.running.aws_clients import Clients
from local_cloud.running.deployment import deploy
from local_cloud.running.emulator_process import REPOSITORY, EmulatorProcess, Report, silent
from local_cloud.running.signing import keep_test_key
from local_cloud.running.state import Running, StateDir
from local_cloud.running.synthesis import synthesize
from local_cloud.running.task_records import TaskRecord, live_tasks

STAGE = "local"
# The image in the stage's task definition -> the program it runs here, in the repository's root.
COMMANDS: Mapping[str, Sequence[str]] = MappingProxyType({"craftspark-gpu:local": (sys.executable, "-m", "gpu_tasks")})


class LocalCloud:
    """A running local cloud with the stage deployed."""

    def __init__(self, state: StateDir, running: Running) -> None:
        self.state = state
        self.facts = running
        self.endpoint = running.endpoint
        self.outputs: Mapping[str, str] = running.outputs
        self._clients = Clients(running.endpoint)

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

        `assembly` is one that is synthesized already; without it the local stage is synthesized. Raises AlreadyRunning,
        PortTaken, EmulatorFailed, SynthesisFailed or DeployFailed.
        """
        state = StateDir.at(state_dir)
        emulator = EmulatorProcess.start(state, port=port, commands=commands, attached=True, report=report)
        try:
            yield cls.deployed(state, emulator.facts, assembly=assembly, report=report)
        finally:
            emulator.stop()
            state.forget()

    @classmethod
    def left_running(
        cls, state_dir: Path | str, *, port: int | None = None, assembly: Path | None = None, report: Report = silent
    ) -> Self:
        """A cloud that stays when this process ends, until it is stopped; raises as `running` does."""
        state = StateDir.at(state_dir)
        emulator = EmulatorProcess.start(state, port=port, commands=COMMANDS, attached=False, report=report)
        try:
            return cls.deployed(state, emulator.facts, assembly=assembly, report=report)
        except BaseException:
            emulator.stop()
            state.forget()
            raise

    @classmethod
    def attach(cls, state_dir: Path | str) -> Self:
        """The cloud that runs with this state folder; raises NotRunning."""
        state = StateDir.at(state_dir)
        return cls(state, state.running())

    @classmethod
    def deployed(
        cls, state: StateDir, emulator: Running, *, assembly: Path | None = None, report: Report = silent
    ) -> Self:
        """Deploy the stage, or what changed of it, into a running emulator."""
        if assembly is None:
            report(f"Synthesizing the {STAGE} stage with the CDK and packaging its Lambdas")
            assembly = synthesize(REPOSITORY, stage=STAGE, into=state.assembly, log=state.synthesis_log)
        clients = Clients(emulator.endpoint)
        keep_test_key(clients["secretsmanager"])
        running = replace(emulator, outputs=deploy(clients, assembly, report))
        state.remember(running)
        return cls(state, running)

    def redeployed(self, *, assembly: Path | None = None, report: Report = silent) -> Self:
        """This cloud after deploying what changed in the stage. Tasks that run go on as they are."""
        return self.deployed(self.state, self.facts, assembly=assembly, report=report)

    def wait(self) -> None:
        """Block until the emulator has ended."""
        self.state.wait_until_free()

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

    def sign_in(self, email: str = makers.DEMO_MAKER) -> str:
        """An access token of the maker. The first sign-in creates the maker."""
        return makers.sign_in(
            self.client("cognito-idp"),
            pool=self.outputs["UserPoolId"],
            app_client=self.outputs["UserPoolClientId"],
            email=email,
        )

    def service_token(self, name: str) -> str:
        """An access token of a server-side caller: `Partner` or `Administrator`."""
        return makers.service_token(
            self.client("cognito-idp"),
            self.endpoint,
            pool=self.outputs["UserPoolId"],
            app_client=self.outputs[f"{name}ClientId"],
        )

    def workers(self) -> list[TaskRecord]:
        """The processes of GPU tasks that live now, oldest first."""
        return live_tasks(self.state.tasks)

    def execution_arn(self, name: str) -> str:
        """The execution of a job, or of a training, whose id has a dot."""
        machine = self.outputs["TrainingStateMachineArn" if "." in name else "StateMachineArn"]
        return machine.replace(":stateMachine:", ":execution:") + f":{name}"

    def execution_history(self, job_id: str) -> list[dict[str, Any]]:
        """The events of the job's execution so far, as GetExecutionHistory answers them."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event
            for page in pages.paginate(executionArn=self.execution_arn(job_id), PaginationConfig={"PageSize": 1000})
            for event in page["events"]
        ]
