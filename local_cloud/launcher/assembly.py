"""Read a synthesized cloud assembly: its stacks in the order of their dependencies, and their assets."""

import io
import json
import zipfile
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local_cloud.launcher.environment import ACCOUNT, REGION

PLACEHOLDERS = {"${AWS::AccountId}": ACCOUNT, "${AWS::Region}": REGION, "${AWS::Partition}": "aws"}


class AssetUnsupported(Exception):
    """An asset that needs a build step: a container image."""


@dataclass(frozen=True)
class FileAsset:
    """A file, and the bucket and key to upload it to. The key contains a hash of the content.

    A source that is a folder is uploaded as a zip file.
    """

    source: Path
    bucket: str
    key: str

    def read(self) -> bytes:
        """The bytes to upload."""
        return _zip(self.source) if self.source.is_dir() else self.source.read_bytes()


@dataclass(frozen=True)
class Stack:
    """One stack: `name` in CloudFormation, its template's bucket and key in S3, its tags, and its assets."""

    name: str
    bucket: str
    template_key: str
    tags: dict[str, str]
    assets: tuple[FileAsset, ...]


def read_stacks(folder: Path) -> list[Stack]:
    """The assembly's stacks, each after its dependencies; raises AssetUnsupported for an asset that needs a build."""
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
    template = _fill_placeholders(properties["stackTemplateAssetObjectUrl"])
    bucket, _, key = template.removeprefix("s3://").partition("/")
    return Stack(
        name=properties.get("stackName", name),
        bucket=bucket,
        template_key=key,
        tags=properties.get("tags", {}),
        assets=tuple(asset for manifest in manifests for asset in _assets(folder, manifest)),
    )


def _assets(folder: Path, manifest: str) -> list[FileAsset]:
    content = json.loads((folder / manifest).read_text())
    files = content.get("files", {}).values()
    if content.get("dockerImages"):
        raise AssetUnsupported(f"{manifest} has container images to build; the local cloud does not build images")
    return [
        FileAsset(
            source=folder / file["source"]["path"],
            bucket=_fill_placeholders(destination["bucketName"]),
            key=_fill_placeholders(destination["objectKey"]),
        )
        for file in files
        for destination in file["destinations"].values()
    ]


def _zip(folder: Path) -> bytes:
    """The files of a folder, as the CDK CLI packages them."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return content.getvalue()


def _fill_placeholders(text: str) -> str:
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text
