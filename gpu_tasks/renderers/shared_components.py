"""Components that several loaded pipelines share, such as the text encoder of two models with the same one."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from torch import nn

from gpu_tasks.inference.manifests import read_manifest
from gpu_tasks.inference.model_store import read_index

BYTES_PER_NUMBER = 2  # float16 or bfloat16, the types of the catalogue


class SharedComponents:
    """The networks of the loaded pipelines. They stay here only as long as a pipeline has them.

    Two components are equal if their class, all of their files and their form are equal. The form is the type of their
    numbers and what makes them faster: both change how numbers are rounded. Pipelines change a network otherwise only
    during a call, so they can share it.
    """

    def __init__(self) -> None:
        self._networks: WeakValueDictionary[str, nn.Module] = WeakValueDictionary()

    def find(self, folder: Path, form: str) -> dict[str, nn.Module]:
        """Return those components of a model's folder that are loaded already, by their names in the pipeline."""
        keys = identify_components(folder, form)
        return {name: network for name, key in keys.items() if (network := self._networks.get(key)) is not None}

    def add(self, folder: Path, form: str, pipeline: Any) -> None:
        """Add the networks of a pipeline that was loaded from this folder."""
        for name, key in identify_components(folder, form).items():
            if isinstance(network := getattr(pipeline, name, None), nn.Module):
                self._networks[key] = network

    def shared_gib(self, models: Collection[tuple[Path, str]]) -> float:
        """Return how much less memory these models need than the sum of each. A model is its folder and its form."""
        times = Counter(key for folder, form in models for key in identify_components(folder, form).values())
        return sum((count - 1) * self._size_gib(key) for key, count in times.items() if count > 1)

    def _size_gib(self, key: str) -> float:
        network = self._networks.get(key)
        return count_numbers(network) * BYTES_PER_NUMBER / 2**30 if network is not None else 0.0


def identify_components(folder: Path, form: str) -> dict[str, str]:
    """Return a hash for each component of a model's folder that has files: of its class, its files and its form.
    Raises ModelUnavailable.
    """
    manifest = read_manifest(folder)
    keys = {}
    for name, kind in read_index(folder).items():
        files = {path.removeprefix(name): digest for path, digest in manifest.items() if path.startswith(f"{name}/")}
        if files:
            facts = json.dumps([kind, form, files], sort_keys=True)
            keys[name] = hashlib.sha256(facts.encode()).hexdigest()
    return keys


def count_numbers(network: nn.Module) -> int:
    """Return the number of a network's parameters and buffers."""
    return sum(tensor.numel() for tensor in chain(network.parameters(), network.buffers()))
