"""Findings of the scanners cdk-nag and checkov that we accept, each with its reason, next to its resource in the code.

Both scanners read acknowledgements from the metadata of a template. They are written only by a synthesis with the
context SCANNED, so the templates that are deployed have none.
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnResource, Stack
from constructs import IConstruct

SCANNED = "craftspark:scanned"
CHECKOV = "CKV_"
NAG, NAG_RULES = "cdk_nag", "rules_to_suppress"


def acknowledge(construct: IConstruct, reason: str, *rules: str) -> None:
    """Accept what these rules of either scanner find on a resource, or on the main resource of a construct.

    The names of checkov's rules start with CHECKOV, the others are cdk-nag's. A rule that finds nothing on the resource
    fails the scan, so that no acknowledgement outlives its finding.
    """
    if not construct.node.try_get_context(SCANNED):
        return
    resource = construct if isinstance(construct, CfnResource) else construct.node.default_child
    if not isinstance(resource, CfnResource):
        raise ValueError(f"{construct.node.path} has no main resource: acknowledge one of its resources")
    for rule in rules:
        if rule.startswith(CHECKOV):
            _append(resource, "checkov", "skip", {"id": rule, "comment": reason})
        else:
            _append(resource, NAG, NAG_RULES, {"id": rule, "reason": reason})


def acknowledge_in_stack(stack: Stack, reason: str, rule: str, *, findings: Sequence[str] = ()) -> None:
    """Accept what a rule of cdk-nag finds in a whole stack, for a reason that holds for each of its resources.

    With `findings`, only those which one of these regular expressions matches.
    """
    if not stack.node.try_get_context(SCANNED):
        return
    entry: dict[str, Any] = {"id": rule, "reason": reason}
    if findings:
        entry["applies_to"] = [{"regex": f"/{finding}/"} for finding in findings]
    metadata = dict(stack.template_options.metadata or {})
    entries = [*metadata.get(NAG, {}).get(NAG_RULES, []), entry]
    stack.template_options.metadata = {**metadata, NAG: {NAG_RULES: entries}}


def _append(resource: CfnResource, scanner: str, name: str, entry: dict[str, str]) -> None:
    entries = (resource.get_metadata(scanner) or {}).get(name, [])
    resource.add_metadata(scanner, {name: [*entries, entry]})
