"""Each error has one retry class, each error of the API has one row, and makers read a public name of each error."""

import ast
import gc
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from craftspark import errors
from craftspark.errors import FAMILY, ApiProblem, CraftsparkError, RenderError, Retry, members, names
from craftspark.errors.outcomes import JobEndError
from craftspark.errors.raised import RENDER_TASK, SETTLE_JOB, TRAINING_STEPS, TRAINING_TASK, Raised
from craftspark.jobs.failures import FAILURE_NAMES, PUBLIC_AS_IS, REASONS, REPLACED
from lambdas.http import problems
from lambdas.http.problems import PROBLEMS, problem_of

for module in pkgutil.iter_modules(errors.__path__, f"{errors.__name__}."):
    importlib.import_module(module.name)


def below(kind: type[CraftsparkError]) -> Iterator[type[CraftsparkError]]:
    """All classes of the package that derive from the class, at any depth."""
    for derived in kind.__subclasses__():
        if derived.__module__.startswith(errors.__name__):
            yield derived
            yield from below(derived)


def every_error() -> list[type[CraftsparkError]]:
    return list(below(CraftsparkError))


@contextmanager
def planted(family: type[CraftsparkError], retry: Retry | None) -> Iterator[type[CraftsparkError]]:
    """Add an error to a family for the duration of the block."""
    kind = type("Planted", (family,), {"__module__": family.__module__}, retry=retry)
    try:
        yield kind
    finally:
        del kind
        gc.collect()
    assert "Planted" not in {each.__name__ for each in below(CraftsparkError)}


def test_an_error_s_name_is_its_class() -> None:
    assert errors.SpotInterrupted("x").name == "SpotInterrupted"


def test_an_error_without_a_retry_class_is_no_class() -> None:
    with pytest.raises(TypeError, match="retry"):
        type("Planted", (RenderError,), {})

    gc.collect()


def ill_made() -> set[str]:
    """Errors that have a retry class and derived classes, and families without derived classes."""
    return {each.__name__ for each in every_error() if hasattr(each, "retry") == bool(list(below(each)))}


def test_every_error_has_a_retry_class_or_is_a_family_of_some_that_have() -> None:
    assert ill_made() == set()
    with planted(RenderError, FAMILY):
        assert ill_made() == {"Planted"}
    with planted(errors.SpotInterrupted, Retry.NEVER):
        assert "SpotInterrupted" in ill_made()


def test_no_two_errors_have_the_same_name() -> None:
    found = [each.__name__ for each in dict.fromkeys(every_error())]

    assert len(found) == len(set(found))


@pytest.mark.parametrize("raised", [RENDER_TASK, TRAINING_TASK, TRAINING_STEPS])
@pytest.mark.parametrize("retry", Retry)
def test_a_new_error_of_a_family_is_in_the_lists_of_its_retry_class(raised: Raised, retry: Retry) -> None:
    before = {each: names(raised, each) for each in Retry}

    with planted(raised[0], retry):
        after = {each: names(raised, each) for each in Retry}

    assert {each for each in Retry if after[each] != before[each]} == {retry}
    assert set(after[retry]) - set(before[retry]) == {"Planted"}


def test_lists_have_members_and_no_families() -> None:
    for raised in (RENDER_TASK, TRAINING_TASK, SETTLE_JOB, TRAINING_STEPS):
        found = [name for retry in Retry for name in names(raised, retry)]

        assert sorted(found) == sorted(each.__name__ for each in members(*raised))
        assert len(found) == len(set(found))


def without_a_row() -> set[str]:
    return {each.__name__ for each in {*members(ApiProblem)} ^ {*PROBLEMS}}


def test_each_problem_of_the_api_has_one_row() -> None:
    [table] = [
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(problems)))
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "PROBLEMS"
    ]

    assert isinstance(table, ast.Dict)
    assert len(table.keys) == len(PROBLEMS), "a later row would take the place of an earlier one in silence"
    assert without_a_row() == set()
    with planted(errors.RequestRefused, Retry.NEVER):
        assert without_a_row() == {"Planted"}


@pytest.mark.parametrize("kind", members(ApiProblem), ids=lambda kind: kind.__name__)
def test_a_problem_has_its_row_s_status_and_title(kind: type[ApiProblem]) -> None:
    status, body = problem_of(kind("the detail", field="count"))

    assert 400 <= status < (500 if issubclass(kind, errors.RequestRefused) else 600)
    assert body["type"] == f"/problems/{kind.__name__}"
    assert (body["title"], body["detail"], body["field"]) == (PROBLEMS[kind].title, "the detail", "count")


@pytest.mark.parametrize("kind", members(ApiProblem), ids=lambda kind: kind.__name__)
def test_a_temporary_problem_has_retry_after(kind: type[ApiProblem]) -> None:
    assert (PROBLEMS[kind].retry_after_s is not None) == (kind.retry is Retry.LATER)


def untold() -> set[str]:
    """Errors that can end an image and are not in exactly one of the tables of public reasons."""
    tables = [kind for table in (PUBLIC_AS_IS, REASONS, REPLACED) for kind in table]
    return {each.__name__ for each in members(*RENDER_TASK, JobEndError) if tables.count(each) != 1}


def test_each_error_that_ends_an_image_has_a_text_for_makers() -> None:
    assert untold() == set()
    assert set(REPLACED.values()) <= set(REASONS)
    assert {kind.__name__ for kind in REPLACED} & set(FAILURE_NAMES) == set()
    with planted(RenderError, Retry.NEVER):
        assert untold() == {"Planted"}
