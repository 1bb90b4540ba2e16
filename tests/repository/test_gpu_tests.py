"""`make gpu` on a machine without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_without_a_gpu_the_tests_of_a_gpu_say_that_nothing_was_tested(tmp_path: Path) -> None:
    figures = tmp_path / "gpu.json"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/cuda", "--figures", figures],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
    )

    assert ended.returncode != 0
    assert "nothing was tested on a GPU" in ended.stderr
    assert not figures.exists()


def test_the_tests_of_a_gpu_work(tmp_path: Path) -> None:
    """Those that a change of the worker breaks first, on the CPU. `pytest tests/cuda --device cpu` runs all of them."""
    tests = ["tests/cuda/test_styles.py", "tests/cuda/test_built_in_model.py", "-k", "styles"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--device", "cpu", "--figures", tmp_path / "gpu.json", *tests],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )

    assert ended.returncode == 0, ended.stdout
    assert "style_swap" in (tmp_path / "gpu.json").read_text()
