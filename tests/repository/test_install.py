"""The setup uses PyTorch's CPU build if possible, keeps the pinned versions, and reports its steps."""

import io
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import distributions
from pathlib import Path
from socket import create_server
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet

from scripts import install, pytorch_build
from scripts.install import PipFailed, PipOutput
from scripts.pytorch_build import CPU_INDEX, Build, has_nvidia_gpu, responds, select_build

ROOT = Path(__file__).resolve().parents[2]
PIP_SAYS = [
    "Collecting torch==2.13.0",
    "  Downloading torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (31 kB)",
    "  Downloading torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl (191.8 MB)",
    "Progress 1000000 of 191800000",
    "Progress 191800000 of 191800000",
    "  Using cached idna-3.20-py3-none-any.whl (72 kB)",
    "Installing collected packages: torch, idna",
]


class Terminal(io.StringIO):
    """The output is a terminal."""

    def isatty(self) -> bool:
        return True


WITHOUT_REQUIREMENTS = ["--group", "gpu-bare", "--no-deps"]


class FakePip:
    """Records the requested installations, and fails for the index that is down."""

    def __init__(self, down: str | None = None) -> None:
        self.down = down
        self.asked: list[list[str]] = []

    def install(self, arguments: list[str], output: PipOutput) -> None:
        self.asked.append(arguments)
        if self.down in arguments:
            raise PipFailed


def asked(monkeypatch: pytest.MonkeyPatch, build: Build, *, down: str | None = None) -> list[list[str]]:
    pip = FakePip(down)
    monkeypatch.setattr(install, "choose_build", lambda: build)
    monkeypatch.setattr(install, "pip_install", pip.install)
    install.install("demo", PipOutput(io.StringIO()))
    return pip.asked


@contextmanager
def http_server(status: int) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Discard the log."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/whl/cpu/torch/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("platform", "has_gpu", "index_answers", "index"),
    [
        ("linux", False, True, CPU_INDEX),
        ("linux", False, False, None),
        ("linux", True, True, None),
        ("darwin", False, True, None),
    ],
)
def test_only_a_linux_machine_without_gpu_takes_the_cpu_build(
    platform: str, has_gpu: bool, index_answers: bool, index: str | None
) -> None:
    build = select_build(platform, has_gpu=lambda: has_gpu, cpu_index_responds=lambda: index_answers)

    assert build.index == index


def test_a_driver_counts_once_it_finds_a_gpu() -> None:
    def no_driver(name: str) -> object:
        raise OSError(f"{name}: cannot open shared object file")

    assert has_nvidia_gpu(lambda _: SimpleNamespace(cuInit=lambda flags: 0))
    assert not has_nvidia_gpu(lambda _: SimpleNamespace(cuInit=lambda flags: 100))  # CUDA_ERROR_NO_DEVICE
    assert not has_nvidia_gpu(no_driver)


def test_an_index_is_available_if_it_has_the_page() -> None:
    with http_server(200) as there, http_server(404) as elsewhere:
        assert responds(there, within_s=60)
        assert not responds(elsewhere, within_s=60)


def test_the_wait_for_an_index_is_bounded() -> None:
    with create_server(("127.0.0.1", 0)) as listener:  # accepts connections and never responds
        assert not responds(f"http://127.0.0.1:{listener.getsockname()[1]}/", within_s=0.1)


def test_the_probe_asks_for_the_page_that_pip_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    probed: list[tuple[str, float]] = []

    def silent(url: str, within_s: float) -> bool:
        probed.append((url, within_s))
        return False

    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(pytorch_build, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(pytorch_build, "responds", silent)

    assert pytorch_build.choose_build().index is None
    assert probed == [(f"{CPU_INDEX}/torch/", pytorch_build.PROBE_WITHIN_S)]


def test_nothing_but_pytorch_comes_from_its_index(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, Build(CPU_INDEX, "")) == [
        ["--index-url", CPU_INDEX, "--no-deps", "torch"],
        ["--group", "demo"],
        WITHOUT_REQUIREMENTS,
    ]


def test_only_the_package_index_is_used_without_pytorchs_index(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, Build(None, "")) == [["--group", "demo"], WITHOUT_REQUIREMENTS]


def test_the_package_index_replaces_one_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, Build(CPU_INDEX, ""), down=CPU_INDEX)[-2:] == [["--group", "demo"], WITHOUT_REQUIREMENTS]


