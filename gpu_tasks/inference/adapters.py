"""Adapters: small changes to a model's denoising network, a UNet or a transformer, that give pictures a style. They
are swapped without reloading the model.

An adapter is a folder with a manifest: `pytorch_lora_weights.safetensors` in Diffusers' format, and `adapter.json`,
which has the hash of the network that it was trained for. With another network it would draw noise, so a mismatch is
rejected.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from craftspark.errors import ModelUnavailable
from gpu_tasks.inference import manifests

FACTS = "adapter.json"
WEIGHTS = "pytorch_lora_weights.safetensors"
MAX_LOADED = 8


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Adapter:
    """The contents of `adapter.json`. `denoiser_sha256` is the hash of the base model's denoising network.
    `word`, if there is one, started every caption in training, so prompts start with it too.
    """

    name: str
    base: str
    denoiser_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rank: Annotated[int, Field(ge=1)]
    word: str | None
    recipe: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Adapter:
        """Read an adapter's folder and check its files. Raises ModelUnavailable."""
        manifests.check(folder)
        try:
            return parse_facts(json.loads((folder / FACTS).read_text()))
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{folder} is not an adapter: {error}") from None

    def prompt(self, words: str) -> str:
        """Return the prompt in the form that the adapter was trained with."""
        return f"{self.word}, {words}" if self.word else words


def parse_facts(facts: object) -> Adapter:
    """Read the contents of `adapter.json`. Raises ValueError, which names the fields that are not valid."""
    try:
        return TypeAdapter(Adapter).validate_python(facts)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, part["loc"])) or part["msg"] for part in error.errors())
        raise ValueError(f"{FACTS} is not valid in {wrong}") from None


class AdapterCache:
    """The adapters of one network, loaded at their first use. The least recently used one is dropped.

    `locate` returns the folder of an adapter's location, which always has the same files. The network itself knows
    which adapters are loaded, so one network can have several caches. `component` is its name in the pipeline.
    """

    def __init__(
        self,
        network: Any,
        denoiser_sha256: str,
        locate: Callable[[str], Path],
        *,
        component: str = "unet",
        max_loaded: int = MAX_LOADED,
    ) -> None:
        self._network = network
        self._component = component
        self._denoiser_sha256 = denoiser_sha256
        self._locate = locate
        self._max = max_loaded
        self._loaded: OrderedDict[str, Adapter] = OrderedDict()

    def use(self, location: str | None) -> Adapter | None:
        """Draw with this adapter, or with none, from now on. Raises ModelUnavailable."""
        if location is None:
            if self._network_adapters:  # a network without adapters stays unchanged
                self._network.disable_lora()
            return None
        if location not in self._loaded or name_adapter(location) not in self._network_adapters:
            self._load(location)
        self._loaded.move_to_end(location)
        self._network.enable_lora()
        self._network.set_adapters(name_adapter(location))
        return self._loaded[location]

    @property
    def _network_adapters(self) -> Collection[str]:
        """The names of the adapters in the network."""
        return getattr(self._network, "peft_config", {})

    def _load(self, location: str) -> None:
        folder = self._locate(location)
        adapter = Adapter.open(folder)
        if adapter.denoiser_sha256 != self._denoiser_sha256:
            raise ModelUnavailable(
                f"the adapter {adapter.name} was trained for a different {adapter.base}: its {self._component} is "
                f"{adapter.denoiser_sha256[:12]}, this one {self._denoiser_sha256[:12]}"
            )
        if name_adapter(location) not in self._network_adapters:
            while len(self._loaded) >= self._max:
                oldest, _ = self._loaded.popitem(last=False)
                self._network.delete_adapters(name_adapter(oldest))
            self._load_weights(folder, adapter, name_adapter(location))
        self._loaded[location] = adapter

    def _load_weights(self, folder: Path, adapter: Adapter, name: str) -> None:
        """Load the weights under this name. The network stays unchanged if they do not fit."""
        try:
            with warnings.catch_warnings():
                # This is intended: several adapters are loaded, and one of them is active.
                warnings.filterwarnings("ignore", message="Already found a `peft_config`")
                self._network.load_lora_adapter(
                    folder, weight_name=WEIGHTS, prefix=self._component, adapter_name=name, local_files_only=True
                )
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelUnavailable(f"the adapter {adapter.name} does not fit the {self._component}: {error}") from None


def name_adapter(location: str) -> str:
    """Return an adapter's name in the network. It has no dots, which would separate modules."""
    return f"style_{hashlib.sha256(location.encode()).hexdigest()[:16]}"


def hash_denoiser(folder: Path, component: str = "unet") -> str:
    """Return the hash of the weights of a model folder's component from its manifest: the file's hash, or one hash over
    several files.
    """
    if digest := hash_listed_denoiser(manifests.read_manifest(folder), component):
        return digest
    raise ModelUnavailable(f"{folder} has no {component}")


def hash_listed_denoiser(manifest: Mapping[str, str], component: str) -> str | None:
    """Return the hash of `hash_denoiser` for a manifest, None if it lists no weights of this component."""
    weights = {
        name: digest for name, digest in manifest.items() if name.startswith(f"{component}/") and "json" not in name
    }
    if not weights:
        return None
    if len(weights) == 1:
        return next(iter(weights.values()))
    return hashlib.sha256(json.dumps(weights, sort_keys=True).encode()).hexdigest()
