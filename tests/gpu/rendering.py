"""The studio with the built-in model, and orders for it, as every tool's tests use them."""

from functools import cache

from craftspark.catalogue import find_model
from gpu_tasks.claim import ImageOrder
from gpu_tasks.drawn import Drawn
from gpu_tasks.studio import Studio, load_studio
from tests.fakes import WORKER_SETTINGS

MODEL = find_model(WORKER_SETTINGS.model)


@cache
def studio() -> Studio:
    """One studio for all tests of tools: it keeps nothing of what it rendered."""
    return load_studio(WORKER_SETTINGS)


def silent(_share: float) -> None:
    pass


def render(*orders: ImageOrder, by: Studio | None = None) -> list[Drawn]:
    """The orders' drawings, each of which is fit to be delivered."""
    drawings = []
    for drawn in (by or studio()).render(orders, silent):
        assert isinstance(drawn, Drawn), drawn
        drawings.append(drawn)
    return drawings
