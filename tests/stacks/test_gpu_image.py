"""`make image` builds and pushes the image in the stage's task definition, or reports why it cannot."""

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from cdk_app.packaging import gpu_image
from cdk_app.stages.values import DEV, LOCAL

REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/gpu-images"


class FakeShell:
    """Records commands. The AWS command line returns the repository and a password."""

    def __init__(self, repository: str = REPOSITORY) -> None:
        self.repository = repository
        self.commands: list[tuple[str, ...]] = []
        self.typed: list[str] = []

    def run(self, command: tuple[str, ...], **options: Any) -> "subprocess.CompletedProcess[str]":
        self.commands.append(command)
        if options.get("input"):
            self.typed.append(options["input"])
        said = {"cloudformation": self.repository, "ecr": "password"}.get(command[1], "")
        return subprocess.CompletedProcess(command, 0, stdout=said + "\n")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> FakeShell:
    fake = FakeShell()
    monkeypatch.setattr(subprocess, "run", fake.run)
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")
    return fake


def test_image_is_built_and_pushed_as_the_stage_names_it(shell: FakeShell) -> None:
    image = gpu_image.push_image(DEV)

    assert image == f"{REPOSITORY}:{DEV.gpu.image_tag}"
    assert "Craftspark-Dev-Data" in shell.commands[0]
    assert [command[:2] for command in shell.commands[1:]] == [
        ("aws", "ecr"),
        ("docker", "login"),
        ("docker", "build"),
        ("docker", "push"),
    ]
    assert shell.commands[-1][-1] == image


def test_password_is_typed_and_never_an_argument(shell: FakeShell) -> None:
    gpu_image.push_image(DEV)

    assert shell.typed == ["password"]
    assert not any("password" in command for command in shell.commands)


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda tool: None)

    with pytest.raises(SystemExit, match="needs the command line of docker and of aws"):
        gpu_image.push_image(DEV)


def test_data_stack_comes_first(shell: FakeShell) -> None:
    shell.repository = ""

    with pytest.raises(SystemExit, match="Craftspark-Dev-Data has no repository: deploy it first"):
        gpu_image.push_image(DEV)


def test_stage_that_brings_its_own_image_has_nothing_to_push() -> None:
    with pytest.raises(SystemExit, match="craftspark-gpu:local: there is nothing to push"):
        gpu_image.push_image(LOCAL)


def test_image_named_by_digest_is_there_already() -> None:
    by_digest = replace(DEV, gpu=replace(DEV.gpu, image_tag=f"sha256:{'0' * 64}"))

    with pytest.raises(SystemExit, match="in the repository already"):
        gpu_image.push_image(by_digest)
