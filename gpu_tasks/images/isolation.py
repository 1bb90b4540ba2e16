"""The fault of one order stays with that order, although orders share waves."""

from collections.abc import Callable, Sequence

from aws_lambda_powertools import Logger

from craftspark.errors import CraftsparkError, SpotInterrupted
from gpu_tasks.images.drawn import Drawn
from gpu_tasks.images.order import ImageOrder


class DeviceLost(CraftsparkError):
    """The GPU takes no more work from this process. Which order broke it, nobody can tell."""


logger = Logger(service="gpu_worker")


def draw_each(
    draw: Callable[[Sequence[ImageOrder]], Sequence[Drawn | Exception]], wave: Sequence[ImageOrder]
) -> list[Drawn | Exception]:
    """For each order its drawing, or what kept it from having one; raises SpotInterrupted and DeviceLost alone.

    An exception out of a wave does not say whose it is. So the orders of a wave that breaks are drawn one by one, each
    in a call of the same size as before: the others get the same pixels, and only the order at fault has the error.
    """
    try:
        drawings = list(draw(wave))
        if len(drawings) != len(wave):
            raise ValueError(f"{len(drawings)} drawings of {len(wave)} orders")
        return drawings
    except (SpotInterrupted, DeviceLost):
        raise
    except Exception as error:
        if len(wave) == 1:
            return [error]
        facts = {"images": len(wave), "reason": type(error).__name__}
        logger.warning("wave broke, its images are drawn one by one", extra=facts, exc_info=error)
    return [drawing for order in wave for drawing in draw_each(draw, [order])]
