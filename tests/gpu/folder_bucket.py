"""A models bucket that is a folder."""

import shutil
from pathlib import Path


class FolderBucket:
    """A bucket that is a folder. Records the order of uploads and downloads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uploaded: list[str] = []
        self.downloaded: list[str] = []

    def upload(self, prefix: str, name: str, path: Path) -> None:
        self.uploaded.append(name)
        (self.root / prefix / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, self.root / prefix / name)

    def download(self, prefix: str, name: str, path: Path) -> None:
        self.downloaded.append(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.root / prefix / name, path)
