"""A models bucket that is a folder."""

import shutil
from pathlib import Path

from craftspark.aws.styles.models import Sink
from gpu_tasks.inference.manifests import list_files


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

    def read(self, prefix: str, name: str) -> bytes:
        self.downloaded.append(name)
        return (self.root / prefix / name).read_bytes()

    def sizes(self, prefix: str) -> dict[str, int]:
        return {name: path.stat().st_size for name, path in list_files(self.root / prefix).items()}

    def download(self, prefix: str, name: str, sink: Sink) -> None:
        self.downloaded.append(name)
        sink.write((self.root / prefix / name).read_bytes())
