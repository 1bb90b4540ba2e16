"""The tools' renderers around one set of loaded model components."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.notifications.secrets import read_secret
from craftspark.aws.pictures.picture_moderation import picture_moderation
from craftspark.aws.pictures.source_bytes import SourceBytes
from craftspark.errors import ImageFlawed, ModelUnavailable, ModerationUnavailable
from craftspark.metrics import event
from craftspark.models.catalogue import Model, find_model
from craftspark.settings.tasks import StudioSettings, WorkerSettings
from craftspark.tools.sources import Bucket
from gpu_tasks.activity import moved
from gpu_tasks.images.credentials import Signer
from gpu_tasks.images.drawn import Drawn, OnStep, better, second_try
from gpu_tasks.images.finishing import MEDIA_TYPES, Delivered, Finished, Png, Svg, delivered, encoded
from gpu_tasks.images.isolation import DeviceLost, draw_each
from gpu_tasks.images.order import ImageOrder
from gpu_tasks.images.provenance import Recipe
from gpu_tasks.images.safety import GuardrailJudge, Judge, Judges, judge_of
from gpu_tasks.images.sources import Fetch, SourcePictures
from gpu_tasks.inference.adapters import Adapters, unet_sha256
from gpu_tasks.inference.device import is_lost
from gpu_tasks.inference.diffusion import Diffusion
from gpu_tasks.inference.model_store import BUILT_IN, MANIFEST, load_pipeline, locate, sha256_of
from gpu_tasks.inference.upscaler import Upscaler
from gpu_tasks.patience import Patient
from gpu_tasks.tools.clipart import ClipartRenderer
from gpu_tasks.tools.outpaint.outpaint import OutpaintRenderer
from gpu_tasks.tools.pattern.pattern import PatternRenderer
from gpu_tasks.tools.picture import PictureRenderer
from gpu_tasks.tools.upscale import UpscaleRenderer
from gpu_tasks.tools.variations import VariationsRenderer

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

# A wave waits for its sources, so a fault of the bucket is borne less long here than elsewhere, in seconds.
SOURCE_BOUND_S = 60.0
logger = Logger(service="gpu_worker")
UPSCALER = BUILT_IN / "craftspark-upscaler-x4"


class ToolRenderer(Protocol):
    """Renders one tool's images."""

    def kind(self, order: ImageOrder) -> Hashable:
        """Images of the same kind can share a wave."""

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        """A drawing for each order, its flaw with it where it has one; what the GPU does for the tool."""

    def finish(self, order: ImageOrder, drawn: Drawn) -> Finished:
        """The image and the files beside it; what the CPU does, meanwhile. Raises ImageUndeliverable."""


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What tools render with. Nothing is loaded before a tool wants it."""

    diffusion: Diffusion
    sources: SourcePictures
    device: str

    @cached_property
    def upscaler(self) -> Upscaler:
        return Upscaler.open(UPSCALER, device=self.device)


MakeRenderer = Callable[[Kit], ToolRenderer]

RENDERERS: dict[str, MakeRenderer] = {}


def register(name: str, make: MakeRenderer) -> None:
    """Render a tool's images with what `make` answers; a later one takes the place of an earlier one."""
    RENDERERS[name] = make


