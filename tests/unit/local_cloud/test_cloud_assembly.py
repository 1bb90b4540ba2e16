"""Reading a cloud assembly: the order of stacks, their names, and assets that are addressed by their content."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local_cloud.launcher.assembly import AssetUnsupported, FileAsset, read_stacks

ZONE = "${AWS::AccountId}-${AWS::Region}"


def an_assembly(folder: Path, assets: dict[str, Any]) -> Path:
    """Two stacks. The first in the manifest depends on the other."""

    def stack(name: str, *needs: str) -> dict[str, Any]:
        url = f"s3://assets-{ZONE}/{name}.json"
        properties = {"stackTemplateAssetObjectUrl": url, "stackName": f"Craftspark-{name}", "tags": {"stage": "local"}}
        return {"type": "aws:cloudformation:stack", "properties": properties, "dependencies": list(needs)}

    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "Api.assets.json"}}
    artifacts = {"Api": stack("Api", "Data", "Api.assets"), "Data": stack("Data"), "Api.assets": manifest}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (folder / "Api.assets.json").write_text(json.dumps(assets))
    return folder


def a_file_asset(path: str, packaging: str) -> dict[str, Any]:
    destination = {"bucketName": f"assets-{ZONE}", "objectKey": "abc.zip"}
    return {"source": {"path": path, "packaging": packaging}, "destinations": {"here": destination}}


def test_stacks_come_after_those_they_depend_on(tmp_path: Path) -> None:
    stacks = read_stacks(an_assembly(tmp_path, {}))

    assert [stack.name for stack in stacks] == ["Craftspark-Data", "Craftspark-Api"]
    assert stacks[0].bucket == "assets-000000000000-us-east-1"
    assert stacks[0].template_key == "Data.json"
    assert stacks[0].tags == {"stage": "local"}


def test_a_stacks_assets_go_where_the_manifest_says(tmp_path: Path) -> None:
    _, api = read_stacks(an_assembly(tmp_path, {"files": {"abc": a_file_asset("asset.abc", "file")}}))

    assert api.assets == (FileAsset(tmp_path / "asset.abc", "assets-000000000000-us-east-1", "abc.zip"),)


def test_an_image_to_be_built_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetUnsupported):
        read_stacks(an_assembly(tmp_path, {"dockerImages": {"abc": {}}}))


def test_a_folder_is_uploaded_as_a_zip_file(tmp_path: Path) -> None:
    (tmp_path / "asset.abc" / "assets").mkdir(parents=True)
    (tmp_path / "asset.abc" / "assets" / "app.js").write_text("1")
    _, api = read_stacks(an_assembly(tmp_path, {"files": {"abc": a_file_asset("asset.abc", "zip")}}))

    content = api.assets[0].read()

    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist() == ["assets/app.js"]
    assert archive.read("assets/app.js") == b"1"
    assert content == api.assets[0].read()
