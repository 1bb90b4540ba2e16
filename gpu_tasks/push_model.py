"""Mirror a model into the models bucket, so that no worker ever waits for a hub.

`python -m gpu_tasks.push_model NAME --bucket BUCKET (--hub ID --revision COMMIT | --folder PATH)`
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from craftspark.aws import clients
from craftspark.aws.models import ModelBucket
from gpu_tasks.model_store import MANIFEST, read_manifest, write_manifest

# Half-precision weights in the one format that cannot carry code; see push().
HUB_FILES = ("*.json", "*.txt", "*.model", "*.fp16.safetensors", "LICENSE*", "README*")
# Not part of a text-to-image pipeline's folder, or the checker that this service replaces.
HUB_SKIPPED = ("safety_checker/*", "feature_extractor/*")


def push(name: str, folder: Path, bucket: ModelBucket) -> int:
    """Upload a model folder under the prefix `name`, the manifest last: until then the model is not there.

    Answers the number of files. `folder` gets a manifest of its files as they are.
    """
    write_manifest(folder)
    names = list(read_manifest(folder))
    for file in (*names, MANIFEST):
        bucket.upload(name, file, folder / file)
    return len(names)


def from_hub(repository: str, revision: str, folder: Path) -> None:
    """Download a model's half-precision weights at one commit into the folder."""
    from huggingface_hub import snapshot_download

    snapshot_download(
        repository,
        revision=revision,
        local_dir=folder,
        allow_patterns=list(HUB_FILES),
        ignore_patterns=list(HUB_SKIPPED),
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
    arguments = parser.parse_args()
    if arguments.hub and not arguments.revision:
        parser.error("--hub needs --revision: a commit, so that the model is the same tomorrow")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        if arguments.hub:
            from_hub(arguments.hub, arguments.revision, folder)
        else:
            shutil.copytree(arguments.folder, folder)
        files = push(arguments.name, folder, ModelBucket(client=clients.s3(), bucket=arguments.bucket))
    print(f"{files} files are in s3://{arguments.bucket}/{arguments.name}/")


if __name__ == "__main__":
    main()
