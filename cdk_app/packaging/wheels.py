"""Third-party wheels for a Lambda: resolved for its machine, installed once and cached."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Self

from packaging.markers import Environment, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cdk_app.packaging.archive import zip_folder
from cdk_app.packaging.import_closure import PackagingFailed
from cdk_app.stages.compute import Functions

# The Lambda runtime has these, in versions that AWS keeps current.
IN_THE_RUNTIME = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
MAX_INSTALL_S = 300


@dataclass(frozen=True, kw_only=True)
class Target:
    """The machine that a package is for. `platforms` are pip's names for it; empty means this machine."""

    python: str
    machine: str
    platforms: tuple[str, ...]

    @classmethod
    def of(cls, functions: Functions) -> Self:
        """The machine that these functions run on."""
        machine = {"arm64": "aarch64"}.get(functions.architecture, functions.architecture)
        return cls(python=functions.python, machine=machine, platforms=functions.wheel_platforms)

    def build_markers(self) -> dict[str, str]:
        """The values against which environment markers are evaluated."""
        environment: Environment = default_environment()
        here = {key: str(value) for key, value in environment.items()}
        version = {"python_version": self.python, "python_full_version": f"{self.python}.0", "extra": ""}
        linux = {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "sys_platform": "linux",
        }
        return here | version | (linux if self.platforms else {})


def resolve_requirements(packages: Iterable[str], *, target: Target) -> tuple[str, ...]:
    """Pinned requirements of imported top-level names, with their dependencies; raises PackagingFailed.

    Extras and optional dependencies are left out.
    """
    markers = target.build_markers()
    waiting = [_find_distribution(name) for name in packages if name not in sys.stdlib_module_names]
    found: dict[str, str] = {}
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found or name in IN_THE_RUNTIME:
            continue
        version, needs = _read_version_and_needs(name)
        found[name] = f"{name}=={version}"
        waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate(markers)]
    return tuple(found[name] for name in sorted(found))


def install_wheels(requirements: tuple[str, ...], *, target: Target, constraints: Path, cache_folder: Path) -> Path:
    """A zip of these wheels for the target, built by pip the first time; raises PackagingFailed."""
    key = fingerprint(requirements, asdict(target), constraints.read_text())
    archive = cache_folder / f"{key}.zip"
    if not archive.is_file():
        cache_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_folder) as fresh:
            wheels, staged = Path(fresh, "wheels"), Path(fresh, archive.name)
            wheels.mkdir()
            if requirements:
                _pip_install(requirements, target=target, constraints=constraints, into=wheels)
            zip_folder(wheels, staged)
            move_into_place(staged, archive)
    return archive


def fingerprint(*facts: object) -> str:
    """A short hash of these facts: the same facts give the same hash."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def move_into_place(made: Path, file: Path) -> None:
    """Rename a finished file. If another run was faster, its file stays: it has the same content."""
    try:
        made.replace(file)
    except OSError:
        if not file.is_file():
            raise


def _pip_install(requirements: tuple[str, ...], *, target: Target, constraints: Path, into: Path) -> None:
    platforms = [part for platform in target.platforms for part in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--constraint", str(constraints)]
    command += ["--implementation", "cp", "--python-version", target.python, *platforms]
    command += ["--target", str(into), *requirements]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=MAX_INSTALL_S)
    except subprocess.CalledProcessError as failure:
        raise PackagingFailed(
            f"pip could not get the wheels of the Lambdas ({', '.join(requirements)}) for Python {target.python} on "
            f"{target.machine}; is the package index reachable?\n{failure.stderr.strip()}"
        ) from failure
    except subprocess.TimeoutExpired as failure:
        raise PackagingFailed(f"pip took more than {MAX_INSTALL_S} s to get {', '.join(requirements)}") from failure
    # Scripts contain the path to this machine's Python, and a Lambda does not use them.
    shutil.rmtree(into / "bin", ignore_errors=True)


@cache
def _map_distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


@cache
def _read_version_and_needs(name: str) -> tuple[str, tuple[Requirement, ...]]:
    metadata = distribution(name)
    return metadata.version, tuple(Requirement(line) for line in metadata.requires or ())


def _find_distribution(package: str) -> str:
    try:
        return _map_distributions()[package][0]
    except KeyError:
        raise PackagingFailed(f"a Lambda imports {package}, which no installed distribution provides") from None
