"""The renderers of all tools, around one set of loaded model components."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.pictures.picture_moderation import picture_moderation
from craftspark.aws.pictures.signing_key import read_signing_key
from craftspark.aws.pictures.source_bytes import SourceBytes
from craftspark.errors import DeviceLost, ImageFlawed, ModelUnavailable, ModerationUnavailable
from craftspark.metrics import event
from craftspark.models.catalogue import find_models
from craftspark.models.model import Model
from craftspark.models.networks import SERVED, find_network
from craftspark.settings.tasks import RendererSettings, WorkerSettings
from craftspark.tools.sources import Bucket
from gpu_tasks.activity import record_activity
from gpu_tasks.images.credentials import Signer
from gpu_tasks.images.drawing import Drawing, OnStep, choose_better, reseed
from gpu_tasks.images.isolation import draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.output import MEDIA_TYPES, EncodedImage, FinishedImage, Png, Svg, encode_file, encode_image
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.images.safety import GuardrailCheck, PictureCheck, PictureChecks, load_picture_check
from gpu_tasks.images.sources import Fetch, SourcePictures
from gpu_tasks.inference.adapters import AdapterCache, hash_denoiser
from gpu_tasks.inference.device import is_lost, name_device
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.families import find_family
from gpu_tasks.inference.manifests import hash_model
from gpu_tasks.inference.matting import MattingNetwork
from gpu_tasks.inference.model_store import load_pipeline, locate
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.retries import Retrier
from gpu_tasks.tools.clipart import ClipartRenderer
from gpu_tasks.tools.cutting.motifs import MotifCutter
from gpu_tasks.tools.outpaint.outpaint import OutpaintRenderer
from gpu_tasks.tools.pattern.pattern import PatternRenderer
from gpu_tasks.tools.picture import PictureRenderer
from gpu_tasks.tools.upscale import UpscaleRenderer
from gpu_tasks.tools.variations import VariationsRenderer

# A wave waits for its sources, so this time limit of retries is shorter than elsewhere, in seconds.
MAX_SOURCE_RETRY_S = 60.0
logger = Logger(service="gpu_worker")


class ToolRenderer(Protocol):
    """Renders the images of one tool."""

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image. Images of the same kind can share a wave."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing]:
        """Return a drawing for each order, with its flaw if it has one. Runs on the GPU."""

    def finish(self, order: ImageOrder, drawing: Drawing) -> FinishedImage:
        """Return the finished image with its files. Runs on the CPU, in parallel with the next wave. Raises
        ImageUndeliverable.
        """


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What renderers are built from. Networks are loaded at their first use.

    `networks` has the hashes of the manifests of those that are loaded, by name.
    """

    diffusion: Diffusion
    sources: SourcePictures
    settings: RendererSettings
    networks: dict[str, str] = field(default_factory=dict)

    @cached_property
    def upscaler(self) -> Upscaler:
        """The upscaler. Raises ModelUnavailable."""
        network = find_network(SERVED["enlarge"], "enlarge")
        upscaler = Upscaler.open(locate(network.source, self.settings), device=self.settings.device)
        self.networks.update(upscaler.identity)
        return upscaler

    @cached_property
    def cutter(self) -> MotifCutter:
        """The cutter of motifs, with its matting network. Raises ModelUnavailable."""
        return MotifCutter(self.upscaler, self.matting)

    @cached_property
    def matting(self) -> MattingNetwork:
        """The matting network. Raises ModelUnavailable."""
        network = find_network(SERVED["cut"], "cut")
        matting = MattingNetwork.open(locate(network.source, self.settings), device=self.settings.device)
        self.networks.update(matting.identity)
        return matting


MakeRenderer = Callable[[Kit], ToolRenderer]

RENDERERS: dict[str, MakeRenderer] = {}


def register(name: str, make: MakeRenderer) -> None:
    """Register the factory of a tool's renderer. It replaces an earlier one of the same name."""
    RENDERERS[name] = make


