"""The documents agree with the templates and the code: alarms, dead-letter queues, outputs, problems, stage values."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from cdk_app.observability.own_metrics import EVENTS
from cdk_app.stages.values import STAGES
from craftspark.errors import Retry, SettingMissing, members
from craftspark.errors.outcomes import ExecutionEnded, JobOverdue, TrainingEndError
from craftspark.errors.raised import RENDER_TASK, SETTLE_JOB, TRAINING_STEPS, TRAINING_TASK
from craftspark.errors.styles import StyleRequestRefused
from craftspark.routes import ROUTES
from craftspark.tools import TOOLS
from lambdas.http.problems import PROBLEMS
from tests.stacks.conftest import ROOT
from tests.stacks.synthesis import Synthesis

DESIGN, DEPLOYMENT, RUNBOOK = (
    (ROOT / "docs" / f"{name}.md").read_text() for name in ("design", "deploy", "operations")
)


def rows(document: str, title: str) -> list[list[str]]:
    """The cells of the tables below a heading, up to the next heading."""
    [found] = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^##+ |\Z)", document, re.MULTILINE | re.DOTALL)
    lines = [line for line in found.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def alarms(synthesis: Synthesis) -> dict[str, str]:
    """Each alarm's properties as JSON, by the id of its construct."""
    return {
        re.sub(r"^Alarms|[0-9A-F]{8}$", "", name.split("/")[1]): json.dumps(alarm["Properties"])
        for name, alarm in synthesis.of_type("AWS::CloudWatch::Alarm").items()
    }


def test_the_runbook_has_each_alarm_once(synthesis: Synthesis) -> None:
    documented = [name for row in rows(RUNBOOK, "Alarms") for name in codes(row[0])]

    assert sorted(documented) == sorted(alarms(synthesis))


def test_the_runbook_says_what_to_do_with_each_queue_of_dead_letters(synthesis: Synthesis) -> None:
    documented = [name for row in rows(RUNBOOK, "Dead letters") for name in codes(row[0])]

    queues = synthesis.of_type("AWS::SQS::Queue")
    dead = {name for name, queue in queues.items() if "RedrivePolicy" not in queue["Properties"]}
    outputs = [
        f"{stack} {output}"
        for stack, values in synthesis.output_values.items()
        for output, value in values.items()
        if isinstance(value, dict) and f"{stack}/{value.get('Ref')}" in dead
    ]
    assert len(outputs) == len(dead)
    assert sorted(documented) == sorted(outputs)


def test_commands_read_outputs_that_there_are(synthesis: Synthesis) -> None:
    named = set(re.findall(r"[(`]output (\w+) (\w+)[)`]", RUNBOOK + DEPLOYMENT)) - {("STACK", "NAME")}

    assert named
    assert [each for each in named if each[1] not in synthesis.outputs[each[0]]] == []


def test_the_price_of_alarms_is_of_as_many_as_there_are(synthesis: Synthesis) -> None:
    found = alarms(synthesis).values()
    metrics = sum(max(1, alarm.count('"MetricStat"')) for alarm in found)

    assert f"alarms ({len(found)}, of {metrics} metrics)" in DEPLOYMENT


def test_the_runbook_names_every_event_that_is_counted() -> None:
    assert set(EVENTS) <= set(codes(RUNBOOK[RUNBOOK.index("namespace `Craftspark/<stage>`") :].split("\n")[0]))


def test_the_messages_in_the_runbook_are_logged() -> None:
    messages = [message for row in rows(RUNBOOK, "From a job to its logs")[2:] for message in codes(row[0])]
    sources = [file.read_text() for folder in ("lambdas", "gpu_tasks") for file in (ROOT / folder).rglob("*.py")]

    assert messages
    assert [message for message in messages if not any(f'"{message}"' in source for source in sources)] == []


