"""The weights of a pipeline's component: one of its variants, in one file or in shards with an index."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gpu_tasks.inference.model_folder import ModelFiles, NoModel, read_json

if TYPE_CHECKING:
    from huggingface_hub.utils._safetensors import TensorInfo

# `model.fp16-00001-of-00002.safetensors`, and the older `model-00001-of-00002.fp16.safetensors`.
_WEIGHTS = re.compile(
    r"(?P<stem>diffusion_pytorch_model|model)(?:\.(?P<variant>\w+))?(?P<shard>-\d{5}-of-\d{5})?(?:\.(?P<old>\w+))?"
    r"\.safetensors"
)
# `model.safetensors.index.fp16.json`, and the older `model.safetensors.fp16.index.json`.
_INDEX = re.compile(
    r"(?P<stem>diffusion_pytorch_model|model)\.safetensors(?:\.(?P<old>\w+))?\.index(?:\.(?P<variant>\w+))?\.json"
)
ANY_INDEX = re.compile(r".+\.index(\.\w+)?\.json")
PICKLES = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
# Variants that are chosen without being asked for. Others are for training, or need libraries that workers do not have.
HALF = ("fp16", "bf16")
_SAME_SIZE = 1.05  # headers differ
# Quantized weights have other types.
LOADED_TYPES = frozenset({"F64", "F32", "F16", "BF16", "I64", "I32", "BOOL"})


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The weights of one component. `copied` maps names in the bucket to paths in the source, `written` to contents.

    `variant` is the one that was chosen, None for plain weights, and `offered` are those that the source has.
    `parameters` are the numbers of parameters by safetensors' names of types.
    """

    variant: str | None
    offered: frozenset[str]
    copied: Mapping[str, str]
    written: Mapping[str, bytes]
    parameters: Mapping[str, int]


@dataclass
class _Copy:
    """One variant of a component's weights. Shards have their plain names as keys."""

    whole: str | None = None
    shards: dict[str, str] = field(default_factory=dict)
    index: str | None = None
    size: int = 0


def plan_weights(component: str, stem: str, files: ModelFiles, *, variant: str | None, native: str) -> Weights:
    """Choose and check one copy of a component's weights. Raises NoModel.

    `component` is a folder, or empty for a model without components. `stem` is the name that the component's library
    looks for: `model` or `diffusion_pytorch_model`. `variant` is the one that the user asked for; components without it
    have their plain weights, as in Diffusers. Otherwise the smallest of the plain, fp16 and bf16 copies is chosen. Of
    copies that have about the same size, it is the one of the `native` type, then the plain one. Names in the bucket
    have no variant.
    """
    copies = _find_copies(component, stem, files)
    if not copies:
        raise NoModel(_say_missing(component, files))
    chosen = _choose(component, copies, variant=variant, native=native)
    copy = copies[chosen]
    offered = frozenset(each for each in copies if each)
    folder = _prefix(component)
    if copy.whole:
        tensors = files.read_tensors(copy.whole)
        return Weights(
            variant=chosen,
            offered=offered,
            copied={f"{folder}{stem}.safetensors": copy.whole},
            written={},
            parameters=count_parameters(copy.whole, tensors),
        )
    shards = _read_index(component, stem, copy, files)
    parameters: dict[str, int] = defaultdict(int)
    for shard, names in shards.items():
        tensors = files.read_tensors(copy.shards[shard])
        if absent := sorted(names - set(tensors)):
            raise NoModel(f"{copy.index} says that {copy.shards[shard]} has {absent[0]}, which it does not have")
        for kind, number in count_parameters(copy.shards[shard], tensors).items():
            parameters[kind] += number
    return Weights(
        variant=chosen,
        offered=offered,
        copied={folder + shard: copy.shards[shard] for shard in shards},
        written={f"{folder}{stem}.safetensors.index.json": _plain_index(copy, files)},
        parameters=parameters,
    )


def _prefix(component: str) -> str:
    return f"{component}/" if component else ""


