"""The request fields that all tools share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from craftspark.errors import InvalidInput
from craftspark.models.capabilities import Need
from craftspark.models.model import Model
from craftspark.models.prices import credits_for_steps
from craftspark.models.work import Load, calls_for, megapixels
from craftspark.parsing.forms import form
from craftspark.parsing.texts import LINE, OPTIONAL_WORDS, PROSE, WORDS
from craftspark.tools.contradictions import Contradiction, refuse
from craftspark.tools.presets import Preset, find_preset
from craftspark.tools.sources import REFERENCE, Source, picture_in

Lane = Literal["interactive", "bulk"]
LANES: tuple[Lane, ...] = get_args(Lane)
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), PROSE, WORDS]
OptionalPrompt = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), PROSE, OPTIONAL_WORDS]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), LINE]
COLOUR = form(r"^#[0-9a-fA-F]{6}$", "a colour as #rrggbb, such as #ff8800")
Colour = Annotated[str, StringConstraints(pattern=COLOUR, to_lower=True)]
PICTURE_ID = form(r"^[a-z2-7]{26}$", "the ID of a published picture, which has 26 letters and digits")
PictureId = Annotated[str, StringConstraints(pattern=PICTURE_ID)]
SIZE = form(r"^[0-9]{2,4}x[0-9]{2,4}$", "a width and a height in pixels, such as 512x512")
SourceReference = Annotated[str, StringConstraints(pattern=REFERENCE)]
MAX_SEED = 2**32 - 1
MAX_COUNT = 8  # images of one job
# The maker's own words. Others see them only if the maker agreed.
WORD_FIELDS = ("prompt", "negative_prompt", "also")
# Fields that are private or do not affect the picture.
EXCLUDED_FIELDS = (*WORD_FIELDS, "count", "lane", "max_wait_s", "remix_of", "seed", "share_prompt")
SOURCE = (
    "Image to start from: `<job_id>/<index>` for an image of one of your jobs, `upload/<upload_id>` for an upload, or "
    "`picture/<picture_id>` for a published picture whose licence allows it."
)


class JobRequest(BaseModel, ABC):
    """The fields of every tool. Types are strict and unknown fields are refused."""

    # Built on first use, because a function that starts cold serves only one tool.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
    presets: ClassVar[tuple[Preset, ...]] = ()
    # The fields that decide how long a job takes, the easiest to change first. The error for a job that takes too long
    # lists them.
    work_fields: ClassVar[tuple[str, ...]] = ("count",)

    count: int = Field(4, ge=1, le=MAX_COUNT, description="Number of images. Each image has its own seed.")
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="Seed of the first image. Each further image uses the next number; 0 follows the largest. "
        "Default: a random seed.",
    )
    lane: Lane = Field(
        "interactive",
        description="`interactive` for a user who waits for the result, `bulk` for work in the background.",
    )
    max_wait_s: int | None = Field(
        None,
        ge=0,
        le=3600,
        description="Longest acceptable wait before rendering starts, in seconds. A job whose estimated wait is longer "
        "is refused with `WaitTooLong`. Default: no limit.",
    )
    remix_of: PictureId | None = Field(
        None,
        description="ID of the published picture whose settings you have taken. It is credited when you publish an "
        "image of the job, and its licence bounds yours. Pictures with the licence `personal` can be remixed by their "
        "own maker only. Default: the published picture in the sources, if there is one.",
    )

    def for_model(self, model: Model) -> Self:
        """The request with the model's defaults.

        Raises InvalidInput if the model cannot do it, or if fields contradict each other.
        """
        for need in self.needs():
            model.check_need(need)
        refuse(self.contradictions(model))
        return self

    def needs(self) -> Iterator[Need]:
        """The capabilities of the model that the request needs."""
        return iter(())

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        """Fields that contradict each other with this model."""
        return iter(())

    def for_sources(self, sources: Sequence[Source]) -> Self:
        """The request with the defaults of its sources, which are in the order of `wanted_sources`.

        Raises InvalidInput if a source does not fit the request.
        """
        return self

    @property
    def words(self) -> dict[str, str]:
        """The texts for the image, by field."""
        return {}

    @property
    def wanted_sources(self) -> Mapping[str, str]:
        """The references to the source pictures, by field."""
        reference = getattr(self, "source", None)
        return {"source": reference} if reference else {}

    @property
    def wanted_pictures(self) -> Mapping[str, str]:
        """The IDs of the published pictures that the request starts from, by field. The first one is the parent."""
        parent = {"remix_of": self.remix_of} if self.remix_of else {}
        sources = {field: picture_in(reference) for field, reference in self.wanted_sources.items()}
        return {**parent, **{field: picture_id for field, picture_id in sources.items() if picture_id}}

    @classmethod
    def add_sources(cls, fields: Mapping[str, Any], references: Sequence[str]) -> dict[str, Any]:
        """The JSON object of a request with these references in the fields for them, in the order of `wanted_sources`.

        Raises InvalidInput for a tool without sources.
        """
        if references and "source" not in cls.model_fields:
            raise InvalidInput("this tool does not use a source", field="source")
        return {**fields, **({"source": references[0]} if references else {})}

    @staticmethod
    def remove_sources(fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a request without its references."""
        return {name: value for name, value in fields.items() if name != "source"}

    @property
    def wanted_style(self) -> str | None:
        """The name of the style, for tools with styles."""
        return None

    @abstractmethod
    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        """The price of one image in credits, for a request that `for_model` and `for_sources` returned."""

    @abstractmethod
    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        """The load of a wave with this number of images, for a request that `for_model` and `for_sources` returned."""


