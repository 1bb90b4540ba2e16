"""The package of a Lambda contains its handler and the handler's imports, and nothing else."""

import os
import subprocess
import sys
import zipfile
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from cdk_app.packaging import word_index
from cdk_app.packaging.archive import zip_folder
from cdk_app.packaging.import_closure import PackagingFailed, find_import_closure
from cdk_app.packaging.lambda_package import build_lambda_package
from cdk_app.packaging.wheels import IN_THE_RUNTIME, Target, install_wheels, resolve_requirements
from cdk_app.packaging.word_index import INDEX, build_word_index
from cdk_app.stages.values import DEV, LOCAL
from craftspark.likeness.files import ENCODERS
from craftspark.models.catalogue import CATALOGUE
from local_cloud.emulator.patches.lambda_functions.packages import share_package
from local_cloud.launcher.emulator_process import PACKAGES
from tests.forked_imports import import_each
from tests.stacks.conftest import ROOT

FUNCTIONS = sorted(file.parent.name for file in ROOT.glob("lambdas/*/handler.py"))
TARGET = Target(python="3.14", machine="aarch64", platforms=("manylinux2014_aarch64",))
FOREIGN = {"PIL", "accelerate", "aws_cdk", "boto3", "botocore", "diffusers", "jmespath", "numpy", "torch", "urllib3"}
# Pillow decodes pictures, and NumPy computes their vectors.
NEEDED = {"check_upload": {"PIL"}, "index_pictures": {"PIL", "numpy"}, "search_pictures": {"numpy"}}


def names_in(package: Path) -> set[PurePosixPath]:
    with zipfile.ZipFile(package) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def read(package: Path, file: Path) -> bytes:
    with zipfile.ZipFile(package) as archive:
        return archive.read(file.as_posix())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_package_has_only_what_its_handler_imports(name: str) -> None:
    names = names_in(build_lambda_package(name, functions=DEV.functions))
    closure = find_import_closure(Path("lambdas", name, "handler.py"), root=ROOT)

    ours = {Path(file) for file in names if file.parts[0] in ("craftspark", "lambdas") and file.suffix == ".py"}
    assert ours == {file for file in closure.files if file.suffix == ".py"}
    assert {Path(file) for file in names} >= {*closure.files}
    assert not foreign_to(name) & {file.parts[0].partition(".")[0] for file in names}
    assert {file.parts[1] for file in names if file.parts[0] == "lambdas"} & {*FUNCTIONS} == {name}


@pytest.mark.parametrize(("name", "moderates"), [("submit_job", True), ("quote_job", True), ("read_job", False)])
def test_a_package_that_moderates_has_the_index_of_the_lists_as_they_are(name: str, moderates: bool) -> None:
    package = build_lambda_package(name, functions=DEV.functions)
    names = names_in(package)

    assert (PurePosixPath(INDEX) in names) == moderates
    assert not moderates or read(package, INDEX) == build_word_index()
    assert "glin_profanity" not in {file.parts[0] for file in names}


@pytest.mark.parametrize(
    ("name", "embeds"), [("search_pictures", True), ("index_pictures", True), ("list_pictures", False)]
)
def test_a_package_that_embeds_has_the_files_of_the_encoders(name: str, embeds: bool) -> None:
    names = names_in(build_lambda_package(name, functions=DEV.functions))

    for file in (file for files in ENCODERS for file in files.all):
        assert (PurePosixPath(file.relative_to(ROOT)) in names) == embeds


def test_a_changed_list_makes_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    before = build_lambda_package("submit_job", functions=DEV.functions)
    monkeypatch.setattr(word_index, "build_word_index", lambda: b"{}")

    after = build_lambda_package("submit_job", functions=DEV.functions)

    assert after != before
    assert read(after, INDEX) == b"{}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_cloud_packages_hold_machine_code_for_their_runtime_alone(name: str) -> None:
    files = names_in(build_lambda_package(name, functions=DEV.functions))
    libraries = [file.name for file in files if file.suffix == ".so"]

    for library in libraries:
        assert "x86_64" not in library
        assert ".cpython-" not in library or library.endswith(".cpython-314-aarch64-linux-gnu.so")


