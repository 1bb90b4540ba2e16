"""Pushes of folders, as the command does them."""

from pathlib import Path

import pytest

from gpu_tasks.inference.manifests import build_manifest
from gpu_tasks.push import __main__ as push_model


def push_folder(folder: Path, *options: str, name: str = "new") -> None:
    push_model.main([name, "--bucket", "models", "--folder", str(folder), *options])


def refuse_folder(capsys: pytest.CaptureFixture[str], folder: Path, *options: str, name: str = "new") -> str:
    """Push a folder and return why it is refused."""
    with pytest.raises(SystemExit):
        push_folder(folder, *options, name=name)
    return capsys.readouterr().err


def list_files(folder: Path) -> set[str]:
    """Return the paths of a folder's files, without its manifest."""
    return set(build_manifest(folder))
