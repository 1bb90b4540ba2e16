"""Adapters: small changes to a model's UNet that give its pictures a style, swapped without loading the model anew.

An adapter is a folder with a manifest, as a model is: `pytorch_lora_weights.safetensors` in diffusers' own format and
`adapter.json`, which names the UNet it was trained for. On another it would draw noise, so another is refused.
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
from gpu_tasks.inference import model_store

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

FACTS = "adapter.json"
WEIGHTS = "pytorch_lora_weights.safetensors"
LOADED_MOST = 8


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """What `adapter.json` says. `unet_sha256` is that of the base's UNet; `word`, where there is one, is what every
    caption began with, so prompts begin with it too."""

    name: str
    base: str
    unet_sha256: str
    rank: int
    word: str | None
    recipe: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The facts of an adapter's folder, its files checked; raises ModelUnavailable."""
        model_store.check(folder)
        try:
            return cls(**json.loads((folder / FACTS).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise ModelUnavailable(f"{folder} is not an adapter: {error}") from None

    def prompt(self, words: str) -> str:
        """The words as the adapter wants them."""
        return f"{self.word}, {words}" if self.word else words


class Adapters:
    """The adapters of one pipeline: loaded on first use, the longest unused let go.

    `locate` brings an adapter's folder by its source, which always means the same files. What is loaded is asked of
    the network itself, so several of these may serve one pipeline.
    """

    def __init__(
        self,
        pipeline: StableDiffusionPipeline,
        unet_sha256: str,
        locate: Callable[[str], Path],
        *,
        most: int = LOADED_MOST,
    ) -> None:
        self._unet: Any = pipeline.unet
        self._unet_sha256 = unet_sha256
        self._locate = locate
        self._most = most
        self._loaded: OrderedDict[str, Adapter] = OrderedDict()

    def use(self, source: str | None) -> Adapter | None:
        """Make the pipeline draw with this adapter, or with none, from now on; raises ModelUnavailable."""
        if source is None:
            if self._present:  # a network that has no adapter stays as it is
                self._unet.disable_lora()
            return None
        if source not in self._loaded or key_of(source) not in self._present:
            self._load(source)
        self._loaded.move_to_end(source)
        self._unet.enable_lora()
        self._unet.set_adapters(key_of(source))
        return self._loaded[source]

    @property
    def _present(self) -> Collection[str]:
        """The names of the adapters that the network has."""
        return getattr(self._unet, "peft_config", {})

    def _load(self, source: str) -> None:
        folder = self._locate(source)
        adapter = Adapter.open(folder)
        if adapter.unet_sha256 != self._unet_sha256:
            raise ModelUnavailable(
                f"the adapter {adapter.name} was trained for a different {adapter.base}: its UNet is "
                f"{adapter.unet_sha256[:12]}, this one {self._unet_sha256[:12]}"
            )
        if key_of(source) not in self._present:
            while len(self._loaded) >= self._most:
                oldest, _ = self._loaded.popitem(last=False)
                self._unet.delete_adapters(key_of(oldest))
            self._bring(folder, adapter, key_of(source))
        self._loaded[source] = adapter

    def _bring(self, folder: Path, adapter: Adapter, name: str) -> None:
        """Load the weights under this name; the network stays as it is where they do not fit."""
        try:
            with warnings.catch_warnings():
                # It is what is wanted here: several adapters beside one another, one of them at work.
                warnings.filterwarnings("ignore", message="Already found a `peft_config`")
                self._unet.load_lora_adapter(
                    folder, weight_name=WEIGHTS, prefix="unet", adapter_name=name, local_files_only=True
                )
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelUnavailable(f"the adapter {adapter.name} does not fit the UNet: {error}") from None


def key_of(source: str) -> str:
    """An adapter's name inside the network, where a dot would divide modules."""
    return f"style_{hashlib.sha256(source.encode()).hexdigest()[:16]}"


def unet_sha256(folder: Path) -> str:
    """The hash of a model folder's UNet weights, by its manifest: the file's own, or one over those of several."""
    manifest = model_store.read_manifest(folder)
    weights = {name: digest for name, digest in manifest.items() if name.startswith("unet/") and "json" not in name}
    if not weights:
        raise ModelUnavailable(f"{folder} has no UNet")
    if len(weights) == 1:
        return next(iter(weights.values()))
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()
