"""Encoders with a transformer for texts and one for pictures: CLIP (arXiv:2103.00020) and SigLIP (arXiv:2303.15343).

A model folder is in the layout of a hub: config.json, model.safetensors (or shards with their index), a tokenizer,
preprocessor_config.json, and a manifest of their hashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from craftspark.errors import ModelUnavailable
from gpu_tasks.chunks import split_chunks
from gpu_tasks.inference.manifests import check

CONFIG, PICTURES, STEM = "config.json", "preprocessor_config.json", "model"
# A tokenizer in one file, or in two. Workers do not have the library that reads the other kinds.
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class Family:
    """The classes of Transformers. The texts of some families are in lower case, as in their training."""

    model: str
    pictures: str
    lower_case: bool


FAMILIES: Mapping[str, Family] = {
    "clip": Family(model="CLIPModel", pictures="CLIPImageProcessorPil", lower_case=False),
    "siglip": Family(model="SiglipModel", pictures="SiglipImageProcessorPil", lower_case=True),
}


def read_family(config: Mapping[str, Any]) -> str:
    """Return the family of the contents of config.json. Raises ValueError for a model that is no such encoder."""
    family = config.get("model_type")
    if family not in FAMILIES:
        raise ValueError(f"the model_type in {CONFIG} is {family!r}; encoders are {', '.join(FAMILIES)}")
    return str(family)


def has_tokenizer(names: Iterable[str]) -> bool:
    """Return whether the files of a model include a tokenizer that workers can read."""
    there = set(names)
    return any(there.issuperset(kind) for kind in TOKENIZERS)


class TwoTowers:
    """Embeds words and pictures. A vector does not depend on the others in the call."""

    def __init__(self, model: Any, tokenizer: Any, pictures: Any, family: Family) -> None:
        """`pictures` scales and normalizes pictures as in the model's training."""
        self._model = model
        self._tokenizer = tokenizer
        self._pictures = pictures
        self._family = family

    @classmethod
    def open(cls, folder: Path, family: str, *, device: str = "cpu") -> TwoTowers:
        """Load the encoder of a model folder, with 16 bits on a GPU.

        Raises ModelUnavailable if the folder is damaged or has a model of another family.
        """
        import transformers  # slow to import
        from transformers.utils import logging

        logging.disable_progress_bar()
        check(folder)
        try:
            found = read_family(json.loads((folder / CONFIG).read_text()))
            if found != family:
                raise ValueError(f"it is of the family {found}, and its catalogue entry expects {family}")
            kind = FAMILIES[family]
            dtype = torch.float16 if device == "cuda" else torch.float32
            local: dict[str, Any] = {"local_files_only": True}
            model, loaded = getattr(transformers, kind.model).from_pretrained(
                folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **local
            )
            # Transformers gives missing weights random values, and a missing vocabulary an empty one.
            if missing := sorted(loaded["missing_keys"]):
                raise ValueError(f"its weights lack {missing[0]}")
            if not has_tokenizer(path.name for path in folder.iterdir()):
                raise ValueError(f"{TOKENIZERS[0][0]} is missing")
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
            pictures = getattr(transformers, kind.pictures).from_pretrained(folder, **local)
        except Exception as error:  # the errors of Transformers have no class in common
            raise ModelUnavailable(f"{folder} is not an encoder: {error}") from None
        return cls(model.eval().to(device), tokenizer, pictures, kind)

    @property
    def dimension(self) -> int:
        config = self._model.config
        return int(getattr(config, "projection_dim", None) or config.text_config.hidden_size)

    @torch.no_grad()
    def embed_texts(self, texts: Sequence[str]) -> Tensor:
        """Return unit vectors (N, dimension). A text that is too long is cut."""
        length = self._model.config.text_config.max_position_embeddings
        parts = [torch.empty(0, self.dimension)]
        for some in split_chunks(texts, AT_ONCE):
            words = [text.lower() if self._family.lower_case else text for text in some]
            # SigLIP was trained with padded texts, and CLIP's encoder does not read beyond the end of a text.
            tokens = self._tokenizer(
                words, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
            ).input_ids
            parts.append(_to_unit(self._model.get_text_features(input_ids=tokens.to(self._model.device))))
        return torch.cat(parts)

    @torch.no_grad()
    def embed_pictures(self, pixels: NDArray[np.uint8]) -> Tensor:
        """Return unit vectors (N, dimension) of RGB pictures (N, height, width, 3)."""
        parts = [torch.empty(0, self.dimension)]
        for first in range(0, len(pixels), AT_ONCE):
            some = list(pixels[first : first + AT_ONCE])
            values = self._pictures(images=some, return_tensors="pt").pixel_values
            there = values.to(self._model.device, self._model.dtype)
            parts.append(_to_unit(self._model.get_image_features(pixel_values=there)))
        return torch.cat(parts)


def _to_unit(output: Any) -> Tensor:
    return normalize(output.pooler_output.float(), dim=-1).cpu()
