"""Copy a model or an adapter to the models bucket, so that workers do not depend on a hub."""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import httpx

from craftspark.aws import clients
from craftspark.aws.styles.models import ModelBucket
from gpu_tasks.inference import hub
from gpu_tasks.inference.model_folder import INDEX, NoModel, check_adapter, check_pipeline
from gpu_tasks.inference.model_store import MANIFEST, read_manifest, write_manifest

NAME_TAKEN = "the bucket already has another model named {}; choose another name or use --replace"


class NameTaken(Exception):
    """The bucket has another model with this name."""


def check_folder(folder: Path) -> None:
    """Raise NoModel unless the folder is a complete model or a complete adapter."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    try:
        if INDEX in names:
            check_pipeline(json.loads((folder / INDEX).read_text()), names)
        else:
            check_adapter(names)
    except ValueError as error:
        raise NoModel(f"{folder} is not a model: {INDEX} is not valid JSON: {error}") from None
    except NoModel as refusal:
        raise NoModel(f"{folder}: {refusal}") from None


def push(name: str, folder: Path, bucket: ModelBucket, *, replace: bool = False) -> int:
    """Upload a model folder under the prefix `name` and return the number of its files.

    The manifest is uploaded last: the model is visible from then on. `folder` gets a manifest of its current files.
    Raises NoModel or NameTaken before anything is uploaded. `replace` allows replacing another model.
    """
    check_folder(folder)
    write_manifest(folder)
    files = read_manifest(folder)
    if not replace and _read_bucket_manifest(name, bucket) not in (None, files):
        raise NameTaken(NAME_TAKEN.format(name))
    names = list(files)
    for file in (*names, MANIFEST):
        bucket.upload(name, file, folder / file)
    return len(names)


def push_from_hub(
    name: str,
    repository: str,
    revision: str,
    bucket: ModelBucket,
    *,
    source: hub.Hub,
    licensed: bool = False,
    replace: bool = False,
) -> int:
    """Mirror a model of a hub at one commit. Invalid models are rejected before their weights are downloaded.

    Returns and raises as `push` does. Also raises LicenceRefused.
    """
    model = source.describe(repository, revision)
    hub.check(model, licensed=licensed)
    there = None if replace else _read_bucket_manifest(name, bucket)
    if there is not None and any(digest and there.get(file) != digest for file, digest in model.wanted.items()):
        raise NameTaken(NAME_TAKEN.format(name))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        source.download(repository, revision, folder)
        return push(name, folder, bucket, replace=replace)


def push_copy(name: str, folder: Path, bucket: ModelBucket, *, replace: bool = False) -> int:
    """Push a copy of a folder, which stays unchanged. Returns and raises as `push` does."""
    check_folder(folder)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "model"
        shutil.copytree(folder, copy)
        return push(name, copy, bucket, replace=replace)


def _read_bucket_manifest(name: str, bucket: ModelBucket) -> dict[str, str] | None:
    """Read the manifest of this name from the bucket. Returns None if there is none."""
    with tempfile.TemporaryDirectory() as scratch:
        there = Path(scratch)
        try:
            bucket.download(name, MANIFEST, there / MANIFEST)
        except FileNotFoundError:
            return None
        return read_manifest(there)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.inference.push_model", description=__doc__)
    parser.add_argument(
        "name", help="prefix in the bucket, the same as after `s3:` in the source of the catalogue entry"
    )
    parser.add_argument("--bucket", required=True, help="name of the models bucket")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--hub", help="Hugging Face repository, such as stable-diffusion-v1-5/stable-diffusion-v1-5")
    source.add_argument("--folder", type=Path, help="folder of a model in Diffusers format, or of an adapter")
    parser.add_argument("--revision", help="commit of the Hugging Face repository; required with --hub")
    parser.add_argument("--licensed", action="store_true", help="confirm that you have a licence for the model")
    parser.add_argument("--replace", action="store_true", help="replace an existing model of this name")
    arguments = parser.parse_args()
    if arguments.hub and not arguments.revision:
        parser.error("--hub requires --revision, the commit to download")
    bucket = ModelBucket(client=clients.s3(), bucket=arguments.bucket)
    try:
        if arguments.hub:
            files = push_from_hub(
                arguments.name,
                arguments.hub,
                arguments.revision,
                bucket,
                source=hub.HuggingFace(),
                licensed=arguments.licensed,
                replace=arguments.replace,
            )
        else:
            files = push_copy(arguments.name, arguments.folder, bucket, replace=arguments.replace)
    except (NoModel, NameTaken, hub.LicenceRefused, httpx.HTTPError, OSError) as refusal:
        parser.error(str(refusal))
    print(f"Uploaded {files} files to s3://{arguments.bucket}/{arguments.name}/")


if __name__ == "__main__":
    main()
