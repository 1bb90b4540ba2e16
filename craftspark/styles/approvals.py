"""Approvals: a person approves or rejects a trained version."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from craftspark.clock import utc_now
from craftspark.errors.styles import AlreadyDecided, TrainingChanged, TrainingNotAwaiting
from craftspark.parsing.json_values import parse_request
from craftspark.styles.messages import ApprovalDecision
from craftspark.styles.requests import DecisionRequest
from craftspark.styles.trainings import Training, TrainingDecision, TrainingRecords, TrainingState


class PausedWorkflows(Protocol):
    """Executions that wait for a callback with a task token."""

    def resume(self, token: str, result: ApprovalDecision) -> bool:
        """Send the decision. Returns whether an execution still waited."""


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """A person's decisions on trainings."""

    records: TrainingRecords
    workflows: PausedWorkflows
    now: Callable[[], datetime] = utc_now

    def decide(self, body: str) -> Training:
        """Decide once; the same decision again changes nothing, and repeats a response that was lost.

        Raises InvalidInput, TrainingNotFound, TrainingNotAwaiting, or AlreadyDecided for a different decision.
        """
        request = parse_request(DecisionRequest, body)
        training = self.records.read(request.training_id)
        first = training.decided is None
        if training.decided is None:
            if training.state is not TrainingState.AWAITS_APPROVAL:
                raise TrainingNotAwaiting(
                    f"{training.training_id} does not wait for a decision: its state is {training.state}",
                    field="training_id",
                )
            decided = TrainingDecision(decision=request.decision, who=request.who, why=request.why, at=self.now())
            try:
                self.records.decide(training, decided)
            except TrainingChanged:
                first = False
            training = self.records.read(request.training_id)
        if training.decided is None:
            raise TrainingNotAwaiting(f"{training.training_id} no longer waits for a decision", field="training_id")
        if training.decided.decision != request.decision:
            raise AlreadyDecided(
                f"{training.decided.who} has already decided to {training.decided.decision} {training.training_id}",
                field="decision",
            )
        resumed = self.workflows.resume(training.token, ApprovalDecision(decision=request.decision))
        if first and not resumed:
            raise TrainingNotAwaiting(
                f"{training.training_id} no longer waits with this token; if it waits again, decide again",
                field="training_id",
            )
        return training
