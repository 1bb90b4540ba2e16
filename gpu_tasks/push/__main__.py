"""Copy a model, another network or an adapter to the models bucket, so that workers do not depend on a hub."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from craftspark.aws import clients
from craftspark.aws.faults import AWS_ERRORS
from craftspark.aws.styles.models import ModelBucket
from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import CATALOGUE
from craftspark.models.licences import LicenceRefused
from craftspark.models.networks import NETWORKS
from gpu_tasks.inference import matting, upscaler_networks
from gpu_tasks.inference.adapters import Adapter, hash_listed_denoiser
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.file_hashes import hash_file
from gpu_tasks.inference.hub import HubFiles, HubUnavailable
from gpu_tasks.inference.manifests import MANIFEST, parse_manifest, publish, read_manifest
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_folder import FolderFiles, ModelFiles, NoModel
from gpu_tasks.inference.model_store import BUILT_IN
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.push.plan import PushPlan, plan_push
from gpu_tasks.push.report import name_entry, report

NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*")
NAME_TAKEN = "the bucket already has another model named {}; choose another name or use --replace"


class NameTaken(Exception):
    """The bucket has another model with this name."""


def push(name: str, files: ModelFiles, plan: PushPlan, bucket: ModelBucket, *, replace: bool = False) -> int:
    """Copy what the plan says to the prefix `name` and return the number of files.

    The manifest is uploaded last: the model is visible from then on. Raises NoModel if a file is not the one that its
    source describes, and NameTaken unless `replace` is set or the bucket has the same model; nothing is uploaded then.
    """
    if not NAME.fullmatch(name):
        raise NoModel(f"{name!r} is not a valid name; use letters, digits, dots, hyphens and slashes")
    there = _read_bucket_manifest(name, bucket)  # also shows that the bucket can be reached
    written = {target: hashlib.sha256(content).hexdigest() for target, content in plan.written.items()}
    _check_entry(name, plan)
    if plan.adapter:
        _check_base(plan.adapter, bucket)
    # A hub states the hashes of weights, so another model of this name is refused before the download.
    expected = {target: files.expected_hash(source) for target, source in plan.copied.items()}
    known = written | {target: digest for target, digest in expected.items() if digest}
    if not replace:
        _check_name(name, there, known)
    files.fetch(list(plan.copied.values()))
    hashes = {target: hash_file(files.path(source)) for target, source in plan.copied.items()}
    for target, digest in expected.items():
        if digest and hashes[target] != digest:
            raise NoModel(f"{plan.copied[target]} is damaged or was changed: its hash is not the one that was stated")
    _try_out(files, plan)
    manifest = dict(sorted((hashes | written).items()))
    if not replace:
        _check_name(name, there, manifest, whole=True)
    _upload(name, files, plan, manifest, bucket)
    return len(manifest)


def _check_entry(name: str, plan: PushPlan) -> None:
    """Raise NoModel if workers would refuse the model, because the catalogue has another kind under its name."""
    entry = name_entry(name)
    if entry in CATALOGUE:
        try:
            find_family(CATALOGUE[entry].family).check_class(plan.pipeline or "network or an adapter")
        except ModelUnavailable as problem:
            raise NoModel(f"{entry} in the catalogue is another model: {problem.detail}") from None
    elif entry in NETWORKS and plan.does != NETWORKS[entry].does:
        raise NoModel(f"{entry} in the catalogue is a network to {NETWORKS[entry].does}, and the folder has another")


def _check_base(adapter: Adapter, bucket: ModelBucket) -> None:
    """Raise NoModel if the adapter was trained for other weights of its model than those that workers use. A model that
    is not in the bucket yet is not compared.
    """
    entry = CATALOGUE[adapter.base]
    component = find_family(entry.family).denoiser
    kind, _, place = entry.source.partition(":")
    there = read_manifest(BUILT_IN / place) if kind == "built-in" else _read_bucket_manifest(place, bucket)
    if there and (digest := hash_listed_denoiser(there, component)) != adapter.denoiser_sha256:
        raise NoModel(
            f"the adapter {adapter.name} was trained for a different {adapter.base}: its {component} is "
            f"{adapter.denoiser_sha256[:12]}, that of {entry.source} {str(digest)[:12]}"
        )


def _try_out(files: ModelFiles, plan: PushPlan) -> None:
    """Use a small network once, as workers do before they are ready. Raises ModelUnavailable."""
    if plan.does == "enlarge":
        Upscaler.try_out(files.path(upscaler_networks.CONFIG).parent)
    elif plan.does == "cut":
        MattingNetwork.try_out(files.path(matting.CONFIG).parent)


def _check_name(name: str, there: Mapping[str, str] | None, files: Mapping[str, str], *, whole: bool = False) -> None:
    if there is None:
        return
    if any(there.get(target) != digest for target, digest in files.items()) or (whole and there != files):
        raise NameTaken(NAME_TAKEN.format(name))


def _upload(name: str, files: ModelFiles, plan: PushPlan, manifest: Mapping[str, str], bucket: ModelBucket) -> None:
    paths = {target: files.path(source) for target, source in plan.copied.items()}
    contents = {**plan.written, MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()}
    with tempfile.TemporaryDirectory(prefix="craftspark-push-") as scratch:
        for number, (target, content) in enumerate(contents.items()):
            paths[target] = Path(scratch, str(number))
            paths[target].write_bytes(content)
        publish(paths, lambda target, path: bucket.upload(name, target, path))


def _read_bucket_manifest(name: str, bucket: ModelBucket) -> dict[str, str] | None:
    """Read the manifest of this name from the bucket. Returns None if there is none."""
    try:
        return parse_manifest(bucket.read(name, MANIFEST), Path(name))
    except FileNotFoundError:
        return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.push", description=__doc__)
    parser.add_argument(
        "name", help="prefix in the bucket, the same as after `s3:` in the source of the catalogue entry"
    )
    parser.add_argument("--bucket", help="name of the models bucket")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--hub", help="Hugging Face repository, such as stable-diffusion-v1-5/stable-diffusion-v1-5")
    source.add_argument(
        "--folder",
        type=Path,
        help="folder of a pipeline of Diffusers, an upscaler, a matting network, an encoder or an adapter",
    )
    parser.add_argument("--revision", help="commit of the Hugging Face repository; required with --hub")
    parser.add_argument("--variant", help="variant of the weights, such as fp16; chosen by size without it")
    parser.add_argument("--safety-checker", action="store_true", help="include the safety checker of Stable Diffusion")
    parser.add_argument("--licensed", action="store_true", help="confirm that you may use the model commercially")
    parser.add_argument("--replace", action="store_true", help="replace an existing model of this name")
    parser.add_argument(
        "--check", action="store_true", help="check and describe the model, without download of weights or upload"
    )
    return parser


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.hub and not options.revision:
        parser.error("--hub requires --revision, the commit to download")
    if not options.bucket and not options.check:
        parser.error("--bucket is required unless --check is set")
    try:
        with tempfile.TemporaryDirectory(prefix="craftspark-push-") as scratch:
            _run(options, Path(scratch))
    except (NoModel, NameTaken, LicenceRefused, HubUnavailable, ModelUnavailable, OSError, *AWS_ERRORS) as refusal:
        parser.error(str(refusal))


def _run(options: argparse.Namespace, scratch: Path) -> None:
    hub = HubFiles(options.hub, options.revision, scratch) if options.hub else None
    files: ModelFiles = hub or FolderFiles(options.folder)
    plan = plan_push(files, variant=options.variant, safety_checker=options.safety_checker, licensed=options.licensed)
    if not options.check:
        bucket = ModelBucket(client=clients.s3(), bucket=options.bucket)
        count = push(options.name, files, plan, bucket, replace=options.replace)
        print(f"Uploaded {count} files to s3://{options.bucket}/{options.name}/")
    print(report(options.name, plan, files, commit=hub.commit if hub else None))


if __name__ == "__main__":
    main()