# Functions whose packages have the same third-party files share their import. No site-packages (-S), no
# environment, no current folder (-I): the same isolation as in Lambda.
BARE = ("-I", "-S")
SHARED = """
import importlib

sys.path += told["path"]
import boto3
for module in ("aws_lambda_powertools.event_handler", "pydantic"):
    if importlib.util.find_spec(module.partition(".")[0]):
        importlib.import_module(module)
"""
# Third-party modules come from the folder of one function. Ours may only come from the function's own.
CHILD = """
os.environ["POWERTOOLS_SERVICE_NAME"] = name
sys.path.remove(told["path"][0])
sys.path.insert(0, told["folders"][name])
handler = importlib.import_module(f"lambdas.{name}.handler").handler
print(callable(handler), *sorted({module.partition(".")[0] for module in sys.modules}), flush=True)
"""


@pytest.fixture(scope="module")
def starts(sdk: Path) -> dict[str, dict[str, Any]]:
    """The start of each handler from only its package and the runtime's SDK."""
    sharing: defaultdict[frozenset[Path], dict[str, str]] = defaultdict(dict)
    for name in FUNCTIONS:
        package = share_package(build_lambda_package(name, functions=LOCAL.functions), PACKAGES)
        sharing[third_party(package)][name] = str(package)
    found: dict[str, dict[str, Any]] = {}
    for functions in sharing.values():
        found |= import_each(
            functions,
            shared=SHARED,
            child=CHILD,
            facts={"path": [next(iter(functions.values())), str(sdk)], "folders": functions},
            options=BARE,
            environment={"POWERTOOLS_METRICS_NAMESPACE": "Craftspark"},
        )
    return found


def third_party(package: Path) -> frozenset[Path]:
    """The third-party files and folders of a package, which it shares with the packages that have the same ones."""
    return frozenset(path.resolve() for path in package.iterdir() if path.name not in ("craftspark", "lambdas"))


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="Lambda has no runtime of this Python yet")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_handler_starts_from_its_package_and_the_runtimes_sdk_alone(
    name: str, starts: dict[str, dict[str, Any]]
) -> None:
    start = starts[name]

    assert start["status"] == 0, start["said"]
    imported = start["said"].split()
    assert imported[0] == "True"
    assert not (foreign_to(name) - IN_THE_RUNTIME) & set(imported)


def foreign_to(name: str) -> set[str]:
    """Modules that must not be in the package of a function."""
    return FOREIGN - NEEDED.get(name, set())


def test_same_sources_make_the_same_bytes_anywhere(tmp_path: Path) -> None:
    packages = [
        build_lambda_package("start_render", functions=DEV.functions, build=tmp_path / folder)
        for folder in ("one", "two")
    ]

    assert packages[0].name == packages[1].name
    assert packages[0].read_bytes() == packages[1].read_bytes()


def test_the_same_files_make_the_same_zip_whenever_they_were_written(tmp_path: Path) -> None:
    zips = []
    for name, moment in (("first", 1_000_000_000), ("second", 1_700_000_000)):
        folder = tmp_path / name
        for file in ("b/handler.py", "a.py") if name == "first" else ("a.py", "b/handler.py"):
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
            os.utime(path, (moment, moment))
        zip_folder(folder, tmp_path / f"{name}.zip")
        zips.append((tmp_path / f"{name}.zip").read_bytes())

    assert zips[0] == zips[1]


