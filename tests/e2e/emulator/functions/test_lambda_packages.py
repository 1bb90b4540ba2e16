"""The contract of Lambda packages: processes share files and bytecode, and each runs only its package."""

import io
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from local_cloud.emulator.patches.lambda_functions.packages import share_package
from local_cloud.launcher.aws_clients import Clients
from local_cloud.launcher.emulator_process import PACKAGES
from tests.e2e.emulator.roles import role

HANDLER = """
import os

def handler(event, context):
    return [os.path.realpath(__file__), os.path.realpath(os.path.dirname(__cached__))]
"""
# Python compiles a module in its loader, which lists here what it compiles.
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import _frozen_importlib_external as loading
compiled, compile_source = [], loading.SourceLoader.source_to_code
def note(loader, data, path, **options):
    compiled.append(path.rpartition("/")[2])
    return compile_source(loader, data, path, **options)
loading.SourceLoader.source_to_code = note
from room.module import VALUE
print(VALUE, *compiled)
"""


def archive(into: Path, **files: str) -> Path:
    """A package with modules in the folder `room`."""
    return archive_of(into, {f"room/{name}.py": content for name, content in {"__init__": "", **files}.items()})


def archive_of(into: Path, files: Mapping[str, str]) -> Path:
    with zipfile.ZipFile(into, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return into


def run(folder: Path) -> list[str]:
    """The value of the module `room.module` in a new process, and the files that Python compiled."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-S", "-c", PROGRAM, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_a_module_of_several_packages_is_compiled_once(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    first = share_package(archive(tmp_path / "1.zip", module="VALUE = 1"), shared)
    second = share_package(archive(tmp_path / "2.zip", module="VALUE = 1", other=""), shared)

    assert first != second
    assert run(first) == ["1", "__init__.py", "module.py"]
    assert run(second) == ["1"]


def test_a_package_runs_its_own_code_whatever_another_one_compiled(tmp_path: Path) -> None:
    archives = [archive(tmp_path / f"{value}.zip", module=f"VALUE = {value}") for value in (1, 2)]  # of the same size
    first, second = (share_package(each, tmp_path / "shared") for each in archives)

    assert [run(each)[0] for each in (first, second, first, second)] == ["1", "2", "1", "2"]


def test_packages_share_the_folders_that_are_the_same_in_both(tmp_path: Path) -> None:
    def package(name: str, **files: str) -> Path:
        return share_package(archive_of(tmp_path / name, files), tmp_path / "shared")

    first = package("1.zip", **{"room/a.py": "", "hall/b.py": "1"})
    second = package("2.zip", **{"room/a.py": "", "hall/b.py": "2"})
    moved = package("3.zip", **{"house/room/a.py": "", "hall/b.py": "1"})

    assert (first / "room").resolve() == (second / "room").resolve()
    assert (first / "hall").resolve() != (second / "hall").resolve()
    assert (first / "hall").resolve() == (moved / "hall").resolve()
    # Its bytecode is not that of the other place.
    assert (first / "room").resolve() != (moved / "house" / "room").resolve()


def test_a_compiled_library_finds_those_beside_its_folder(tmp_path: Path) -> None:
    """Libraries in wheels look for others at `$ORIGIN/../NAME.libs`."""
    files = {"room/inner/library.so": "", "room.libs/needed.so.1": "", "other/module.py": ""}
    package = share_package(archive_of(tmp_path / "1.zip", files), tmp_path / "shared")

    assert (package / "room/inner/../../room.libs/needed.so.1").exists()
    assert (package / "other/module.py").exists()


def test_a_file_outside_the_package_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as package:
        package.writestr("../outside.py", "")

    with pytest.raises(zipfile.BadZipFile, match="outside"):
        share_package(tmp_path / "bad.zip", tmp_path / "shared")


def test_the_processes_of_a_lambda_use_the_shared_files(aws: Clients) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as code:
        code.writestr("app.py", HANDLER)
    name = f"function-{uuid.uuid4().hex[:8]}"
    aws["lambda"].create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role(aws, "lambda"),
        Handler="app.handler",
        Code={"ZipFile": package.getvalue()},
    )

    answer = aws["lambda"].invoke(FunctionName=name)
    file, bytecode = map(Path, json.loads(answer["Payload"].read()))

    assert file.parent == PACKAGES / "files"
    assert bytecode == PACKAGES / "bytecode"
