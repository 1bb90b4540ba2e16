"""The versions of the encoder, and their files. Packages of functions that use one contain them, at the same place."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Not resolved: in the local cloud, the files of a package are links.
MODELS = Path(__file__).parents[2] / "gpu_tasks" / "models"


@dataclass(frozen=True)
class EncoderFiles:
    """A version of the encoder. `pictures` is the folder of its picture network, `texts` of the model whose text
    encoder belongs to it. `models` has both folders. A picture shows a text if the distance between their vectors, 1 -
    the cosine, is at most `fits_within`; docs/gallery.md says how it was found.
    """

    pictures: str
    texts: str
    fits_within: float
    models: Path = MODELS

    @property
    def picture_config(self) -> Path:
        return self.models / self.pictures / "config.json"

    @property
    def picture_weights(self) -> Path:
        return self.models / self.pictures / "model.safetensors"

    @property
    def text_config(self) -> Path:
        return self.models / self.texts / "text_encoder" / "config.json"

    @property
    def text_weights(self) -> Path:
        return self.models / self.texts / "text_encoder" / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        return self.models / self.texts / "tokenizer" / "tokenizer.json"

    @property
    def all(self) -> tuple[Path, ...]:
        """All files."""
        return self.picture_config, self.picture_weights, self.text_config, self.text_weights, self.tokenizer

    @cached_property
    def name(self) -> str:
        """The name of this version, and of the index of its vectors. Vectors of two versions cannot be compared."""
        digest = hashlib.sha256()
        for file in self.all:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return f"likeness-{digest.hexdigest()[:16]}"

    @cached_property
    def dimension(self) -> int:
        """The number of values of a vector."""
        return int(json.loads(self.picture_config.read_text())["text_width"])


# Searches use the first one, and pictures are indexed for each. docs/gallery.md says how to add one.
ENCODERS = (EncoderFiles("craftspark-likeness", "craftspark-clipart-128", fits_within=0.45),)
