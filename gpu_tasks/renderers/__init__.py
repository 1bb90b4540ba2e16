"""The registry of renderers, and what they are built from. Each tool has a renderer of the same name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from craftspark.errors import ModelUnavailable
from craftspark.models.networks import Assists, Network, ToolNetworks, find_network
from craftspark.settings.tasks import RendererSettings
from craftspark.tools import find_tool
from gpu_tasks.images.drawing import Drawing, OnStep
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import FinishedImage
from gpu_tasks.images.sources import SourcePictures
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_store import locate
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.tools.clipart import ClipartRenderer
from gpu_tasks.tools.cutout import CutoutRenderer
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.lineart.lineart import LineartRenderer
from gpu_tasks.tools.outpaint.outpaint import OutpaintRenderer
from gpu_tasks.tools.pattern.pattern import PatternRenderer
from gpu_tasks.tools.picture import PictureRenderer
from gpu_tasks.tools.sticker_sheet.sticker_sheet import StickerSheetRenderer
from gpu_tasks.tools.upscale import UpscaleRenderer
from gpu_tasks.tools.variations.variations import VariationsRenderer

T = TypeVar("T", Upscaler, MattingNetwork)


class ToolRenderer(Protocol):
    """Renders the images of one tool."""

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image. Images of the same kind can share a wave."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return a drawing for each order, with its flaw if it has one. Runs on the GPU."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the finished image with its files. Runs on the CPU, in parallel with the next wave, and possibly after
        the model was unloaded. Raises ImageUndeliverable.
        """


@dataclass(frozen=True, kw_only=True)
class Networks:
    """The networks other than the diffusion models, which all models of a worker share.

    They are small: each is loaded at its first use and stays loaded. `identities` has the hashes that identify
    those that are loaded, by name.
    """

    settings: RendererSettings
    identities: dict[str, str] = field(default_factory=dict)
    _upscalers: dict[str, Upscaler] = field(default_factory=dict)
    _matting: dict[str, MattingNetwork] = field(default_factory=dict)

    @property
    def served(self) -> ToolNetworks:
        """The networks that tools use with a diffusion model."""
        return ToolNetworks.parse(self.settings.networks)

    def upscaler(self, name: str) -> Upscaler:
        """Return an upscaler. Raises ModelUnavailable."""
        return self._use(name, "enlarge", Upscaler, self._upscalers)

    def matting(self, name: str) -> MattingNetwork:
        """Return a matting network. Raises ModelUnavailable."""
        return self._use(name, "cut", MattingNetwork, self._matting)

    def _use(self, name: str, does: Assists, kind: type[T], loaded: dict[str, T]) -> T:
        if name not in loaded:
            folder = locate(find_network(name, does).source, self.settings)
            loaded[name] = network = kind.open(folder, device=self.settings.device, name=name)
            self.identities.update(network.identity)
        return loaded[name]


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the renderers of one catalogue entry are built from. `entry` is a diffusion model or a network."""

    entry: Diffusion | Network
    sources: SourcePictures
    networks: Networks

    @property
    def diffusion(self) -> Diffusion:
        """The diffusion model. Raises ModelUnavailable if the entry is a network."""
        if isinstance(self.entry, Network):
            raise ModelUnavailable(f"{self.entry.name} cannot draw")
        return self.entry

    @property
    def upscaler(self) -> Upscaler:
        """The upscaler: the entry, or the one that tools use with a diffusion model. Raises ModelUnavailable."""
        return self.networks.upscaler(
            self.entry.name if isinstance(self.entry, Network) else self.networks.served.enlarge
        )

    def upscaler_if_needed(self, tool: str) -> Upscaler | None:
        """The upscaler, or None if the tool enlarges none of this model's drawings. Raises ModelUnavailable."""
        return self.upscaler if "enlarge" in find_tool(tool).assists(self.diffusion.model) else None

    @property
    def cutter(self) -> MotifCutter:
        """The cutter of motifs, with its matting network. Raises ModelUnavailable."""
        return MotifCutter(self.upscaler, self.networks.matting(self.networks.served.cut))


MakeRenderer = Callable[[Kit], ToolRenderer]

RENDERERS: dict[str, MakeRenderer] = {}


def register(name: str, make: MakeRenderer) -> None:
    """Register the factory of a tool's renderer. It replaces an earlier one of the same name."""
    RENDERERS[name] = make


register("picture", lambda kit: PictureRenderer(kit.diffusion, kit.upscaler_if_needed("picture")))
register("pattern", lambda kit: PatternRenderer(kit.diffusion, kit.upscaler, kit.cutter, kit.sources))
register("clipart", lambda kit: ClipartRenderer(kit.diffusion, kit.cutter, kit.upscaler))
register("variations", lambda kit: VariationsRenderer(kit.diffusion, kit.upscaler, kit.cutter, kit.sources))
register("outpaint", lambda kit: OutpaintRenderer(kit.diffusion, kit.upscaler, kit.sources))
register("upscale", lambda kit: UpscaleRenderer(kit.upscaler, kit.sources))
register("cutout", lambda kit: CutoutRenderer(kit.cutter, kit.upscaler, kit.sources))
register("lineart", lambda kit: LineartRenderer(kit.upscaler, kit.sources))
register("sticker-sheet", lambda kit: StickerSheetRenderer(kit.upscaler, kit.sources))