class DrawingRequest(JobRequest):
    """The fields of every tool that draws."""

    work_fields: ClassVar[tuple[str, ...]] = ("count", "steps")

    negative_prompt: OptionalPrompt = Field("", description="What the image must not show.")
    steps: int | None = Field(
        None, ge=1, le=100, description="Number of denoising steps. Default: the model's default number of steps."
    )
    guidance: float | None = Field(
        None,
        ge=0,
        le=20,
        description="Guidance scale. A higher value follows the prompt more closely. Default: the model's default "
        "value.",
    )
    style: Name | None = Field(
        None,
        description="Name of a style from `GET /v1/tools`. Cannot be combined with `preset`. Default: no style.",
        examples=["bold-flat"],
    )
    preset: Name | None = Field(
        None,
        description="Name of a preset from `GET /v1/tools`. A preset adds words to the prompt. Cannot be combined with "
        "`style`. Default: no preset.",
        examples=["watercolour"],
    )

    share_prompt: bool = Field(
        False,
        description="Whether the delivered files contain the prompt in their metadata. Anyone who has the files can "
        "read it.",
    )

    @property
    def words(self) -> dict[str, str]:
        prompt = getattr(self, "prompt", "")
        return {"prompt": prompt} if prompt else {}

    @property
    def wanted_style(self) -> str | None:
        return self.style

    def needs(self) -> Iterator[Need]:
        yield Need("draw")

    def for_model(self, model: Model) -> Self:
        filled = super().for_model(model).model_copy(update=self.defaults(model))
        model.check_steps(filled.steps or 0)
        model.check_guidance(model.guidance.default if self.guidance is None else self.guidance)
        if self.negative_prompt:
            model.check_negative_prompt()
        if self.preset is not None:
            find_preset(self.presets, self.preset)
            model.check_preset()
        self._check_length(model)
        return filled

    def defaults(self, model: Model) -> dict[str, Any]:
        """The model's defaults for missing fields."""
        return {
            "steps": self.steps or model.default_steps,
            "guidance": model.guidance.default if self.guidance is None else self.guidance,
        }

    def _check_length(self, model: Model) -> None:
        """Raise InvalidInput, with each field and its tokens, if a text exceeds the limit of the model."""
        counts = {field: model.tokens_over(text) for field, text in self.texts_for(model).items()}
        over = {field: count for field, count in counts.items() if count is not None}
        if not over:
            return
        beside = ", preset included," if self.preset else ""
        errors = [
            {
                "field": field,
                "detail": f"{count} tokens{beside} exceed the {model.max_prompt_tokens} that {model.name} reads; use "
                "fewer words (a token is a short word or part of a longer one)",
            }
            for field, count in over.items()
        ]
        raise InvalidInput(
            "; ".join(f"{error['field']}: {error['detail']}" for error in errors),
            field=errors[0]["field"],
            errors=errors,
            tokens=max(over.values()),
            max_tokens=model.max_prompt_tokens,
        )

    def texts_for(self, model: Model) -> dict[str, str]:
        """The inputs of the model's text encoder, by field."""
        texts = {**self.words, "negative_prompt": self.negative_prompt}
        if self.preset is not None:
            preset = find_preset(self.presets, self.preset)
            texts = {
                field: preset.negative_prompt(text) if field == "negative_prompt" else preset.prompt(text)
                for field, text in {"prompt": "", **texts}.items()
            }
        word = model.style(self.style).word if self.style is not None and model.has_style(self.style) else None
        if word:
            texts = {field: text if field == "negative_prompt" else f"{word}, {text}" for field, text in texts.items()}
        return texts

    def contradictions(self, model: Model) -> Iterator[Contradiction]:
        if self.style is not None and self.preset is not None:
            yield Contradiction("style and preset cannot be combined; remove one of them", ("style", "preset"))
        if self.negative_prompt:
            yield from self._contradictions_to_negative_prompt(model)

    def _contradictions_to_negative_prompt(self, model: Model) -> Iterator[Contradiction]:
        guidance = model.guidance.default if self.guidance is None else self.guidance
        if model.negative_prompts and guidance <= model.guidance.off:
            yield Contradiction(
                f"negative_prompt has no effect with guidance {guidance:g}; increase guidance above"
                f" {model.guidance.off:g} or remove negative_prompt",
                ("negative_prompt", "guidance"),
            )
        for field, words in self.words.items():
            if alike(words) == alike(self.negative_prompt):
                yield Contradiction(
                    f"negative_prompt excludes what {field} asks for; change one of them",
                    ("negative_prompt", field),
                )

    @property
    def drawing_strength(self) -> float | None:
        """How much a drawing may differ from the source, for a request with a source."""
        return None

    def drawn_share(self, model: Model) -> float:
        """The share of the steps that is drawn: the strength, but at least one step."""
        return max(self.drawing_strength or 1.0, 1 / (self.steps or model.default_steps))

    def drawings(self, model: Model, sources: Sequence[Source] = ()) -> int:
        """The number of drawings in the model's own size for one image."""
        return 1

    def load(self, model: Model, sources: Sequence[Source], images: int) -> Load:
        calls = calls_for(images * self.drawings(model, sources), model.wave_size)
        width, height = sides(getattr(self, "size", None) or model.default_size)
        size = megapixels(width, height)
        steps = calls * (self.steps or model.default_steps) * size / megapixels(*sides(model.default_size))
        return Load(steps=steps, calls=calls, images=images, written=images * size)

    def credits_per_image(self, model: Model, sources: Sequence[Source] = ()) -> int:
        return credits_for_steps(model, self.drawings(model, sources) * (self.steps or model.default_steps))


def alike(words: str) -> str:
    """The words in a normal form, for comparison."""
    return " ".join(words.casefold().split())


@lru_cache(maxsize=64)
def sides(size: str) -> tuple[int, int]:
    """(width, height) of a size such as `640x480`."""
    width, height = size.split("x")
    return int(width), int(height)