register("picture", lambda kit: PictureRenderer(kit.diffusion))
register("pattern", lambda kit: PatternRenderer(kit.diffusion, kit.upscaler, kit.cutter, kit.sources))
register("clipart", lambda kit: ClipartRenderer(kit.diffusion, kit.cutter))
register("variations", lambda kit: VariationsRenderer(kit.diffusion, kit.sources))
register("outpaint", lambda kit: OutpaintRenderer(kit.diffusion, kit.sources))
register("upscale", lambda kit: UpscaleRenderer(kit.upscaler, kit.sources))


@dataclass(frozen=True, kw_only=True)
class ProvenanceEncoder:
    """Encodes images with their recipe, and with content credentials if there is a signer."""

    model: str
    model_sha256: str
    signer: Signer | None = None

    def encode(self, done: FinishedImage, order: ImageOrder, drawing: Drawing) -> EncodedImage:
        """Encode a finished image and its files."""
        recipe = Recipe.of(order, drawing, self.model, self.model_sha256)

        def encode(file: Png | Svg) -> bytes:
            content = encode_file(file, recipe.xmp())
            return self.signer.sign(content, MEDIA_TYPES[type(file)], recipe) if self.signer else content

        return encode_image(done, encode)


class ToolRenderers:
    """Renders each wave with its tool's renderer, draws flawed images again, and checks and encodes finished images.

    `fetch_source` loads an order's source before its wave is drawn. `device_lost` returns whether the device has become
    unusable after an error. `networks` are those other than the diffusion model, by name, with the hashes of their
    manifests.
    """

    def __init__(
        self,
        renderers: Mapping[str, ToolRenderer],
        *,
        wave_size: int,
        picture_check: PictureCheck,
        provenance: ProvenanceEncoder,
        fetch_source: Callable[[ImageOrder], object] = lambda _order: None,
        device_lost: Callable[[], bool] = lambda: False,
        networks: Mapping[str, str] | None = None,
    ) -> None:
        self.wave_size = wave_size
        self.networks = networks or {}
        self._renderers = renderers
        self._picture_check = picture_check
        self._provenance = provenance
        self.fetch_source = fetch_source
        self._device_lost = device_lost

    @property
    def model_sha256(self) -> str:
        """The hash of the model's manifest."""
        return self._provenance.model_sha256

    def kind(self, order: ImageOrder) -> Hashable:
        """Return the kind of an image: its tool and the tool's own kind. Raises ModelUnavailable for a tool without a
        renderer.
        """
        return order.tool, self._renderer(order).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        """Return a drawing or an error for each order. Raises only SpotInterrupted and DeviceLost.

        A flawed drawing is drawn again with the second seed, and the better drawing is kept.
        """
        outcomes: dict[int, Drawing | Exception] = {
            place: error for place, order in enumerate(wave) if (error := self._fetch_source_error(order))
        }
        ready = [place for place in range(len(wave)) if place not in outcomes]
        drawings = self._draw_wave([wave[place] for place in ready], on_step)
        outcomes |= dict(zip(ready, drawings, strict=True))
        return [outcomes[place] for place in range(len(wave))]

    def _fetch_source_error(self, order: ImageOrder) -> Exception | None:
        try:
            self.fetch_source(order)
        except Exception as error:
            return error
        return None

    def _draw_wave(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawing | Exception]:
        if not wave:
            return []
        drawings = draw_each(lambda orders: self.draw_once(orders, on_step), wave)
        flawed = [place for place, drawing in enumerate(drawings) if isinstance(drawing, Drawing) and drawing.flaw]
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
            return self._renderer(orders[0]).render(orders, on_step)
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
        return self._provenance.encode(done, order, drawing)

    def _renderer(self, order: ImageOrder) -> ToolRenderer:
        try:
            return self._renderers[order.tool]
        except KeyError:
            raise ModelUnavailable(f"this worker has no renderer for the tool {order.tool}") from None