def test_a_group_without_the_renderers_gets_none_of_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    pip = FakePip()
    monkeypatch.setattr(install, "choose_build", lambda: Build(None, ""))
    monkeypatch.setattr(install, "pip_install", pip.install)

    install.install("lambda", PipOutput(io.StringIO()))

    assert pip.asked == [["--group", "lambda"]]


def test_the_image_has_the_packages_that_are_installed_without_requirements() -> None:
    dockerfile = (install.ROOT / "gpu_tasks" / "Dockerfile").read_text()

    assert re.search(r"--group gpu-bare --no-deps$", dockerfile, re.MULTILINE)


def test_every_installation_keeps_to_the_constraints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip rejects a requirement that contradicts a constraint, without a request to an index."""
    (tmp_path / "constraints.txt").write_text("pip==0.0.1\n")
    monkeypatch.setattr(install, "ROOT", tmp_path)

    with pytest.raises(PipFailed):
        install.pip_install(["--no-index", "pip"], PipOutput(io.StringIO()))


def test_a_local_version_satisfies_the_pin() -> None:
    """For pip, `2.13.0+cpu` satisfies `2.13.0`, so the installation of the group does not replace the CPU build."""
    from packaging.specifiers import SpecifierSet

    constraints = (install.ROOT / "constraints.txt").read_text().splitlines()
    [pin] = [line.removeprefix("torch") for line in constraints if line.startswith("torch==")]

    assert SpecifierSet(pin).contains(pin.removeprefix("==") + "+cpu")


def test_every_package_runs_on_the_oldest_python_that_is_supported() -> None:
    """A machine with a newer Python installs versions that an older one refuses."""
    supported = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = supported.removeprefix(">=") + ".0"
    environments = (Path(sys.prefix), ROOT / ".venv" / "checkov")
    places = [str(place) for environment in environments for place in environment.glob("lib/*/*-packages")]
    packages = list(distributions(path=places))

    assert len({each.name for each in packages} & {"aws-cdk-lib", "checkov"}) == 2
    refusing = {
        each.name: needs
        for each in packages
        if (needs := each.metadata["Requires-Python"]) and oldest not in SpecifierSet(needs)
    }
    assert refusing == {}


def test_large_packages_are_named_and_all_bytes_counted() -> None:
    out = io.StringIO()
    output = PipOutput(out)

    for line in PIP_SAYS:
        output.read(line)

    assert out.getvalue() == "  torch 2.13.0+cpu, 192 MB\n  unpacking 2 packages\n"
    assert (output.downloaded, output.from_disk) == (191_831_000, 0)


def test_a_terminal_shows_the_progress_of_a_download() -> None:
    out = Terminal()
    output = PipOutput(out)

    for line in PIP_SAYS:
        output.read(line)

    assert "\r\033[K  torch 2.13.0+cpu: 1 MB of 192 MB" in out.getvalue()
    assert out.getvalue().endswith("\r\033[K  unpacking 2 packages\n")


def test_a_file_from_disk_is_counted_by_its_size(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl"
    wheel.write_bytes(b"\0" * 1234)
    output = PipOutput(io.StringIO())

    output.read(f"Processing {wheel}")
    output.read(f"Processing {tmp_path}/gone.whl")

    assert (output.downloaded, output.from_disk) == (0, 1234)


def test_an_unknown_group_is_rejected_before_anything_is_installed() -> None:
    command = [sys.executable, "-m", "scripts.install", "no-such-group"]

    done = subprocess.run(command, cwd=install.ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "invalid choice: 'no-such-group'" in done.stderr


def test_a_failure_of_pip_ends_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["install", "demo"])
    monkeypatch.setattr(install, "choose_build", lambda: Build(None, "the package index's build"))
    monkeypatch.setattr(install, "pip_install", FakePip("--group").install)

    assert install.main() == 1

    said = capsys.readouterr()
    assert said.err == "The group 'demo' could not be installed; pip's message is above\n"
    assert said.out.startswith("- the package index's build\n- The packages of the group 'demo'\n")
