"""The local cloud as an object, for the command line, the demo, tests and benchmarks."""

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from local_cloud import makers
from local_cloud.fault_switch import FaultSwitch
from local_cloud.faults import Fault
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.deployment import deploy
from local_cloud.launcher.emulator_process import REPOSITORY, EmulatorProcess, Report, discard_report
from local_cloud.launcher.signing import create_test_key
from local_cloud.launcher.state import RunRecord, StateDir
from local_cloud.launcher.synthesis import synthesize
from local_cloud.launcher.task_records import TaskRecord, running_tasks

STAGE = "local"
# The image in the stage's task definition -> the program that replaces it, run in the repository's root.
COMMANDS: Mapping[str, Sequence[str]] = MappingProxyType({"craftspark-gpu:local": (sys.executable, "-m", "gpu_tasks")})


class LocalCloud:
    """A running local cloud with the stage deployed."""

    def __init__(self, state: StateDir, record: RunRecord) -> None:
        self.state = state
        self.record = record
        self.endpoint = record.endpoint
        self.outputs: Mapping[str, str] = record.outputs
        self._clients = Clients(record.endpoint)

    @classmethod
    @contextlib.contextmanager
    def run(
        cls,
        state_dir: Path | str,
        *,
        port: int | None = None,
        commands: Mapping[str, Sequence[str]] = COMMANDS,
        assembly: Path | None = None,
        report: Report = discard_report,
    ) -> Iterator[Self]:
        """A cloud that runs until the block or this process ends. All its processes end with it.

        `assembly` is a synthesized cloud assembly; without one, the local stage is synthesized. Raises AlreadyRunning,
        PortInUse, EmulatorFailed, SynthesisFailed or DeployFailed.
        """
        state = StateDir.at(state_dir)
        emulator = EmulatorProcess.start(state, port=port, commands=commands, attached=True, report=report)
        try:
            yield cls.deploy(state, emulator.record, assembly=assembly, report=report)
        finally:
            emulator.stop()
            state.delete_record()

    @classmethod
    def start(
        cls,
        state_dir: Path | str,
        *,
        port: int | None = None,
        assembly: Path | None = None,
        report: Report = discard_report,
    ) -> Self:
        """A cloud that runs until it is stopped, also after this process ends; raises the same errors as `run`."""
        state = StateDir.at(state_dir)
        emulator = EmulatorProcess.start(state, port=port, commands=COMMANDS, attached=False, report=report)
        try:
            return cls.deploy(state, emulator.record, assembly=assembly, report=report)
        except BaseException:
            emulator.stop()
            state.delete_record()
            raise

    @classmethod
    def attach(cls, state_dir: Path | str) -> Self:
        """The cloud that runs with this state folder; raises NotRunning."""
        state = StateDir.at(state_dir)
        return cls(state, state.current_run())

    @classmethod
    def deploy(
        cls, state: StateDir, emulator: RunRecord, *, assembly: Path | None = None, report: Report = discard_report
    ) -> Self:
        """Deploy the stage into a running emulator; a second deployment changes only what differs."""
        if assembly is None:
            report(f"Synthesizing the {STAGE} stage with the CDK and packaging its Lambdas")
            assembly = synthesize(REPOSITORY, stage=STAGE, into=state.assembly, log=state.synthesis_log)
        clients = Clients(emulator.endpoint)
        create_test_key(clients["secretsmanager"])
        record = replace(emulator, outputs=deploy(clients, assembly, report))
        state.write_record(record)
        return cls(state, record)

    def redeploy(self, *, assembly: Path | None = None, report: Report = discard_report) -> Self:
        """Deploy changes of the stage. Running tasks continue with their old definition."""
        return self.deploy(self.state, self.record, assembly=assembly, report=report)

    def under(self, *faults: Fault) -> contextlib.AbstractContextManager[None]:
        """Have these faults of AWS on during a block. Raises UnknownFault."""
        return FaultSwitch(self.endpoint).under(*faults)

    def wait(self) -> None:
        """Block until the emulator has ended."""
        self.state.wait_until_unlocked()

    @property
    def api_url(self) -> str:
        """The address of Studio, and of the API below `/v1`: that of the stage's distribution."""
        return self.outputs["ApiUrl"]

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

    def create_people(self) -> tuple[str, ...]:
        """Create who can sign in to Studio: two makers and an administrator. Returns their email addresses."""
        return makers.create_people(self.client("cognito-idp"), pool=self.outputs["UserPoolId"])

    def service_token(self, name: str) -> str:
        """An access token of a server-side caller: `Partner` or `Administrator`."""
        return makers.service_token(
            self.client("cognito-idp"),
            self.endpoint,
            pool=self.outputs["UserPoolId"],
            app_client=self.outputs[f"{name}ClientId"],
        )

    def stop_controller(self) -> None:
        """Stop the fleet's controller, as an operator does who sets counts manually. It starts no further decisions."""
        self.client("events").disable_rule(Name=self.outputs["FleetRuleName"])

    def workers(self) -> list[TaskRecord]:
        """The running processes of GPU tasks, oldest first."""
        return running_tasks(self.state.tasks)

    def execution_arn(self, name: str) -> str:
        """The ARN of the execution of a job or a training. Only the ID of a training contains a dot."""
        machine = self.outputs["TrainingStateMachineArn" if "." in name else "StateMachineArn"]
        return machine.replace(":stateMachine:", ":execution:") + f":{name}"

    def execution_history(self, job_id: str) -> list[dict[str, Any]]:
        """The events of the job's execution so far, as GetExecutionHistory returns them."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event
            for page in pages.paginate(executionArn=self.execution_arn(job_id), PaginationConfig={"PageSize": 1000})
            for event in page["events"]
        ]
