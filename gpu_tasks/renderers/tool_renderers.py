"""The renderers of the tools that one catalogue entry serves, a diffusion model or a network."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from craftspark.errors import ImageFlawed, ModelUnavailable
from craftspark.errors.worker import DeviceLost
from craftspark.models.model import Model
from craftspark.models.networks import Network
from craftspark.settings.tasks import RendererSettings
from gpu_tasks.activity import record_activity
from gpu_tasks.images.credentials import Signer
from gpu_tasks.images.drawing import Drawing, OnStep, choose_better, reseed
from gpu_tasks.images.isolation import draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import MEDIA_TYPES, EncodedImage, File, FinishedImage, encode_file, encode_image
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.images.safety import PictureCheck, PictureChecks, load_picture_check
from gpu_tasks.images.sources import Fetch, SourcePictures
from gpu_tasks.inference.adapters import AdapterCache, hash_denoiser
from gpu_tasks.inference.device import is_lost, name_device
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.drawing_thread import DrawingThread, run_here
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.manifests import hash_model
from gpu_tasks.inference.model_store import locate
from gpu_tasks.inference.subject_check import SubjectCheck
from gpu_tasks.renderers import RENDERERS, Kit, Networks, ToolRenderer

# Images of a wave that needs only a network. They are processed one after the other.
NETWORK_WAVE_SIZE = 1
# Runs a drawing, on a GPU in a thread for it.
RunDrawing = Callable[[Callable[[], list[Drawing]]], list[Drawing]]


@dataclass(frozen=True, kw_only=True)
class ProvenanceEncoder:
    """Encodes images with their recipe, and with content credentials if there is a signer."""

    model: str
    model_sha256: str
    signer: Signer | None = None

    def encode(self, done: FinishedImage, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Encode a finished image and its files."""
        recipe = Recipe.of(order, drawing, self.model, self.model_sha256)

        def encode(name: str, file: File) -> bytes:
            content = encode_file(file, replace(recipe, file=name).xmp())
            media_type = MEDIA_TYPES.get(type(file))
            if self.signer is None or media_type is None:
                return content
            return self.signer.sign(content, media_type, recipe, drawing.sources)

        return encode_image(done, encode)