register("picture", lambda kit: PictureRenderer(kit.diffusion))
register("pattern", lambda kit: PatternRenderer(kit.diffusion, kit.upscaler, kit.sources))
register("clipart", lambda kit: ClipartRenderer(kit.diffusion, kit.upscaler))
register("variations", lambda kit: VariationsRenderer(kit.diffusion, kit.sources))
register("outpaint", lambda kit: OutpaintRenderer(kit.diffusion, kit.sources))
register("upscale", lambda kit: UpscaleRenderer(kit.upscaler, kit.sources))


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What is written into every file that is kept: its recipe, and credentials where there is a key to sign with."""

    model: str
    model_sha256: str
    signer: Signer | None = None

    def put_on(self, done: Finished, order: ImageOrder, drawn: Drawn) -> Delivered:
        recipe = Recipe.of(order, drawn, self.model, self.model_sha256)

        def encode(file: Png | Svg) -> bytes:
            content = encoded(file, recipe.xmp())
            return self.signer.sign(content, MEDIA_TYPES[type(file)], recipe) if self.signer else content

        return delivered(done, encode)


class Studio:
    """Gives each wave to the renderer of its tool, a flawed drawing a second try, and what is finished its marks.

    `fetch_source` brings the picture that an order begins from, before any order of its wave is drawn. `device_lost`
    tells whether the device that broke a wave is of no more use.
    """

    def __init__(
        self,
        renderers: Mapping[str, ToolRenderer],
        *,
        wave_size: int,
        judge: Judge,
        marks: Marks,
        fetch_source: Callable[[ImageOrder], object] = lambda _order: None,
        device_lost: Callable[[], bool] = lambda: False,
    ) -> None:
        self.wave_size = wave_size
        self._renderers = renderers
        self._judge = judge
        self._marks = marks
        self._fetch_source = fetch_source
        self._device_lost = device_lost

    @property
    def model_sha256(self) -> str:
        """The hash of the manifest of the model that draws."""
        return self._marks.model_sha256

    def kind(self, order: ImageOrder) -> Hashable:
        return order.tool, self._renderer(order).kind(order)

    def render(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn | Exception]:
        """A drawing for each order, or what kept it from having one; raises SpotInterrupted and DeviceLost alone.

        One with a flaw is drawn once more, with the next seed, and the better one kept.
        """
        outcomes: dict[int, Drawn | Exception] = {
            place: error for place, order in enumerate(wave) if (error := self._error_of_source(order))
        }
        ready = [place for place in range(len(wave)) if place not in outcomes]
        drawings = self._drawings([wave[place] for place in ready], on_step)
        outcomes |= dict(zip(ready, drawings, strict=True))
        return [outcomes[place] for place in range(len(wave))]

    def _error_of_source(self, order: ImageOrder) -> Exception | None:
        try:
            self._fetch_source(order)
        except Exception as error:
            return error
        return None

    def _drawings(self, wave: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn | Exception]:
        if not wave:
            return []
        drawings = draw_each(lambda orders: self._draw(orders, on_step), wave)
        flawed = [place for place, drawn in enumerate(drawings) if isinstance(drawn, Drawn) and drawn.flaw]
        if flawed:
            again = draw_each(
                # Progress is told as done already: the second try is ours to give.
                lambda orders: self._draw(orders, lambda _: on_step(1.0)),
                [second_try(wave[place]) for place in flawed],
            )
            for place, second in zip(flawed, again, strict=True):
                drawings[place] = kept(drawings[place], second)
        return drawings

    def _draw(self, orders: Sequence[ImageOrder], on_step: OnStep) -> list[Drawn]:
        try:
            return self._renderer(orders[0]).render(orders, on_step)
        except Exception as error:
            if self._device_lost():  # every later call of this process would fail as well
                raise DeviceLost(str(error)) from error
            raise

    def finish(self, order: ImageOrder, drawn: Drawn) -> Delivered:
        """The image and its files in bytes, with their recipe; raises UnsafeContent or another ImageUndeliverable."""
        done = self._renderer(order).finish(order, drawn)
        moved()
        self._judge.check(done.picture.pixels)
        moved()
        return self._marks.put_on(done, order, drawn)

    def _renderer(self, order: ImageOrder) -> ToolRenderer:
        try:
            return self._renderers[order.tool]
        except KeyError:
            raise ModelUnavailable(f"this worker has no renderer for the tool {order.tool}") from None


def kept(first: Drawn | Exception, second: Drawn | Exception) -> Drawn | Exception:
    """The better of two tries; the error of a second one that broke, since the first was not good enough.

    Keeping the first then would make an image's pixels a matter of luck.
    """
    if isinstance(first, Exception) or isinstance(second, Exception):
        return second
    drawn = better(first, second)
    return ImageFlawed(f"both drawings are flawed: {drawn.flaw.reason}") if drawn.flaw and drawn.flaw.fatal else drawn


def load_studio(settings: WorkerSettings) -> Studio:
    """The studio of a worker, whose sources lie in buckets; raises ModelUnavailable."""
    buckets: dict[Bucket, str] = {"images": settings.images_bucket, "uploads": settings.uploads_bucket}
    source_bytes = SourceBytes(client=clients.s3(), buckets=buckets, on_part=moved)
    patient = Patient(bound_s=SOURCE_BOUND_S)
    judge = guardrail_judge(settings)
    return open_studio(
        lambda source: patient.call("fetch of a source", lambda: source_bytes(source)), settings, *filter(None, [judge])
    )


def guardrail_judge(settings: WorkerSettings) -> GuardrailJudge | None:
    """The stage's guardrail for finished pictures; None where it has none."""
    moderation = picture_moderation(settings, log_unjudged)
    return GuardrailJudge(moderation) if moderation else None


def log_unjudged(unavailable: ModerationUnavailable) -> None:
    logger.warning("picture not judged", extra={"cause": repr(unavailable.__cause__), **event("PictureUnjudged")})


def open_studio(fetch: Fetch, settings: StudioSettings, *judges: Judge) -> Studio:
    """Load the stage's model and make the tools' renderers, whose sources `fetch` brings; raises ModelUnavailable.

    `judges` look at finished pictures after the local one.
    """
    model = find_model(settings.model)
    secret = settings.signing_secret and read_secret(clients.secretsmanager(), settings.signing_secret)
    signer = Signer.from_secret(secret) if secret else None
    return studio_around(load_pipeline(model, settings), model, fetch, settings, signer, judges)


def studio_around(
    pipeline: StableDiffusionPipeline,
    model: Model,
    fetch: Fetch,
    settings: StudioSettings,
    signer: Signer | None = None,
    judges: Sequence[Judge] = (),
) -> Studio:
    """The tools' renderers around a pipeline that `load_pipeline` loaded; `fetch` brings their sources."""
    model = model.on(settings.device)
    folder = Path(pipeline.name_or_path)
    adapters = Adapters(pipeline, unet_sha256(folder), lambda source: locate(source, settings))
    sources = SourcePictures(fetch, wave_size=model.wave_size)
    kit = Kit(diffusion=Diffusion(pipeline, model, adapters), sources=sources, device=settings.device)
    return Studio(
        {name: make(kit) for name, make in RENDERERS.items()},
        wave_size=model.wave_size,
        judge=Judges(judge_of(folder), *judges),
        marks=Marks(model=model.name, model_sha256=sha256_of(folder / MANIFEST), signer=signer),
        fetch_source=sources.fetch,
        device_lost=partial(is_lost, settings.device),
    )
