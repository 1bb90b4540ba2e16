"""The folder for models on GPU instances, which all tasks of an instance share."""

import os
import subprocess
from pathlib import Path

import pytest

from cdk_app.gpu.capacity import prepare_models_folder
from cdk_app.gpu.worker import USER
from cdk_app.stages.values import DEV
from tests.stacks.synthesis import Synthesis


def test_all_tasks_of_an_instance_share_its_models(dev: Synthesis) -> None:
    folder = DEV.gpu.models_cache
    scripts = [
        template["LaunchTemplateData"]["UserData"]["Fn::Base64"]["Fn::Join"][1][0]
        for template in dev.properties("AWS::EC2::LaunchTemplate")
    ]

    assert all("\n".join(prepare_models_folder(folder)) in script for script in scripts)
    tasks = dev.properties("AWS::ECS::TaskDefinition")
    assert len(tasks) == len(DEV.pools) + 1  # and the trainer
    for task in tasks:
        (worker,) = task["ContainerDefinitions"]
        (volume,) = task["Volumes"]
        (mount,) = worker["MountPoints"]
        assert volume["Host"] == {"SourcePath": folder}
        assert mount == {"ContainerPath": folder, "ReadOnly": False, "SourceVolume": volume["Name"]}
        assert {"Name": "CRAFTSPARK_MODELS_CACHE", "Value": folder} in worker["Environment"]


EBS_DISK = "/dev/nvme0n1 Amazon Elastic Block Store"
NVME_DISKS = "/dev/nvme1n1 Amazon EC2 NVMe Instance Storage\n/dev/nvme2n1 Amazon EC2 NVMe Instance Storage"
GIVE = [f"chown {USER} FOLDER", "chmod 700 FOLDER"]
FORMAT = "mkfs.xfs -f -L craftspark /dev/nvme1n1"


@pytest.mark.parametrize(
    ("disks", "failing", "commands"),
    [
        (f"{EBS_DISK}\n{NVME_DISKS}", "", [*GIVE, FORMAT, "mount FOLDER", *GIVE]),
        (EBS_DISK, "", GIVE),
        (f"{EBS_DISK}\n{NVME_DISKS}", "mkfs.xfs", [*GIVE, FORMAT]),
        (f"{EBS_DISK}\n{NVME_DISKS}", "mount", [*GIVE, FORMAT, "mount FOLDER"]),
    ],
)
def test_models_are_on_the_first_nvme_disk_if_an_instance_has_a_working_one(
    tmp_path: Path, disks: str, failing: str, commands: list[str]
) -> None:
    folder, programs, calls = tmp_path / "models", tmp_path / "programs", tmp_path / "calls"
    programs.mkdir()
    calls.touch()
    for name in ("chown", "chmod", "mkfs.xfs", "mount"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {calls}\nexit {int(name == failing)}\n')
    (programs / "lsblk").write_text(f"#!/bin/sh\ncat <<'END'\n{disks}\nEND\n")
    for program in programs.iterdir():
        program.chmod(0o700)
    table = tmp_path / "fstab"
    script = "\n".join(prepare_models_folder(str(folder))).replace("/etc/fstab", str(table))

    subprocess.run(["bash", "-c", f"{script}\ntrue"], check=True, env={"PATH": f"{programs}:{os.environ['PATH']}"})

    assert calls.read_text().replace(str(folder), "FOLDER").splitlines() == commands
    assert folder.is_dir()
    assert table.exists() == ("mount FOLDER" in commands)
