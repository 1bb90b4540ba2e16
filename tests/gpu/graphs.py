"""Small ONNX graphs with random weights, called as U²-Net and BiRefNet are, in model folders."""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from gpu_tasks.inference.manifests import write_manifest

SIDE = 32


def a_graph(*, channels: int = 3, outputs: int = 1, fill: float | None = None, half: bool = False) -> bytes:
    """One convolution. `fill` is the value of all its weights."""
    kind, dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    weights = np.random.default_rng(0).normal(0, 1, (outputs, channels, 3, 3))
    weights = (weights if fill is None else np.full_like(weights, fill)).astype(dtype)
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input_image", "weights"], ["output_image"], pads=[1, 1, 1, 1])],
        "matting",
        [helper.make_tensor_value_info("input_image", kind, [1, channels, SIDE, SIDE])],
        [helper.make_tensor_value_info("output_image", kind, [1, outputs, SIDE, SIDE])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )


def a_matting_folder(folder: Path, graph: bytes, **config: object) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"side": SIDE, "output": "logits", **config}))
    (folder / "model.onnx").write_bytes(graph)
    write_manifest(folder)
    return folder
