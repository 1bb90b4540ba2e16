"""The commands that a target of make would run."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_demo_keeps_bytecode_whatever_the_shell_says(tmp_path: Path) -> None:
    """Packages are installed without bytecode. A demo that writes none would compile them in each process."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "bytecode is off: [$PYTHONDONTWRITEBYTECODE]"\n')
    fake.chmod(0o755)
    command = ["make", "--silent", "demo", f"BIN={tmp_path}", f"VENV={tmp_path}"]
    for stamp in (".created", ".node-ready", ".demo-ready"):
        (tmp_path / stamp).touch()

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)

    assert done.stdout == "bytecode is off: []\n"