class ToolRenderers:
    """Renders each wave with its tool's renderer, draws flawed images again, and checks and encodes finished images.

    `fetch_sources` loads an order's sources before its wave is drawn, and returns their files. `device_lost` returns
    whether the device has become unusable after an error. `run` runs a drawing in the thread for it. `networks` are
    those other than the diffusion model, by name, with the hashes that identify them. After `release`, which frees the
    model's memory, images can only be finished.
    """

    def __init__(
        self,
        renderers: Mapping[str, ToolRenderer],
        *,
        wave_size: int,
        picture_check: PictureCheck,
        provenance: ProvenanceEncoder,
        fetch_sources: Callable[[ImageOrder], tuple[bytes, ...]] = lambda _order: (),
        device_lost: Callable[[], bool] = lambda: False,
        run: RunDrawing = run_here,
        networks: Mapping[str, str] | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.wave_size = wave_size
        self.networks = networks or {}
        self._renderers = renderers
        self._picture_check = picture_check
        self._provenance = provenance
        self.fetch_sources = fetch_sources
        self._device_lost = device_lost
        self.release = release
        self._run = run

    @property
    def model(self) -> str:
        """The name of the catalogue entry."""
        return self._provenance.model

    @property
    def model_sha256(self) -> str:
        """The hash that identifies the model."""
        return self._provenance.model_sha256

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image: its tool and the tool's own kind. Raises ModelUnavailable for a tool without a
        renderer.
        """
        return order.tool, self._renderer(order).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        """Return a drawing or an error for each order. Raises only SpotInterrupted, WaveStopped and DeviceLost.

        A flawed drawing is drawn again with the second seed, and the better drawing is kept.
        """
        fetched = [self._fetch(order) for order in wave]
        ready = [place for place, sources in enumerate(fetched) if not isinstance(sources, Exception)]
        drawings = dict(zip(ready, self._draw_wave([wave[place] for place in ready], on_step), strict=True))
        return [_add_sources(drawings.get(place), sources) for place, sources in enumerate(fetched)]

    def _fetch(self, order: ImageOrder) -> tuple[bytes, ...] | Exception:
        try:
            return self.fetch_sources(order)
        except Exception as error:
            return error

    def _draw_wave(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        if not wave:
            return []
        drawings = draw_each(lambda orders: self.draw_once(orders, on_step), wave)
        flawed = [
            place
            for place, drawing in enumerate(drawings)
            if isinstance(drawing, Drawing) and drawing.flaw and drawing.flaw.redrawn
        ]
        if flawed:
            again = draw_each(
                # Progress stays at 100%: the second attempt is free and does not count.
                lambda orders: self.draw_once(orders, lambda _: on_step(1.0)),
                [reseed(wave[place]) for place in flawed],
            )
            for place, second in zip(flawed, again, strict=True):
                drawings[place] = choose_drawing(drawings[place], second)
        return drawings

    def draw_once(self, orders: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return a drawing for each order, without a second attempt at flawed ones. Raises the renderer's error, or
        DeviceLost.
        """
        try:
            return self._run(lambda: self._renderer(orders[0]).render(orders, on_step))
        except Exception as error:
            if self._device_lost():  # every later call of this process would fail too
                raise DeviceLost(str(error)) from error
            raise

    def finish(self, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Return the encoded image with its files. Raises UnsafeContent or another ImageUndeliverable."""
        done = self._renderer(order).finish(order, drawing)
        record_activity()
        self._picture_check.check(done.picture.pixels)
        record_activity()
        encoded = self._provenance.encode(done, order, drawing)
        if drawing.flaw is None:
            return encoded
        # A drawing whose flaw earns a second attempt has had it.
        missed = drawing.flaw.subject_missing and drawing.flaw.redrawn
        return replace(encoded, warning=drawing.flaw.reason, subject_missed=missed)

    def _renderer(self, order: ImageOrder) -> ToolRenderer:
        try:
            return self._renderers[order.tool]
        except KeyError:
            raise ModelUnavailable(f"this worker has no renderer for the tool {order.tool}") from None


def _add_sources(drawing: Drawing | Exception | None, sources: tuple[bytes, ...] | Exception) -> Drawing | Exception:
    """The drawing with the files that it was made from, or the error that prevented it."""
    if isinstance(sources, Exception):
        return sources
    if drawing is None:
        raise ValueError("an order whose sources are there was not drawn")
    return drawing if isinstance(drawing, Exception) else replace(drawing, sources=sources)


def choose_drawing(first: Drawing | Exception, second: Drawing | Exception) -> Drawing | Exception:
    """Return the better of two attempts. If either failed with an error, the second outcome counts.

    Falling back to the first drawing would make an image's pixels depend on chance. The recipe names the networks of
    both: another network could have made the first drawing the better one.
    """
    if isinstance(first, Exception) or isinstance(second, Exception):
        return second
    drawing = replace(choose_better(first, second), networks={**first.networks, **second.networks})
    return (
        ImageFlawed(f"both drawings are flawed: {drawing.flaw.reason}")
        if drawing.flaw and drawing.flaw.fatal
        else drawing
    )


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the renderers of all models of a worker share. `checks` run after the local check of a picture."""

    settings: RendererSettings
    sources: SourcePictures
    networks: Networks
    signer: Signer | None = None
    checks: Sequence[PictureCheck] = ()
    run: RunDrawing = run_here

    @classmethod
    def of(
        cls,
        fetch: Fetch,
        settings: RendererSettings,
        *,
        signer: Signer | None = None,
        checks: Sequence[PictureCheck] = (),
    ) -> Surroundings:
        """`fetch` returns the PNG file of a source."""
        return cls(
            settings=settings,
            sources=SourcePictures(fetch),
            networks=Networks(settings=settings),
            signer=signer,
            checks=checks,
            run=DrawingThread().run if settings.device == "cuda" else run_here,
        )


def build_renderers(
    pipeline: Any, model: Model, surroundings: Surroundings, tools: Collection[str] | None = None
) -> ToolRenderers:
    """Build the renderers of these tools, or of all, around a pipeline from `load_pipeline`. Raises as
    `open_diffusion`.
    """
    return build_diffusion_renderers(open_diffusion(pipeline, model, surroundings.settings), surroundings, tools)


def open_diffusion(pipeline: Any, model: Model, settings: RendererSettings) -> Diffusion:
    """Return the diffusion model of a pipeline from `load_pipeline`, after a first drawing with each capability.

    Raises ModelUnavailable.
    """
    component = find_family(model.family).denoiser
    adapters = AdapterCache(
        getattr(pipeline, component),
        hash_denoiser(Path(pipeline.name_or_path), component),
        # An adapter is read immediately, and a worker can use more of them than it can have files open.
        lambda source: locate(source, settings, pin=False),
        component=component,
    )
    subject_check = SubjectCheck.of_model(Path(pipeline.name_or_path))
    diffusion = Diffusion(pipeline, model.on(name_device(settings.device)), adapters, subject_check)
    diffusion.check_drawings()
    return diffusion


def build_diffusion_renderers(
    diffusion: Diffusion, surroundings: Surroundings, tools: Collection[str] | None = None
) -> ToolRenderers:
    """Build the renderers of these tools, or of all, around a diffusion model. Raises ModelUnavailable."""
    return _build(diffusion, diffusion.folder, diffusion.model.wave_size, surroundings, tools)


def build_network_renderers(network: Network, surroundings: Surroundings, tools: Collection[str]) -> ToolRenderers:
    """Build the renderers of tools that need only a network. Raises ModelUnavailable."""
    folder = locate(network.source, surroundings.settings)
    return _build(network, folder, NETWORK_WAVE_SIZE, surroundings, tools)


def _build(
    entry: Diffusion | Network,
    folder: Path,
    wave_size: int,
    surroundings: Surroundings,
    tools: Collection[str] | None,
) -> ToolRenderers:
    kit = Kit(entry=entry, sources=surroundings.sources, networks=surroundings.networks)
    name = entry.name if isinstance(entry, Network) else entry.model.name
    return ToolRenderers(
        {tool: make(kit) for tool, make in RENDERERS.items() if tools is None or tool in tools},
        wave_size=wave_size,
        picture_check=PictureChecks(load_picture_check(folder), *surroundings.checks),
        provenance=ProvenanceEncoder(model=name, model_sha256=hash_model(folder), signer=surroundings.signer),
        fetch_sources=surroundings.sources.fetch,
        device_lost=partial(is_lost, surroundings.settings.device),
        run=surroundings.run,
        networks=surroundings.networks.identities,
        release=(lambda: None) if isinstance(entry, Network) else entry.release,
    )