def test_changed_source_makes_another_package(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    before = build_lambda_package("say_hello", functions=DEV.functions, root=project, build=tmp_path / "build")
    (project / "craftspark" / "words.py").write_text("WORD = 'ahoy'\n")
    after = build_lambda_package("say_hello", functions=DEV.functions, root=project, build=tmp_path / "build")

    assert before != after
    assert read(after, Path("craftspark/words.py")) == b"WORD = 'ahoy'\n"


def test_second_package_with_the_same_wheels_asks_no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    build_lambda_package("start_render", functions=DEV.functions)
    monkeypatch.setattr(subprocess, "run", unreachable)

    build_lambda_package("start_render", functions=DEV.functions)


@pytest.mark.parametrize("name", ["submit_job", "quote_job"])
def test_a_package_that_counts_tokens_has_the_merges_of_every_model(name: str) -> None:
    package = build_lambda_package(name, functions=DEV.functions)

    folder = PurePosixPath("craftspark/models/tokens/data")
    merges = {file.name for file in names_in(package) if file.parent == folder}
    assert merges == {f"{model.tokenizer}.txt.gz" for model in CATALOGUE.values() if model.tokenizer}


def test_the_data_of_a_package_goes_along_with_it(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    (project / "craftspark" / "data").mkdir()
    (project / "craftspark" / "data" / "list.txt").write_text("a")

    closure = find_import_closure(Path("lambdas/say_hello/handler.py"), root=project)

    assert Path("craftspark/data/list.txt") in closure.files


def test_imports_are_followed_into_functions_and_packages(tmp_path: Path) -> None:
    closure = find_import_closure(Path("lambdas/say_hello/handler.py"), root=small_project(tmp_path))

    assert [str(file) for file in closure.files] == [
        "craftspark/__init__.py",
        "craftspark/late.py",
        "craftspark/words.py",
        "lambdas/say_hello/__init__.py",
        "lambdas/say_hello/greeting.py",
        "lambdas/say_hello/handler.py",
    ]
    assert closure.packages == ("json", "typing")


def test_missing_handler_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match=r"lambdas/say_goodbye/handler\.py does not exist"):
        build_lambda_package("say_goodbye", functions=DEV.functions, root=tmp_path)


def test_missing_module_of_ours_is_named_with_who_imports_it(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    (project / "craftspark" / "words.py").unlink()

    with pytest.raises(PackagingFailed, match=r"handler\.py imports craftspark\.words, which does not exist"):
        find_import_closure(Path("lambdas/say_hello/handler.py"), root=project)


def test_package_that_nobody_installed_is_named() -> None:
    with pytest.raises(PackagingFailed, match="imports left_pad, which no installed distribution provides"):
        resolve_requirements(["left_pad"], target=TARGET)


def test_requirements_are_pinned_transitive_and_leave_out_the_runtimes_own() -> None:
    names = {
        line.partition("==")[0]
        for line in resolve_requirements(["aws_lambda_powertools", "boto3", "json"], target=TARGET)
    }

    assert names == {"aws-lambda-powertools", "typing-extensions"}
    assert "jmespath" in IN_THE_RUNTIME


def test_markers_are_measured_against_the_target_and_not_against_this_machine() -> None:
    markers = TARGET.build_markers()

    assert (markers["python_version"], markers["platform_machine"]) == ("3.14", "aarch64")
    assert (markers["sys_platform"], markers["os_name"]) == ("linux", "posix")
    assert not [line for line in resolve_requirements(["click"], target=TARGET) if line.startswith("colorama")]


def test_unreachable_index_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")

    with pytest.raises(
        PackagingFailed, match=r"could not get the wheels of the Lambdas.*is the package index reachable"
    ):
        install_wheels(
            ("typing-extensions",), target=TARGET, constraints=ROOT / "constraints.txt", cache_folder=tmp_path
        )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only those installed packages that the Lambda runtime also has."""
    folder = tmp_path_factory.mktemp("sdk")
    for name in ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3"):
        (installed_here,) = [path for path in map(Path, sys.path) if (path / name).exists()][:1]
        (folder / name).symlink_to(installed_here / name)
    return folder


def small_project(folder: Path) -> Path:
    """A handler that imports our modules early, late, by package, and only for type checkers."""
    files = {
        "constraints.txt": "",
        "craftspark/__init__.py": "",
        "craftspark/late.py": "",
        "craftspark/types.py": "import mypy_boto3_sqs\n",
        "craftspark/unused.py": "import torch\n",
        "craftspark/words.py": "WORD = 'hello'\n",
        "lambdas/say_hello/__init__.py": "",
        "lambdas/say_hello/greeting.py": "import json\n",
        "lambdas/say_hello/handler.py": (
            "from typing import TYPE_CHECKING\n"
            "from craftspark.words import WORD\n"
            "from .greeting import greet\n"
            "if TYPE_CHECKING:\n"
            "    from craftspark.types import Word\n"
            "def handler(event, context):\n"
            "    from craftspark import late\n"
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def unreachable(*_: object, **__: object) -> None:
    raise AssertionError("pip was called")
