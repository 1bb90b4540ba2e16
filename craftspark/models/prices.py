"""Prices: the credits for what a model takes on the device of its pool."""

from math import ceil

from craftspark.models.model import Model
from craftspark.models.work import Load

# The seconds of a GPU that one credit pays for. 25 steps of the built-in model, and an image of its default steps, cost
# one credit.
CREDIT_S = 0.3
# The result's pixels that one credit pays to encode and store, and with a fast upscaler to make.
PIXELS_A_CREDIT = 4 * 1024 * 1024


def credits_per_step(model: Model) -> float:
    """The price of a step of one drawing with its share of the call, in credits.

    It is rounded to hundredths, so that a new measurement of about the same speed does not change prices.
    """
    priced = model.priced
    return max(0.01, round(priced.drawing_s / priced.default_steps / CREDIT_S, 2))


def credits_for_steps(model: Model, steps: int) -> int:
    """The price of drawings that have this number of steps together, in whole credits."""
    return ceil(round(steps * credits_per_step(model), 6))


def credits_for_result(model: Model, pixels: int, megapixels: float) -> int:
    """The price of a result with this number of pixels, for which the upscaler processes `megapixels`, in whole
    credits.
    """
    return max(ceil(pixels / PIXELS_A_CREDIT), credits_for_seconds(megapixels * model.priced.profile.enlarge_s))


def credits_for_work(model: Model, load: Load) -> int:
    """The price of the time of the render thread that work takes, in whole credits, and at least one."""
    return max(1, credits_for_seconds(model.priced.profile.render_s(load)))


def credits_for_seconds(seconds: float) -> int:
    """The price of this time of a GPU, in whole credits."""
    return ceil(round(seconds / CREDIT_S, 6))
