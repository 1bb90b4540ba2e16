"""What the hosting service runs for this repository: checks of a change, releases, updates, a development container.

`make lint` checks the workflows and the configuration of Renovate against their schemas. These tests check the rest.
"""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


def workflow(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = YAML(typ="safe", pure=True).load(WORKFLOWS / f"{name}.yml")
    return parsed


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step["run"] for step in job["steps"] if "run" in step)


def test_each_change_runs_what_a_clean_clone_must_pass() -> None:
    ci = workflow("ci")

    assert {"push", "pull_request"} <= set(ci["on"])
    assert commands(ci["jobs"]["test"]) == ".ci/run"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_a_job_may_only_read_and_has_a_time_limit() -> None:
    jobs: dict[tuple[str, str], dict[str, Any]] = {}
    for file in WORKFLOWS.glob("*.yml"):
        parsed = workflow(file.stem)
        assert parsed["permissions"] == {"contents": "read"}, file.name
        jobs |= {(file.stem, name): job for name, job in parsed["jobs"].items()}

    assert [name for name, job in jobs.items() if "permissions" in job] == [("release", "publish")]
    assert [name for name, job in jobs.items() if "steps" in job and "timeout-minutes" not in job] == []


def test_a_tag_is_released_once_version_and_tests_agree_with_it() -> None:
    release = workflow("release")
    jobs = release["jobs"]

    assert release["on"] == {"push": {"tags": ["v*"]}}
    assert commands(jobs["check"]) == 'python -m scripts.release_notes "$GITHUB_REF_NAME"'
    assert (jobs["test"]["needs"], jobs["test"]["uses"]) == ("check", "$/.github/workflows/ci.yml")
    assert jobs["publish"]["needs"] == "test"
    assert "gh release create" in commands(jobs["publish"])


def test_renovate_keeps_every_file_with_pins_current() -> None:
    settings = json.loads((ROOT / "renovate.json").read_text())
    pattern, *others = settings["pip_requirements"]["managerFilePatterns"]

    assert re.search(pattern.strip("/"), "constraints.txt")
    assert others == []
    assert settings["rangeStrategy"] == "pin"


def test_renovates_groups_name_packages_that_are_pinned() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    pinned |= set(json.loads((ROOT / "package.json").read_text())["devDependencies"]) | {"python"}
    rules = json.loads((ROOT / "renovate.json").read_text())["packageRules"]
    named = {name.lstrip("!") for rule in rules for name in rule.get("matchPackageNames", ())}

    assert named
    assert [
        name for name in named if not any(re.fullmatch(re.escape(name).replace(r"\*\*", ".*"), each) for each in pinned)
    ] == []


def test_the_development_container_has_a_supported_python() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    dockerfile = (ROOT / ".devcontainer" / container["build"]["dockerfile"]).read_text()
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    [version] = re.findall(r"^FROM python:(\d+\.\d+)-", dockerfile, re.MULTILINE)
    command, target = container["postCreateCommand"].split()

    assert [int(part) for part in version.split(".")] >= [int(part) for part in least.strip(">=").split(".")]
    assert command == "make"
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
