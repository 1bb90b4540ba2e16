"""Adapters: small changes to a model's UNet that give pictures a style. They are swapped without reloading the model.

An adapter is a folder with a manifest: `pytorch_lora_weights.safetensors` in Diffusers' format, and `adapter.json`,
which names the UNet that it was trained for. With another UNet it would draw noise, so a mismatch is rejected.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference import manifests

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

FACTS = "adapter.json"
WEIGHTS = "pytorch_lora_weights.safetensors"
MAX_LOADED = 8


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """The contents of `adapter.json`. `unet_sha256` is the hash of the base model's UNet. `word`, if there is one,
    started every caption in training, so prompts start with it too.
    """

    name: str
    base: str
    unet_sha256: str
    rank: int
    word: str | None
    recipe: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read an adapter's folder and check its files. Raises ModelUnavailable."""
        manifests.check(folder)
        try:
            return cls(**json.loads((folder / FACTS).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise ModelUnavailable(f"{folder} is not an adapter: {error}") from None

    def prompt(self, words: str) -> str:
        """Return the prompt in the form that the adapter was trained with."""
        return f"{self.word}, {words}" if self.word else words


class AdapterCache:
    """The adapters of one pipeline, loaded at their first use. The least recently used one is dropped.

    `locate` returns the folder of an adapter's location, which always has the same files. The network itself knows
    which adapters are loaded, so one pipeline can have several caches.
    """

    def __init__(
        self,
        pipeline: StableDiffusionPipeline,
        unet_sha256: str,
        locate: Callable[[str], Path],
        *,
        max_loaded: int = MAX_LOADED,
    ) -> None:
        self._unet: Any = pipeline.unet
        self._unet_sha256 = unet_sha256
        self._locate = locate
        self._max = max_loaded
        self._loaded: OrderedDict[str, Adapter] = OrderedDict()

    def use(self, location: str | None) -> Adapter | None:
        """Draw with this adapter, or with none, from now on. Raises ModelUnavailable."""
        if location is None:
            if self._network_adapters:  # a network without adapters stays unchanged
                self._unet.disable_lora()
            return None
        if location not in self._loaded or name_adapter(location) not in self._network_adapters:
            self._load(location)
        self._loaded.move_to_end(location)
        self._unet.enable_lora()
        self._unet.set_adapters(name_adapter(location))
        return self._loaded[location]

    @property
    def _network_adapters(self) -> Collection[str]:
        """The names of the adapters in the network."""
        return getattr(self._unet, "peft_config", {})

    def _load(self, location: str) -> None:
        folder = self._locate(location)
        adapter = Adapter.open(folder)
        if adapter.unet_sha256 != self._unet_sha256:
            raise ModelUnavailable(
                f"the adapter {adapter.name} was trained for a different {adapter.base}: its UNet is "
                f"{adapter.unet_sha256[:12]}, this one {self._unet_sha256[:12]}"
            )
        if name_adapter(location) not in self._network_adapters:
            while len(self._loaded) >= self._max:
                oldest, _ = self._loaded.popitem(last=False)
                self._unet.delete_adapters(name_adapter(oldest))
            self._load_weights(folder, adapter, name_adapter(location))
        self._loaded[location] = adapter

    def _load_weights(self, folder: Path, adapter: Adapter, name: str) -> None:
        """Load the weights under this name. The network stays unchanged if they do not fit."""
        try:
            with warnings.catch_warnings():
                # This is intended: several adapters are loaded, and one of them is active.
                warnings.filterwarnings("ignore", message="Already found a `peft_config`")
                self._unet.load_lora_adapter(
                    folder, weight_name=WEIGHTS, prefix="unet", adapter_name=name, local_files_only=True
                )
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelUnavailable(f"the adapter {adapter.name} does not fit the UNet: {error}") from None


def name_adapter(location: str) -> str:
    """Return an adapter's name in the network. It has no dots, which would separate modules."""
    return f"style_{hashlib.sha256(location.encode()).hexdigest()[:16]}"


def hash_unet(folder: Path) -> str:
    """Return the hash of a model folder's UNet weights from its manifest: the file's hash, or one hash over several
    files.
    """
    manifest = manifests.read_manifest(folder)
    weights = {name: digest for name, digest in manifest.items() if name.startswith("unet/") and "json" not in name}
    if not weights:
        raise ModelUnavailable(f"{folder} has no UNet")
    if len(weights) == 1:
        return next(iter(weights.values()))
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()