def test_the_runbook_has_the_problems_of_each_status() -> None:
    by_status = {int(row[0]): codes(row[1]) for row in rows(RUNBOOK, "Error names") if row[0].isdigit()}

    # The facts in the same table are in lower case.
    documented = [(status, name) for status, names in by_status.items() for name in names if name[0].isupper()]
    assert sorted(documented) == sorted((int(answer.status), error.__name__) for error, answer in PROBLEMS.items())


def errors_of(title: str) -> dict[str, list[str]]:
    """The table rows below a heading whose first column has errors, by error."""
    found = [row for row in rows(RUNBOOK, title) if not row[0].isdigit()]
    return {name: row for row in found for name in codes(row[0])}


def test_the_runbook_has_the_errors_of_jobs_and_what_never_helps() -> None:
    documented = errors_of("Error names")

    ours = [*members(*RENDER_TASK, *SETTLE_JOB), JobOverdue, ExecutionEnded, SettingMissing]
    assert {name for name in documented if "." not in name} == {kind.__name__ for kind in ours} | {"ClientError"}
    for kind in members(*RENDER_TASK):
        assert ("never retried" in documented[kind.__name__][2]) == (kind.retry is Retry.NEVER), kind


def test_the_runbook_has_the_errors_of_trainings_and_releases() -> None:
    documented = {*errors_of("Train a style"), *errors_of("Roll a style back"), *errors_of("Error names")}

    ours = members(*TRAINING_TASK, *TRAINING_STEPS, StyleRequestRefused, TrainingEndError)
    assert {kind.__name__ for kind in ours} - documented == {"AlreadyDecided"}
    assert "`AlreadyDecided`" in RUNBOOK


@pytest.mark.parametrize(("title", "group"), [("The state machine", "rendering"), ("Training lifecycle", "training")])
def test_the_design_has_the_values_of_each_stage(title: str, group: str) -> None:
    _, *documented = [row for row in rows(DESIGN, title) if len(row) == 5 and "---" not in row[0]]

    assert documented
    for name, *values, _ in documented:
        held = [getattr(getattr(STAGES[stage], group), name.strip("`")) for stage in ("dev", "prod", "local")]
        assert [int(value.replace(",", "")) for value in values] == held, name


def test_the_deployment_guide_names_values_that_stages_have() -> None:
    names = [codes(row[0])[0] for row in rows(DEPLOYMENT, "3. Choose a stage") if row[0].startswith("`")]

    assert names
    for name in names:
        value: Any = STAGES["dev"]
        for field in name.split("."):
            value = value[field] if isinstance(value, Mapping) else getattr(value, field)


def test_the_pools_of_a_marketplace_in_the_models_page_fit_together() -> None:
    page = (ROOT / "docs" / "models.md").read_text()
    [code] = re.findall(r"```python\n(from dataclasses import replace\n.*?)```", page, re.DOTALL)
    values: dict[str, Any] = {}

    exec(code, values)

    stage = values["prod"]
    assert {stage.name_pool(model) for model in stage.tools.values()} == set(stage.pools)
    assert set(stage.tools) == set(TOOLS)


def test_the_quota_of_requests_is_what_the_routes_of_prod_take_together() -> None:
    throttles = STAGES["prod"].api
    together = sum(getattr(throttles, route.traffic).per_s for route in ROUTES)

    assert f"{together:,} of the default 10,000 per second" in DEPLOYMENT


def test_modules_that_the_documents_name_are_there() -> None:
    named = set(re.findall(r"`(\w+/[\w/]+\.(?:py|json|toml|ts))`", DESIGN + DEPLOYMENT + RUNBOOK))

    assert named
    # Packaging and `make fix` write the index of words.
    assert [name for name in named - {"craftspark/words/index.json"} if not (ROOT / name).is_file()] == []


def test_no_table_is_broken_by_a_blank_line_or_a_missing_cell() -> None:
    for document in (*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"):
        text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            lines = table.splitlines()
            assert len(lines) > 2, (document.name, table)
            assert re.fullmatch(r"(\|:?-+:?)+\|", lines[1].replace(" ", "")), (document.name, table)
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1, (document.name, table)
