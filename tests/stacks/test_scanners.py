"""cdk-nag and checkov find nothing on the stages that is not acknowledged with a reason, next to its resource."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cdk_app.acknowledgements import CHECKOV, NAG, NAG_RULES
from tests.assemblies import PLANTED, TO_AWS, bare_environment, scanned_assemblies
from tests.stacks.synthesis import Synthesis

PACKS = ("AwsSolutions", "NIST.800.53.R5")
# `make setup` installs it.
CHECKOV_PROGRAM = Path(sys.prefix) / "checkov" / "bin" / "checkov"
Finding = tuple[str, str]  # the assembly, and the rule


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scanned_assemblies(tmp_path_factory)


@pytest.fixture(scope="module")
def checkov(assemblies: Path) -> dict[str, Any]:
    """What checkov reports about all assemblies."""
    assert CHECKOV_PROGRAM.exists(), "checkov is not installed: run `make setup`"
    command = [str(CHECKOV_PROGRAM), "--directory", str(assemblies), "--framework", "cloudformation"]
    options = ["--skip-download", "--compact", "--output", "json"]
    done = subprocess.run([*command, *options], env=bare_environment(), capture_output=True, timeout=600, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0
    results: dict[str, Any] = report["results"]
    return results


def test_every_finding_of_cdk_nag_is_acknowledged(assemblies: Path) -> None:
    assert [line for stage in TO_AWS for line in nag_lines(assemblies / stage) if is_open(line)] == []


def test_every_pack_of_cdk_nag_finds_a_planted_defect(assemblies: Path) -> None:
    found = {line["ruleId"] for line in nag_lines(assemblies / PLANTED) if is_open(line)}

    for pack in PACKS:
        assert any(rule.startswith(pack) for rule in found)


def test_checkov_finds_a_planted_defect_and_nothing_else(checkov: dict[str, Any]) -> None:
    found = {(assembly_of(check), check["check_id"]) for check in checkov["failed_checks"]}

    assert {assembly for assembly, _ in found} == {PLANTED}
    assert (PLANTED, "CKV_AWS_53") in found  # public ACLs


def test_no_acknowledgement_of_a_resource_outlives_its_finding(assemblies: Path, checkov: dict[str, Any]) -> None:
    """The reports have as many suppressed findings of a rule as the resources of a stage acknowledge."""
    acknowledged = Counter[Finding]()
    for stage in TO_AWS:
        for resource in Synthesis(assemblies / stage).resources.values():
            metadata = resource.get("Metadata", {})
            rules = [*metadata.get(NAG, {}).get(NAG_RULES, ()), *metadata.get("checkov", {}).get("skip", ())]
            acknowledged.update((stage, rule["id"]) for rule in rules)

    in_stacks = {rule["id"] for rule in acknowledged_in_stacks(assemblies)}
    suppressed = Counter[Finding]()
    for stage in TO_AWS:
        lines = {(line["ruleId"], line["resourceId"]) for line in nag_lines(assemblies / stage) if is_suppressed(line)}
        suppressed.update((stage, rule) for rule, _ in lines if rule not in in_stacks)
    suppressed.update((assembly_of(check), check["check_id"]) for check in checkov["skipped_checks"])

    assert suppressed == acknowledged
    assert {rule for _, rule in acknowledged if rule.startswith(CHECKOV)}


def test_no_acknowledgement_of_a_stack_outlives_its_findings(assemblies: Path) -> None:
    given = {
        line["exceptionReason"] for stage in TO_AWS for line in nag_lines(assemblies / stage) if is_suppressed(line)
    }

    reasons = {rule["reason"] for rule in acknowledged_in_stacks(assemblies)}
    assert reasons
    assert [reason for reason in reasons if not any(each.endswith(reason) for each in given)] == []


def test_a_deployed_template_carries_no_acknowledgements(local: Synthesis) -> None:
    for file in local.files:
        assert NAG not in file.read_text()
        assert "checkov" not in file.read_text()


def test_every_function_that_a_rule_invokes_has_dead_letters(synthesis: Synthesis) -> None:
    """The functions without dead letters are acknowledged because nothing invokes them asynchronously."""
    targets = [target["Arn"] for rule in synthesis.properties("AWS::Events::Rule") for target in rule["Targets"]]
    invoked = {target["Fn::GetAtt"][0] for target in targets if "Fn::GetAtt" in target}
    functions = {
        name: each["Properties"]
        for name, each in synthesis.of_type("AWS::Lambda::Function").items()
        if name.partition("/")[2] in invoked
    }

    assert functions
    assert [name for name, each in functions.items() if "DeadLetterConfig" not in each] == []


def acknowledged_in_stacks(assemblies: Path) -> list[dict[str, Any]]:
    """What is acknowledged for whole stacks."""
    templates = [json.loads(file.read_text()) for file in assemblies.glob("*/*.template.json")]
    return [rule for each in templates for rule in each.get("Metadata", {}).get(NAG, {}).get(NAG_RULES, ())]


def nag_lines(assembly: Path) -> list[dict[str, str]]:
    """What the packs of cdk-nag report about each resource: one line for each rule."""
    reports = sorted(assembly.glob("*-NagReport.json"))
    assert len(reports) == len(PACKS) * len(Synthesis(assembly).files)
    return [line for report in reports for line in json.loads(report.read_text())["lines"]]


def is_suppressed(line: dict[str, str]) -> bool:
    return line["compliance"] == "Suppressed"


def is_open(line: dict[str, str]) -> bool:
    """Whether the rule found something, or could not be evaluated, and nobody has acknowledged it."""
    return line["compliance"] not in ("Compliant", "Suppressed")


def assembly_of(check: dict[str, Any]) -> str:
    return str(check["file_path"]).strip("/").partition("/")[0]
