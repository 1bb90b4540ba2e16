"""Which permissions of roles a run has used.

The emulator records a call for each statement of a policy that decided (`logs/permissions.jsonl`), with the names of
resources in portable form (`local_cloud/launcher/resource_names.py`).
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.resource_names import ResourceNames


@dataclass(frozen=True, order=True)
class Call:
    """A call that a policy allowed. `keys` are the condition keys of the statement that allowed it, as JSON."""

    caller: str
    action: str
    resource: str
    keys: str

    @classmethod
    def parse(cls, line: str) -> Self:
        call = json.loads(line)
        return cls(call["caller"], call["action"], call["resource"], json.dumps(call["keys"], sort_keys=True))

    def write(self) -> str:
        """The call as a line of a record."""
        names = ("caller", "action", "resource")
        return json.dumps({name: getattr(self, name) for name in names} | {"keys": json.loads(self.keys)})


@dataclass(frozen=True)
class Grant:
    """An action that a statement of a role allows on resources."""

    role: str
    action: str
    resources: tuple[str, ...]

    def allows(self, call: Call) -> bool:
        """Whether the call could be one that this grant allows. Conditions are left out."""
        return (
            call.caller == self.role
            and _matches(self.action.lower(), call.action.lower())
            and any(_matches(resource, call.resource) for resource in self.resources)
        )


def _matches(pattern: str, text: str) -> bool:
    """Whether a text matches a pattern of a policy: `*` stands for any characters and `?` for one."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def read_calls(record: Path) -> list[Call]:
    """The calls of the roles of the stacks that a record has."""
    lines = record.read_text().splitlines()
    calls = (Call.parse(line) for line in lines if json.loads(line).get("decision", "Allow") == "Allow")
    return sorted({call for call in calls if call.caller.startswith("${")})


def read_policies(cloud: LocalCloud) -> dict[str, list[dict[str, Any]]]:
    """By the deployed name of each role of the stacks: its policies. Those that AWS manages are left out."""
    iam, policies = cloud.client("iam"), {}
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            listed = iam.list_role_policies(RoleName=name)["PolicyNames"]
            found = (iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in listed)
            policies[name] = [json.loads(each) if isinstance(each, str) else each for each in found]
    return policies


def list_grants(policies: Mapping[str, Sequence[Mapping[str, Any]]], names: ResourceNames) -> Iterator[Grant]:
    """The grants of all roles, in portable form."""
    for role, documents in policies.items():
        for document in documents:
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow":
                    resources = tuple(names.to_portable(each) for each in as_list(statement["Resource"]))
                    for action in as_list(statement["Action"]):
                        yield Grant(names.to_portable(role), action, resources)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read_names(cloud: LocalCloud) -> ResourceNames:
    client, found = cloud.client("cloudformation"), []
    for stack in client.describe_stacks()["Stacks"]:
        for page in client.get_paginator("list_stack_resources").paginate(StackName=stack["StackName"]):
            for each in page["StackResourceSummaries"]:
                found.append((stack["StackName"], each["LogicalResourceId"], each["PhysicalResourceId"]))
    return ResourceNames(found)


def find_unused(grants: Iterable[Grant], calls: Sequence[Call]) -> list[Grant]:
    """The grants that no call has used."""
    by_role: dict[str, list[Call]] = {}
    for call in calls:
        by_role.setdefault(call.caller, []).append(call)
    return [grant for grant in grants if not any(map(grant.allows, by_role.get(grant.role, ())))]


def merge(file: Path, calls: Iterable[Call], grants: Sequence[Grant]) -> list[Call]:
    """Write the calls of a file and others to the file: one for each caller, action, grants, index and kind of keys."""
    known = [Call.parse(line) for line in file.read_text().splitlines()] if file.exists() else []
    kept: dict[tuple[object, ...], Call] = {}
    for call in [*known, *sorted(calls)]:
        uses = frozenset(grant for grant in grants if grant.allows(call))
        if uses:
            index = call.resource.partition("/index/")[2]
            # The keys of DynamoDB and the prefixes of S3 end in an ID, after the kind of what they name.
            kind = re.sub(r"(?<=[/:#])[^\"]+", "", call.keys)
            kept.setdefault((call.caller, call.action, uses, index, kind), call)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{call.write()}\n" for call in sorted(kept.values())))
    return list(kept.values())
