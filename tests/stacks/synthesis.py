"""A synthesized stage, and the queries that tests make."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Resource = Mapping[str, Any]
Statement = Mapping[str, Any]

WRITES_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
TABLE_WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem"}


@dataclass(frozen=True)
class Synthesis:
    """The templates in a synthesized folder."""

    folder: Path

    @cached_property
    def files(self) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob("*.template.json")))

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Resources of all stacks by `<stack>/<logical id>`."""
        return {
            f"{file.name.partition('.')[0]}/{logical_id}": resource
            for file in self.files
            for logical_id, resource in json.loads(file.read_text())["Resources"].items()
        }

    @cached_property
    def output_values(self) -> dict[str, dict[str, Any]]:
        """The outputs of each stack, without the exports between stacks."""
        return {
            file.name.partition(".")[0]: {
                key: output["Value"]
                for key, output in json.loads(file.read_text()).get("Outputs", {}).items()
                if "Export" not in output
            }
            for file in self.files
        }

    @property
    def outputs(self) -> dict[str, set[str]]:
        """The names of the outputs of each stack."""
        return {stack: set(outputs) for stack, outputs in self.output_values.items()}

    def of_type(self, kind: str) -> dict[str, Resource]:
        return {name: found for name, found in self.resources.items() if found["Type"] == kind}

    def properties(self, kind: str) -> list[Mapping[str, Any]]:
        return [found["Properties"] for found in self.of_type(kind).values()]

    def function(self, name: str) -> Resource:
        """The Lambda of `lambdas/<name>/handler.py`."""
        handler = f"lambdas.{name}.handler.handler"
        (found,) = [each for each in self.properties("AWS::Lambda::Function") if each["Handler"] == handler]
        return found

    def allowed_to_function(self, name: str) -> list[Statement]:
        """The statements of a function's role, without what each function may do: write its own log."""
        statements = self.statements_of(self.function(name)["Role"]["Fn::GetAtt"][0])
        return [each for each in statements if set(actions(each)) != WRITES_LOG]

    @cached_property
    def workers(self) -> dict[str, Mapping[str, Any]]:
        """The task definition of each pool's worker, by the pool."""
        return {
            _read_variable(task, "CRAFTSPARK_POOL"): task
            for name, each in self.of_type("AWS::ECS::TaskDefinition").items()
            if name.startswith("Rendering/") and (task := each["Properties"])
        }

    @cached_property
    def trainer(self) -> Mapping[str, Any]:
        """The task definition of the trainer."""
        (found,) = [
            each["Properties"]
            for name, each in self.of_type("AWS::ECS::TaskDefinition").items()
            if name.startswith("Training/")
        ]
        return dict(found)

    def allowed_to_task(self, task: Mapping[str, Any]) -> list[Statement]:
        return list(self.statements_of(task["TaskRoleArn"]["Fn::GetAtt"][0]))

    def statements_of(self, role: str) -> Iterator[Statement]:
        """The statements in the policies of a role. A policy of another stack imports the role's name."""
        for policy in self.properties("AWS::IAM::Policy"):
            if any(role in reference for each in policy["Roles"] for reference in each.values()):
                yield from policy["PolicyDocument"]["Statement"]

    @cached_property
    def state_machine(self) -> dict[str, Any]:
        """The definition of `render-job`."""
        return self.machine("Rendering")

    @cached_property
    def training_machine(self) -> dict[str, Any]:
        """The definition of `train-model`."""
        return self.machine("Training")

    def machine(self, stack: str) -> dict[str, Any]:
        """The definition of a stack's Standard state machine. It has a placeholder for each value that CloudFormation
        inserts.
        """
        (machine,) = [
            each["Properties"]
            for name, each in self.of_type("AWS::StepFunctions::StateMachine").items()
            if name.startswith(f"{stack}/") and each["Properties"].get("StateMachineType") != "EXPRESS"
        ]
        parts = machine["DefinitionString"]["Fn::Join"][1]
        definition: dict[str, Any] = json.loads(
            "".join(part if isinstance(part, str) else placeholder(part) for part in parts)
        )
        return definition

    @property
    def batch_states(self) -> dict[str, Any]:
        """The states inside the map over batches."""
        states: dict[str, Any] = self.state_machine["States"]["Render every batch"]["ItemProcessor"]["States"]
        return states


def _read_variable(task: Mapping[str, Any], name: str) -> str:
    """The value of an environment variable of a task definition's container."""
    (container,) = task["ContainerDefinitions"]
    return next(str(each["Value"]) for each in container["Environment"] if each["Name"] == name)


def placeholder(reference: Any) -> str:
    """A readable name for a reference: its logical ID, the export that it imports, or a part of either."""
    if reference == {"Ref": "AWS::Partition"}:
        return "aws"
    ((function, argument),) = reference.items()
    if function == "Fn::Select":
        index, parts = argument
        return f"{placeholder(parts)}[{index}]"
    if function == "Fn::Split":
        return placeholder(argument[1])
    return ".".join(argument) if isinstance(argument, list) else str(argument)


def actions(statement: Statement) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else list(named)


def allowed_actions(statements: list[Statement]) -> set[str]:
    return {action for statement in statements if statement["Effect"] == "Allow" for action in actions(statement)}


def services(statements: list[Statement]) -> set[str]:
    """The services of the allowed actions, such as `s3`."""
    return {action.partition(":")[0] for action in allowed_actions(statements)}


def on(statements: list[Statement], thing: str) -> set[str]:
    """The actions that are allowed on resources whose reference contains this name."""
    return allowed_actions([each for each in statements if thing in json.dumps(each["Resource"])])
