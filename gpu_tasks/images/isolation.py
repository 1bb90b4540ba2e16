"""Isolation of faults: the error of one order does not affect other orders of its wave."""

from collections.abc import Callable, Sequence

from aws_lambda_powertools import Logger

from craftspark.errors import SpotInterrupted
from craftspark.errors.worker import DeviceLost
from gpu_tasks.images.drawing import Drawing
from gpu_tasks.images.order import ImageOrder

logger = Logger(service="gpu_worker")


class WaveStopped(Exception):
    """The wave stops before its end, for images that cannot wait. Its images are drawn again later, with the same
    pixels.
    """


def draw_each(
    draw: Callable[[Sequence[ImageOrder]], Sequence[Drawing | Exception]], wave: Sequence[ImageOrder]
) -> list[Drawing | Exception]:
    """Return a drawing or an error for each order. Raises only SpotInterrupted, WaveStopped and DeviceLost.

    An exception from a wave does not identify the order that caused it. The orders of a failed wave are therefore drawn
    one by one, in calls of the same size. The other orders get the same pixels, and only the faulty order gets the
    error.
    """
    try:
        drawings = list(draw(wave))
        if len(drawings) != len(wave):
            raise ValueError(f"{len(drawings)} drawings of {len(wave)} orders")
        return drawings
    except (SpotInterrupted, WaveStopped, DeviceLost):
        raise
    except Exception as error:
        if len(wave) == 1:
            return [error]
        facts = {"images": len(wave), "reason": type(error).__name__}
        logger.warning("wave failed, its images are drawn one by one", extra=facts, exc_info=error)
    return [drawing for order in wave for drawing in draw_each(draw, [order])]
