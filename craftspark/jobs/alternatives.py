"""Alternatives to a request: settings that make it fit, and settings that cost less."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from craftspark.models.model import Model
from craftspark.tools.request import DrawingRequest, JobRequest
from craftspark.tools.sources import Source

Fits = Callable[[JobRequest], bool]


def changes_that_fit(request: JobRequest, model: Model, fits: Fits) -> list[dict[str, str]]:
    """For each field, the change that makes a request fit: one field if that is enough, or several."""
    minimum = {"count": 1, "steps": model.min_steps}
    errors = []
    for name in request.work_fields:
        value = max_fitting(request, name, minimum[name], fits) if name in minimum else None
        if value is not None:
            errors.append({"field": name, "detail": f"{name} {value} would fit"})
        elif name not in minimum and getattr(request, name):
            errors.append({"field": name, "detail": f"a smaller {name} takes less time"})
    if not any("would fit" in error["detail"] for error in errors) and "steps" in request.work_fields:
        one = request.model_copy(update={"count": 1})
        steps = max_fitting(one, "steps", minimum["steps"], fits)
        fix = "even one image takes too long" if steps is None else f"count 1 with steps {steps} would fit"
        errors.insert(0, {"field": "count", "detail": fix})
    return errors


def max_fitting(request: JobRequest, name: str, minimum: int, fits: Fits) -> int | None:
    """The largest value of a field, below its present value, with which the request fits, or None."""
    for value in range(getattr(request, name) - 1, minimum - 1, -1):
        if fits(request.model_copy(update={name: value})):
            return value
    return None


def cheaper(request: JobRequest, model: Model, sources: Sequence[Source]) -> Iterator[tuple[dict[str, Any], int]]:
    """Changes of settings that reduce the price, and the new prices."""
    price = request.count * request.credits_per_image(model, sources)
    changes: list[dict[str, Any]] = []
    if isinstance(request, DrawingRequest) and (request.steps or 0) > model.default_steps:
        changes.append({"steps": model.default_steps})
    for count in (request.count // 2, 1):
        if 0 < count < request.count and {"count": count} not in changes:
            changes.append({"count": count})
    for change in changes:
        other = request.model_copy(update=change)
        less = other.count * other.credits_per_image(model, sources)
        if less < price:
            yield change, less