def choose_drawing(first: Drawing | Exception, second: Drawing | Exception) -> Drawing | Exception:
    """Return the better of two attempts. If either failed with an error, the second outcome counts.

    Falling back to the first drawing would make an image's pixels depend on chance.
    """
    if isinstance(first, Exception) or isinstance(second, Exception):
        return second
    drawing = choose_better(first, second)
    return (
        ImageFlawed(f"both drawings are flawed: {drawing.flaw.reason}")
        if drawing.flaw and drawing.flaw.fatal
        else drawing
    )


def load_worker_renderers(settings: WorkerSettings) -> ToolRenderers:
    """Load the renderers of a worker, whose sources are in buckets. Raises ModelUnavailable."""
    buckets: dict[Bucket, str] = {"images": settings.images_bucket, "uploads": settings.uploads_bucket}
    source_bytes = SourceBytes(client=clients.s3(), buckets=buckets, on_part=record_activity)
    retrier = Retrier(max_retry_s=MAX_SOURCE_RETRY_S)
    picture_check = open_guardrail_check(settings)
    return load_renderers(
        lambda source: retrier.call("fetch of a source", lambda: source_bytes(source)),
        settings,
        *filter(None, [picture_check]),
    )


def open_guardrail_check(settings: WorkerSettings) -> GuardrailCheck | None:
    """Open the stage's guardrail for finished pictures. Returns None if the stage has none."""
    moderation = picture_moderation(settings, log_moderation_failure)
    return GuardrailCheck(moderation) if moderation else None


def log_moderation_failure(unavailable: ModerationUnavailable) -> None:
    """Log and count a picture that the guardrail could not check."""
    logger.warning("picture not moderated", extra={"cause": repr(unavailable.__cause__), **event("PictureUnmoderated")})


def load_renderers(fetch: Fetch, settings: RendererSettings, *checks: PictureCheck) -> ToolRenderers:
    """Load the stage's model and build the tools' renderers. `fetch` returns the PNG file of a source.

    `checks` run after the local check. Raises ModelUnavailable or SigningKeyUnusable.
    """
    [model] = find_models(settings.models.values())
    secret = settings.signing_secret and read_signing_key(clients.secretsmanager(), settings.signing_secret)
    signer = Signer.from_secret(secret) if secret else None
    return build_renderers(load_pipeline(model, settings), model, fetch, settings, signer, checks)


def build_renderers(
    pipeline: Any,
    model: Model,
    fetch: Fetch,
    settings: RendererSettings,
    signer: Signer | None = None,
    checks: Sequence[PictureCheck] = (),
) -> ToolRenderers:
    """Build the tools' renderers around a pipeline from `load_pipeline`, after a first drawing with each capability.

    `fetch` returns the PNG file of a source. Raises ModelUnavailable.
    """
    model = model.on(name_device(settings.device))
    folder = Path(pipeline.name_or_path)
    component = find_family(model.family).denoiser
    adapters = AdapterCache(
        getattr(pipeline, component),
        hash_denoiser(folder, component),
        lambda source: locate(source, settings),
        component=component,
    )
    sources = SourcePictures(fetch, wave_size=model.wave_size)
    diffusion = Diffusion(pipeline, model, adapters)
    diffusion.check_drawings()
    kit = Kit(diffusion=diffusion, sources=sources, settings=settings)
    return ToolRenderers(
        {name: make(kit) for name, make in RENDERERS.items()},
        wave_size=model.wave_size,
        picture_check=PictureChecks(load_picture_check(folder), *checks),
        provenance=ProvenanceEncoder(model=model.name, model_sha256=hash_model(folder), signer=signer),
        fetch_source=sources.fetch,
        device_lost=partial(is_lost, settings.device),
        networks=kit.networks,
    )
