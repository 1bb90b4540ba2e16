"""Every response in the API description occurs, with its type, body and headers, and no other response occurs."""

from typing import Any

import pytest

from lambdas.http.problems import PROBLEMS
from tests.aws.api import Answer
from tests.aws.callers import FUNCTIONS, Caller
from tests.aws.described import PROBLEM, answers_of
from tests.aws.scenarios import SCENARIOS, contend
from tests.description import OPERATIONS

pytestmark = pytest.mark.usefixtures("all_settings")
STATUSES = {kind.__name__: answer.status.value for kind, answer in PROBLEMS.items()}
WITH_RETRY_AFTER = {kind.__name__ for kind, answer in PROBLEMS.items() if answer.retry_after_s}


def a_caller(operation: str, maker: str, patch: pytest.MonkeyPatch) -> Caller:
    function = operation if operation in FUNCTIONS else operation.rpartition("_")[0]
    tool = operation.removeprefix(function).removeprefix("_")
    caller = Caller(function=function, tool=tool, maker=maker, patch=patch, operation=operation)
    caller.prepare()
    return caller


def headers_expected(operation: str, name: str, status: int) -> set[str]:
    if status < 400:
        return set(OPERATIONS[operation]["responses"][str(status)].get("headers", {}))
    sent = {"Retry-After": name in WITH_RETRY_AFTER, "WWW-Authenticate": status == 401}
    return {header for header, there in sent.items() if there}


def test_the_scenarios_match_the_described_responses() -> None:
    assert set(SCENARIOS) == {name for operation in OPERATIONS for name in answers_of(operation)}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_described_response_occurs(operation: str) -> None:
    wrong: dict[str, Any] = {}
    for name in sorted(answers_of(operation)):
        with pytest.MonkeyPatch.context() as patch:
            answer: Answer = SCENARIOS[name](a_caller(operation, f"maker-{name}", patch))
        status = int(name) if name.isdigit() else STATUSES[name]
        type_ = answer.body.get("type") if answer.headers.get("Content-Type") == PROBLEM else None
        wanted = None if name.isdigit() else f"/problems/{name}"
        headers = set(answer.headers) - {"Content-Type", "Cache-Control"}
        if (answer.status, type_, headers) != (status, wanted, headers_expected(operation, name, status)):
            wrong[name] = answer
    # Conflicting transactions lead to no other response either: each request checks its response.
    with pytest.MonkeyPatch.context() as patch:
        contend(a_caller(operation, "maker-at-a-busy-moment", patch))

    assert not wrong
