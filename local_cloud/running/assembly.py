"""Read a synthesized cloud assembly: its stacks in the order they depend on each other, and their assets."""

import json
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local_cloud.running.environment import ACCOUNT, REGION

PLACES = {"${AWS::AccountId}": ACCOUNT, "${AWS::Region}": REGION, "${AWS::Partition}": "aws"}


class AssetUnsupported(Exception):
    """An asset that would have to be made first: an image that Docker builds, or a folder that is zipped."""


@dataclass(frozen=True)
class FileAsset:
    """A file, and the bucket and key that its content addresses."""

    source: Path
    bucket: str
    key: str


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
    files = content.get("files", {}).values()
    if content.get("dockerImages"):
        raise AssetUnsupported(f"{manifest} has container images to build; the local cloud does not build images")
    if any(file["source"].get("packaging") == "zip" for file in files):
        raise AssetUnsupported(f"{manifest} has folders to zip; the local cloud takes packages that are zips")
    return [
        FileAsset(
            source=folder / file["source"]["path"],
            bucket=_placed(destination["bucketName"]),
            key=_placed(destination["objectKey"]),
        )
        for file in files
        for destination in file["destinations"].values()
    ]


def _placed(text: str) -> str:
    for placeholder, value in PLACES.items():
        text = text.replace(placeholder, value)
    return text
