"""`python -m scripts.install GROUP`: install a dependency group into this environment, with a line for each step.

Versions are those of pyproject.toml and constraints.txt, whichever build of PyTorch the machine gets.
"""

import argparse
import re
import subprocess
import sys
import sysconfig
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import unquote

from scripts.pytorch_build import choose_build

ROOT = Path(__file__).resolve().parent.parent
# The packages of BARE are installed without their requirements, after every group that includes BARE_WITH.
BARE_WITH, BARE = "gpu", "gpu-bare"
# Smaller packages have no line of output, but their bytes count.
NAMED_FROM_BYTES = 10_000_000
UNITS = {"bytes": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
DOWNLOADING = re.compile(r"\s+Downloading (?P<file>\S+) \((?P<size>[\d.]+) (?P<unit>bytes|kB|MB|GB)\)")
FROM_DISK = re.compile(r"Processing (?P<path>/\S+\.whl)")
# Large folders of which tests import a few modules, if any. Those are compiled when they are first imported.
RARELY_IMPORTED = (
    "(aws_cdk|diffusers/(modular_)?pipelines|matplotlib/tests|moto/iam|mypyc?|networkx|pip|pygments|setuptools|"
    "sympy/physics|torch/(_inductor|testing)|transformers/models)/"
)
PROGRESS = re.compile(r"Progress (?P<current>\d+) of (?P<total>\d+)")


class PipFailed(Exception):
    """The exit status of pip is not 0. pip has written the reason to stderr."""


class PipOutput:
    """Reads the output of pip, prints its progress, and counts bytes."""

    def __init__(self, out: TextIO) -> None:
        self.downloaded = 0
        self.from_disk = 0
        self._out = out
        self._current = ""
        self._line_is_open = False

    def read(self, line: str) -> None:
        if found := DOWNLOADING.match(line):
            size = round(float(found["size"]) * UNITS[found["unit"]])
            self.downloaded += size
            self._name(Path(found["file"]).name, size)
        elif found := FROM_DISK.match(line):
            wheel = Path(found["path"])
            size = wheel.stat().st_size if wheel.is_file() else 0
            self.from_disk += size
            self._name(wheel.name, size)
        elif found := PROGRESS.match(line):
            self._show_progress(int(found["current"]), int(found["total"]))
        elif line.startswith("Installing collected packages: "):
            count = line.count(",") + 1
            self._print(f"  unpacking {count} package{'s' if count > 1 else ''}")

    def _name(self, file: str, size: int) -> None:
        self._current = " ".join(unquote(file).split("-")[:2])
        if size >= NAMED_FROM_BYTES:
            self._print(f"  {self._current}, {format_megabytes(size)}")

    def _show_progress(self, current: int, total: int) -> None:
        """Overwrite one line with the progress, if the output is a terminal."""
        if self._out.isatty() and total >= NAMED_FROM_BYTES:
            self._out.write(f"\r\033[K  {self._current}: {format_megabytes(current)} of {format_megabytes(total)}")
            self._out.flush()
            self._line_is_open = True

    def _print(self, text: str) -> None:
        self._out.write(("\r\033[K" if self._line_is_open else "") + text + "\n")
        self._out.flush()
        self._line_is_open = False


def format_megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"


def pip_install(arguments: Sequence[str], output: PipOutput) -> None:
    """Run `pip install`. Raises PipFailed."""
    command = [sys.executable, "-m", "pip", "install", "--no-input", "--progress-bar", "raw", "--no-compile"]
    command += ["--constraint", "constraints.txt", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stdout or ():
            output.read(line.rstrip())
    if process.returncode:
        raise PipFailed


def install(group: str, output: PipOutput) -> None:
    """Install PyTorch first, and only PyTorch from its own index. Raises PipFailed."""
    build = choose_build()
    print(f"- {build.reason}", flush=True)
    if build.index is not None:
        try:
            pip_install(["--index-url", build.index, "--no-deps", "torch"], output)
        except PipFailed:
            print("- The installation failed; installing PyTorch from the package index", flush=True)
    print(f"- The packages of the group '{group}'", flush=True)
    pip_install(["--group", group], output)
    if includes(group, BARE_WITH):
        pip_install(["--group", BARE, "--no-deps"], output)


def read_groups() -> dict[str, Any]:
    groups: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return groups


def includes(group: str, other: str) -> bool:
    """Whether a group is the other one or includes it, directly or through other groups."""
    inner = [entry["include-group"] for entry in read_groups()[group] if isinstance(entry, dict)]
    return group == other or any(includes(each, other) for each in inner)


def compile_packages() -> None:
    """Compile the packages to bytecode, on all processors, so that later processes do not compile their imports.

    The import of the stacks compiles the modules of the CDK that they use, about a sixth of it. Exit statuses are
    ignored: some packages contain `.py` files that are templates and do not compile.
    """
    python = [sys.executable, "-W", "ignore"]
    folder = sysconfig.get_path("purelib")
    leave_out = f"^{re.escape(folder)}/{RARELY_IMPORTED}"
    subprocess.run([*python, "-m", "compileall", "-qq", "-j", "0", "-x", leave_out, folder], check=False)
    subprocess.run([*python, "-c", "import app"], cwd=ROOT, check=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.install", description=__doc__)
    parser.add_argument("group", choices=sorted(read_groups()), help="a dependency group of pyproject.toml")
    parser.add_argument("--compile", action="store_true", help="compile all packages afterwards")
    arguments = parser.parse_args()
    start = time.monotonic()
    output = PipOutput(sys.stdout)
    try:
        install(arguments.group, output)
    except PipFailed:
        print(f"The group '{arguments.group}' could not be installed; pip's message is above", file=sys.stderr)
        return 1
    if arguments.compile:
        print("- Compiling the packages", flush=True)
        compile_packages()
    disk = f" and {format_megabytes(output.from_disk)} from local files" if output.from_disk else ""
    print(
        f"Installed in {time.monotonic() - start:.0f} s: {format_megabytes(output.downloaded)} downloaded{disk}",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
