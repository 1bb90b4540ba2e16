"""Read a synthesized cloud assembly: its stacks in the order they depend on each other, and their assets."""

import io
import json
import zipfile
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local_cloud.running.environment import ACCOUNT, REGION

LONG_AGO = (1980, 1, 1, 0, 0, 0)
PLACES = {"${AWS::AccountId}": ACCOUNT, "${AWS::Region}": REGION, "${AWS::Partition}": "aws"}


class AssetUnsupported(Exception):
    """An asset needs more than this machine has: an image that Docker would build."""


@dataclass(frozen=True)
class FileAsset:
    """A file, or a folder to be zipped, and the bucket and key that its content addresses."""

    source: Path
    zipped: bool
    bucket: str
    key: str

    def content(self) -> bytes:
        """The same bytes for the same files, whenever and wherever they were written."""
        if not self.zipped or self.source.is_file():
            return self.source.read_bytes()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # compressing costs more than loopback does
            for path in sorted(path for path in self.source.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(self.source).as_posix(), LONG_AGO)
                entry.external_attr = (0o755 if path.stat().st_mode & 0o100 else 0o644) << 16
                archive.writestr(entry, path.read_bytes())
        return buffer.getvalue()


@dataclass(frozen=True)
class Stack:
    """One stack: `name` in CloudFormation, its template's bucket and key in S3, its tags, and all it uploads."""

    name: str
    bucket: str
    template_key: str
    tags: dict[str, str]
    assets: tuple[FileAsset, ...]


def read_stacks(folder: Path) -> list[Stack]:
    """The assembly's stacks, each after those it depends on; raises AssetUnsupported for an image to be built."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    order = TopologicalSorter({name: artifact.get("dependencies", ()) for name, artifact in artifacts.items()})
    stacks = (name for name in order.static_order() if artifacts[name]["type"] == "aws:cloudformation:stack")
    return [_stack(folder, name, artifacts) for name in stacks]


def _stack(folder: Path, name: str, artifacts: dict[str, Any]) -> Stack:
    artifact = artifacts[name]
    properties = artifact["properties"]
    manifests = [
        artifacts[dependency]["properties"]["file"]
        for dependency in artifact.get("dependencies", ())
        if artifacts[dependency]["type"] == "cdk:asset-manifest"
    ]
    bucket, _, key = _placed(properties["stackTemplateAssetObjectUrl"]).removeprefix("s3://").partition("/")
    return Stack(
        name=properties.get("stackName", name),
        bucket=bucket,
        template_key=key,
        tags=properties.get("tags", {}),
        assets=tuple(asset for manifest in manifests for asset in _assets(folder, manifest)),
    )


def _assets(folder: Path, manifest: str) -> list[FileAsset]:
    content = json.loads((folder / manifest).read_text())
    if content.get("dockerImages"):
        raise AssetUnsupported(f"{manifest} has container images to build; the local cloud does not build images")
    return [
        FileAsset(
            source=folder / file["source"]["path"],
            zipped=file["source"].get("packaging") == "zip",
            bucket=_placed(destination["bucketName"]),
            key=_placed(destination["objectKey"]),
        )
        for file in content.get("files", {}).values()
        for destination in file["destinations"].values()
    ]


def _placed(text: str) -> str:
    for placeholder, value in PLACES.items():
        text = text.replace(placeholder, value)
    return text
