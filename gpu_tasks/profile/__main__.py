"""Measures a model or a network on this machine's device and writes its record into the device table.

`python -m gpu_tasks.profile MODEL` measures an entry of the catalogue or of the networks, and `host` what all tools do
on the machine's CPU. The files of a model that is not built in come from `--folder`, or from the models bucket with
`--models-bucket`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from craftspark.errors import ModelUnavailable
from craftspark.models.catalogue import CATALOGUE, find_model
from craftspark.models.networks import BUILT_IN_NETWORKS, NETWORKS
from craftspark.models.profiles import HOST, find_record
from craftspark.settings.tasks import RendererSettings
from gpu_tasks.inference.device import name_device
from gpu_tasks.inference.model_store import locate
from gpu_tasks.profile.drawing import WAVE_SIZES, measure_model
from gpu_tasks.profile.networks import measure_network
from gpu_tasks.profile.tables import format_table, table_of, update_table

# Networks of the kinds that tools use.
MEASURED = tuple(network.name for network in NETWORKS.values() if network.does in BUILT_IN_NETWORKS.names)


def main(words: Sequence[str]) -> int:
    arguments = parse(words)
    try:
        record = measure(arguments)
    except ModelUnavailable as unavailable:
        print(f"not measured: {unavailable.detail}", file=sys.stderr)
        return 1
    device = name_device(arguments.device)
    print(format_table({"device": device, "records": {arguments.model: record}}), end="")
    if not arguments.check:
        path = arguments.output or table_of(device)
        update_table(path, device, arguments.model, record)
        print(f"written to {path}", file=sys.stderr)
    return 0


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gpu_tasks.profile", description=__doc__)
    parser.add_argument(
        "model", choices=(*CATALOGUE, *MEASURED, HOST), metavar="MODEL", help="the entry's name, or `host`"
    )
    parser.add_argument("--folder", type=Path, help="folder with the model's files; default: the entry's source")
    parser.add_argument("--models-bucket", default="", help="bucket of the models that are not built in")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="default: the GPU, if there is one",
    )
    parser.add_argument(
        "--waves", type=int, nargs="+", default=WAVE_SIZES, help="numbers of images in a call; default: 1 2 4 8"
    )
    parser.add_argument(
        "--choose-wave", action="store_true", help="choose the wave and the acceleration again, which can change pixels"
    )
    parser.add_argument("--sizes", nargs="+", help="sizes to measure, the default one first; default: the entry's")
    parser.add_argument("--output", type=Path, help="device table to write; default: the catalogue's")
    parser.add_argument("--check", action="store_true", help="only print the record")
    return parser.parse_args(words)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the record. Raises ModelUnavailable."""
    if arguments.model == HOST:
        from gpu_tasks.profile.host import measure_host  # imports all tools, which the other records do not need

        return measure_host(arguments.device)
    settings = RendererSettings(
        models_bucket=arguments.models_bucket,
        tools="{}",
        networks=BUILT_IN_NETWORKS.to_text(),
        device=arguments.device,
        cpu_model_memory_mib=0,
        signing_secret="",
    )
    if network := NETWORKS.get(arguments.model):
        return measure_network(network, arguments.folder or locate(network.source, settings), arguments.device)
    entry = find_model(arguments.model)
    if arguments.sizes:
        entry = replace(entry, sizes=tuple(arguments.sizes), default_size=arguments.sizes[0])
    folder = arguments.folder or locate(entry.source, settings)
    record = find_record(name_device(arguments.device), entry.name)
    kept = None if arguments.choose_wave or record is None or record.estimated else record.wave_size
    return measure_model(entry, folder, arguments.device, sorted({1, *arguments.waves}), kept)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