def _find_copies(component: str, stem: str, files: ModelFiles) -> dict[str | None, _Copy]:
    """The copies of a component's weights by variant, None for the plain copy."""
    copies: dict[str | None, _Copy] = defaultdict(_Copy)
    for path, size in files.sizes.items():
        folder, _, name = path.rpartition("/")
        if folder != component:
            continue
        if (match := _WEIGHTS.fullmatch(name)) and match["stem"] == stem:
            copy = copies[match["variant"] or match["old"]]
            if match["shard"]:
                copy.shards[f"{stem}{match['shard']}.safetensors"] = path
            else:
                copy.whole, copy.size = path, size
        elif (match := _INDEX.fullmatch(name)) and match["stem"] == stem:
            copies[match["variant"] or match["old"]].index = path
    for copy in copies.values():
        copy.size = copy.size or sum(files.sizes[path] for path in copy.shards.values())
    return dict(copies)


def _choose(component: str, copies: Mapping[str | None, _Copy], *, variant: str | None, native: str) -> str | None:
    if variant and variant in copies:
        return variant
    offered = [each for each in copies if each is None or (variant is None and each in HALF)]
    if not offered:
        others = ", ".join(sorted(str(each) for each in copies))
        raise NoModel(
            f"{component or 'the model'} has weights only in the variants {others}; choose one with --variant"
        )
    least = min(copies[each].size for each in offered)
    small = [each for each in offered if copies[each].size <= least * _SAME_SIZE]
    return min(small, key=lambda each: (each != native, each is not None))


def _say_missing(component: str, files: ModelFiles) -> str:
    own = [path for path in files.sizes if path.rpartition("/")[0] == component]
    if pickles := [path for path in own if path.endswith(PICKLES)]:
        return (
            f"{pickles[0]} is a pickle, which can run code when it is loaded, and there is no safetensors file in its "
            "place; convert it in a sandbox"
        )
    return f"not a model: the weights of {component or 'the model'} are missing"


def _read_index(component: str, stem: str, copy: _Copy, files: ModelFiles) -> dict[str, set[str]]:
    """The tensors of each shard, by the shard's plain name."""
    if copy.index is None:
        first = min(copy.shards.values())
        raise NoModel(
            f"{first} is a shard without an index: {_prefix(component)}{stem}.safetensors.index.json is missing"
        )
    shards: dict[str, set[str]] = defaultdict(set)
    for tensor, name in _weight_map(copy.index, files).items():
        match = _WEIGHTS.fullmatch(name)
        shard = f"{stem}{match['shard']}.safetensors" if match else ""
        if shard not in copy.shards:
            raise NoModel(f"{copy.index} names {name!r}, which is missing in {component or '.'}/")
        shards[shard].add(tensor)
    return dict(sorted(shards.items()))


def _weight_map(index: str, files: ModelFiles) -> dict[str, str]:
    weights = read_json(files, index).get("weight_map")
    if not isinstance(weights, dict) or not weights or not all(isinstance(name, str) for name in weights.values()):
        raise NoModel(f"{index} has no weight_map of tensors to files")
    return weights


def _plain_index(copy: _Copy, files: ModelFiles) -> bytes:
    """The index with the shards' plain names."""
    index = read_json(files, str(copy.index))
    plain = {path.rpartition("/")[2]: shard for shard, path in copy.shards.items()}
    # Some indexes name shards without the variant that their file names have.
    weights = {tensor: plain.get(name, name) for tensor, name in index["weight_map"].items()}
    return (json.dumps(index | {"weight_map": weights}, indent=2, sort_keys=True) + "\n").encode()


def count_parameters(name: str, tensors: Mapping[str, TensorInfo]) -> dict[str, int]:
    """Return the number of parameters of each type in a file. Raises NoModel if workers do not load a type."""
    counts: dict[str, int] = defaultdict(int)
    for tensor in tensors.values():
        counts[tensor.dtype] += tensor.parameter_count
    if other := sorted(set(counts) - LOADED_TYPES):
        raise NoModel(f"{name} has weights of the type {other[0]}; workers load {', '.join(sorted(LOADED_TYPES))}")
    return dict(counts)
