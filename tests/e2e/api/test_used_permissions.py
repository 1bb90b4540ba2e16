"""Each permission of a role is one that a call needs, or is acknowledged with the reason why no call here needs it.

`calls.jsonl` has a call for each permission that the tests and the demo used. To add those of a new run:
`python -m local_cloud permissions --record tests/e2e/api/calls.jsonl`, with `--calls` and the records of other runs.
"""

import copy
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext

from local_cloud.emulator.permissions.decisions import evaluate, parse_policy_document
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.reports.permissions import Call, as_list, read_calls, read_names, read_policies
from tests.e2e.api.unused_permissions import REASONS, find_reason

CALLS = Path(__file__).with_name("calls.jsonl")
TABLE = Path("build/permissions.json")
Policies = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Removal:
    """The policies of a role without one action of one statement."""

    role: str
    action: str
    resources: tuple[str, ...]
    policies: Sequence[Mapping[str, Any]]


def is_allowed(call: Call, policies: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the policies of a role allow a call. The resource's own policy is left out."""
    keys = {name.lower(): value for name, value in json.loads(call.keys).items()}
    context = EvalContext(
        principal_arn=f"arn:aws:sts::000000000000:assumed-role/{call.caller}/test",
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=call.action,
        resource_arn=call.resource,
        region="us-east-1",
        secure_transport=True,
        service_context=keys,
    )
    return bool(evaluate(context, [parse_policy_document(dict(each)) for each in policies]).decision == "Allow")


def remove_each(policies: Policies) -> Iterator[Removal]:
    """For each action of each statement that allows: the policies of its role without it."""
    for role, documents in policies.items():
        for document, statement in ((i, j) for i, each in enumerate(documents) for j in range(len(each["Statement"]))):
            allowed = documents[document]["Statement"][statement]
            if allowed["Effect"] != "Allow":
                continue
            for action in as_list(allowed["Action"]):
                without = copy.deepcopy(documents)
                left = [each for each in as_list(allowed["Action"]) if each != action]
                # A statement needs an action, so one without is one about an action that does not exist.
                without[document]["Statement"][statement]["Action"] = left or ["none:None"]
                yield Removal(role, action, tuple(as_list(allowed["Resource"])), without)


@pytest.fixture(scope="module")
def policies(cloud: LocalCloud) -> Policies:
    """The policies of each role of the stacks, with the names of resources in portable form."""
    names = read_names(cloud)
    portable: Policies = json.loads(names.to_portable(json.dumps(read_policies(cloud))))
    return {role: documents for role, documents in portable.items() if role.startswith("${")}


@pytest.fixture(scope="module")
def calls() -> Mapping[str, Sequence[Call]]:
    """The recorded calls by their role."""
    found: defaultdict[str, list[Call]] = defaultdict(list)
    for call in read_calls(CALLS):
        found[call.caller].append(call)
    return found


def test_every_recorded_call_is_allowed(policies: Policies, calls: Mapping[str, Sequence[Call]]) -> None:
    refused = [call for role, its in calls.items() for call in its if not is_allowed(call, policies.get(role, ()))]

    assert refused == []


def test_a_call_fails_without_its_permission_or_the_permission_is_acknowledged(
    policies: Policies, calls: Mapping[str, Sequence[Call]]
) -> None:
    rows = []
    for removal in remove_each(policies):
        is_used = not all(is_allowed(call, removal.policies) for call in calls.get(removal.role, ()))
        rows.append(
            {
                "role": removal.role,
                "action": removal.action,
                "resources": removal.resources,
                "used": is_used,
                "reason": None if is_used else find_reason(removal.role, removal.action),
            }
        )
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(rows, indent=1))

    assert sum(bool(row["used"]) for row in rows) > 300
    assert [(row["role"], row["action"]) for row in rows if not row["used"] and row["reason"] is None] == []
    excused = {row["reason"] for row in rows if row["reason"]}
    assert [reason for _, _, reason in REASONS if reason not in excused] == []  # a reason that excuses nothing is stale
