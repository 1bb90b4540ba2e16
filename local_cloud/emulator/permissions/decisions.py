"""Decisions on policies, each policy parsed once and each decision recorded."""

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, EvalResult, ParsedStatement

from local_cloud.emulator.permissions.calls import CALLS
from local_cloud.emulator.permissions.conditions import ConditionUnsupported, check_condition

_parse_policy_document = iam_evaluator.parse_policy_document
_validate_policy_document = iam_evaluator.validate_policy_document

Layer = Sequence[Sequence[ParsedStatement]]  # the statements of each policy


def parse_policy_document(document: str | dict[str, Any]) -> list[ParsedStatement]:
    """The statements of a policy. Raises ConditionUnsupported for one that is not evaluated here.

    The statements of a policy are the same objects each time, so nobody may change them.
    """
    return _parse(document if isinstance(document, str) else json.dumps(document))


@lru_cache(maxsize=4096)
def _parse(text: str) -> list[ParsedStatement]:
    statements: list[ParsedStatement] = _parse_policy_document(text)
    for statement in statements:
        for operator, values in statement.conditions.items():
            for key in values:
                check_condition(operator, key)
    return statements


def validate_policy_document(document: str | dict[str, Any]) -> str | None:
    """What is wrong with a policy, or None."""
    found: str | None = _validate_policy_document(document)
    if found is None:
        try:
            parse_policy_document(document)
        except ConditionUnsupported as error:
            return str(error)
    return found


def evaluate(context: EvalContext, policies: Layer, *limits: Layer) -> EvalResult:
    """Whether policies allow a request. An explicit Deny wins, and each limit must allow as well."""
    denying = next((each for layer in (policies, *limits) for each in _matching(context, layer, "Deny")), None)
    if denying is not None:
        return _record(context, EvalResult("Deny", context.principal_arn, denying.sid, "Explicit deny"), denying)
    allowing = next(_matching(context, policies, "Allow"), None)
    if allowing is not None and all(next(_matching(context, layer, "Allow"), None) for layer in limits):
        return _record(context, EvalResult("Allow", context.principal_arn, allowing.sid, "Explicit allow"), allowing)
    return EvalResult("ImplicitDeny", context.principal_arn, "", "No matching Allow statement")


def _matching(context: EvalContext, layer: Layer, effect: str) -> Iterator[ParsedStatement]:
    for policy in layer:
        if (found := iam_evaluator._first_match(context, policy, effect)) is not None:
            yield found


def _record(context: EvalContext, result: EvalResult, statement: ParsedStatement) -> EvalResult:
    CALLS.add(context, result, statement)
    return result
