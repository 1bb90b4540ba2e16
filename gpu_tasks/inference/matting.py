"""Networks that find the object of a picture, as ONNX graphs.

A model folder has config.json (a MattingConfig), `model.onnx`, and a manifest of their hashes. The graph takes a
picture (1, 3, side, side), normalized by the mean and deviation of ImageNet, and its first output is a map
(1, 1, side, side). U²-Net and BiRefNet are exported like that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from craftspark.errors import ModelUnavailable
from gpu_tasks.images.pixels import Pixels
from gpu_tasks.inference.manifests import check, identify

CONFIG, GRAPH = "config.json", "model.onnx"
IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
# Fixed numbers, so that the same picture has the same mask on every machine of a kind.
THREADS = {"cpu": 1, "cuda": 4}

Mask = NDArray[np.float32]  # (height, width), the probability that a pixel belongs to the object, 0 to 1


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class MattingConfig:
    """How to call a graph. `side` is the width and height of its input.

    `output` is what the first output has: `probability` (U²-Net) or `logits` (BiRefNet).
    """

    side: Annotated[int, Field(ge=16, le=4096, multiple_of=16)]
    output: Literal["probability", "logits"]


class MattingNetwork:
    """Finds the object of a picture."""

    def __init__(
        self, session: onnxruntime.InferenceSession, config: MattingConfig, *, identity: Mapping[str, str]
    ) -> None:
        """`identity` is the name of the catalogue entry with the hash that identifies the network."""
        self.identity = identity
        self._session = session
        self._config = config

    @classmethod
    def open(cls, folder: Path, *, device: str = "cpu", name: str = "") -> MattingNetwork:
        """Load the network of a model folder and look at a first picture.

        `name` is that of its catalogue entry. On a GPU, the graph runs there if this build of ONNX Runtime can.

        Raises ModelUnavailable if the folder is damaged or has another model, or if the first mask is not a mask.
        """
        check(folder)
        return cls._open(folder, device, identify(folder, name))

    @classmethod
    def try_out(cls, folder: Path) -> None:
        """Look at a first picture with a folder that may have no manifest. Raises ModelUnavailable as `open` does."""
        cls._open(folder, "cpu", {})

    @classmethod
    def _open(cls, folder: Path, device: str, identity: Mapping[str, str]) -> MattingNetwork:
        try:
            config = read_config(json.loads((folder / CONFIG).read_text()))
            network = cls(_start(folder / GRAPH, device), config, identity=identity)
            first = network._run(_first_picture(config.side))
        except Exception as error:  # ONNX Runtime's errors have no class in common
            raise ModelUnavailable(f"{folder} is not a matting network: {error}") from None
        expected = (1, 1, config.side, config.side)
        if first.shape != expected:
            raise ModelUnavailable(
                f"the matting network in {folder} made a mask of {first.shape} and not of {expected}"
            )
        if not np.isfinite(first).all():
            raise ModelUnavailable(f"the matting network in {folder} made invalid numbers of its first picture")
        return network

    def find_object(self, picture: Pixels) -> Mask:
        """Return the mask of a picture (height, width, 3), with `side` x `side` pixels."""
        values = self._run(picture)[0, 0].astype(np.float32)
        if self._config.output == "logits":
            values = 1 / (1 + np.exp(-values.clip(-80, 80)))
        mask: Mask = values.clip(0, 1)
        return mask

    def _run(self, picture: Pixels) -> NDArray[np.floating]:
        side = self._config.side
        [given, *_] = self._session.get_inputs()
        small = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS), np.float32) / 255
        values = ((small - IMAGENET_MEAN) / IMAGENET_DEVIATION).transpose(2, 0, 1)[None].astype(FLOATS[given.type])
        first: NDArray[np.floating] = self._session.run([self._session.get_outputs()[0].name], {given.name: values})[0]
        return first


def read_config(facts: object) -> MattingConfig:
    """Read the contents of config.json. Raises ValueError, which names the fields that are not valid."""
    try:
        return TypeAdapter(MattingConfig).validate_python(facts)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, part["loc"])) or part["msg"] for part in error.errors())
        raise ValueError(f"{CONFIG} is not valid in {wrong}") from None


def _start(graph: Path, device: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS[device]
    options.inter_op_num_threads = 1
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider") if device == "cuda" else ("CPUExecutionProvider",)
    providers = [each for each in wanted if each in onnxruntime.get_available_providers()]
    return onnxruntime.InferenceSession(graph.read_bytes(), options, providers=providers)


def _first_picture(side: int) -> Pixels:
    """Return a red square on white."""
    picture = np.full((side, side, 3), 255, np.uint8)
    picture[side // 4 : -side // 4, side // 4 : -side // 4] = (221, 46, 68)
    return picture
