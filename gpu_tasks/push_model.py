"""Mirror a model into the models bucket, so that no worker ever waits for a hub.

`python -m gpu_tasks.push_model NAME --bucket BUCKET (--hub ID --revision COMMIT | --folder PATH) [--replace]`
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from craftspark.aws import clients
from craftspark.aws.models import ModelBucket
from gpu_tasks.model_store import MANIFEST, read_manifest, write_manifest

# Half-precision weights in the one format that cannot carry code; see push().
HUB_FILES = ("*.json", "*.txt", "*.model", "*.fp16.safetensors", "LICENSE*", "README*")
# Not part of a text-to-image pipeline's folder, or the checker that this service replaces.
SKIPPED = ("safety_checker", "feature_extractor")
INDEX = "model_index.json"


class NoModel(Exception):
    """A folder is no pipeline in diffusers' format; the message names what is missing."""


class NameTaken(Exception):
    """Another model is in the bucket under this name."""


def check_pipeline(folder: Path) -> None:
    """Raise NoModel unless the folder has every component that its index names."""
    try:
        index = json.loads((folder / INDEX).read_text())
    except FileNotFoundError:
        raise NoModel(f"{folder} is no model: it has no {INDEX}") from None
    except ValueError as error:
        raise NoModel(f"{folder} is no model: {INDEX} is no JSON: {error}") from None
    if not isinstance(index, dict):
        raise NoModel(f"{folder} is no model: {INDEX} is no JSON object")
    # A component is [library, class]; [null, null] is one that the pipeline goes without.
    components = [name for name, kind in index.items() if isinstance(kind, list) and any(kind) and name not in SKIPPED]
    missing = [name for name in components if not any((folder / name).glob("*"))]
    if missing or not components:
        raise NoModel(f"{folder} is no model: it lacks the folders of {', '.join(missing) or 'all components'}")


def push(name: str, folder: Path, bucket: ModelBucket, *, replace: bool = False) -> int:
    """Upload a model folder under the prefix `name`, the manifest last: until then the model is not there.

    Answers the number of files. `folder` gets a manifest of its files as they are. Raises NoModel or NameTaken before
    anything is uploaded; `replace` allows to overwrite another model.
    """
    check_pipeline(folder)
    write_manifest(folder)
    if not replace:
        _refuse_another(name, folder, bucket)
    names = list(read_manifest(folder))
    for file in (*names, MANIFEST):
        bucket.upload(name, file, folder / file)
    return len(names)


def _refuse_another(name: str, folder: Path, bucket: ModelBucket) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        there = Path(scratch)
        try:
            bucket.download(name, MANIFEST, there / MANIFEST)
        except FileNotFoundError:
            return
        if read_manifest(there) != read_manifest(folder):
            raise NameTaken(f"another model is in the bucket as {name}: choose another name, or say --replace")


def from_hub(repository: str, revision: str, folder: Path) -> None:
    """Download a model's half-precision weights at one commit into the folder."""
    from huggingface_hub import snapshot_download

    snapshot_download(
        repository,
        revision=revision,
        local_dir=folder,
        allow_patterns=list(HUB_FILES),
        ignore_patterns=[f"{name}/*" for name in SKIPPED],
    )
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    # diffusers looks for the plain names unless it is told the variant.
    for weights in folder.rglob("*.fp16.safetensors"):
        weights.rename(weights.with_name(weights.name.replace(".fp16.", ".")))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.push_model", description=__doc__)
    parser.add_argument("name", help="the model's prefix, as the catalogue's source has it after `s3:`")
    parser.add_argument("--bucket", required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--hub", help="a hub repository, such as stable-diffusion-v1-5/stable-diffusion-v1-5")
    source.add_argument("--folder", type=Path, help="a folder in diffusers' format")
    parser.add_argument("--revision", help="the hub repository's commit; needed with --hub")
    parser.add_argument("--replace", action="store_true", help="overwrite another model of this name")
    arguments = parser.parse_args()
    if arguments.hub and not arguments.revision:
        parser.error("--hub needs --revision: a commit, so that the model is the same tomorrow")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        if arguments.hub:
            from_hub(arguments.hub, arguments.revision, folder)
        else:
            shutil.copytree(arguments.folder, folder)
        bucket = ModelBucket(client=clients.s3(), bucket=arguments.bucket)
        try:
            files = push(arguments.name, folder, bucket, replace=arguments.replace)
        except (NoModel, NameTaken) as refusal:
            parser.error(str(refusal))
    print(f"{files} files are in s3://{arguments.bucket}/{arguments.name}/")


if __name__ == "__main__":
    main()
