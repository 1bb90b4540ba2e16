"""The studio with the built-in model, and orders for it, as every tool's tests use them."""

from functools import cache

from craftspark.catalogue import find_model
from craftspark.settings import WorkerSettings
from craftspark.tools import find_tool
from craftspark.tools.request import parse_request
from gpu_tasks.claim import ImageOrder
from gpu_tasks.drawn import Drawn
from gpu_tasks.studio import Studio, load_studio
from tests.fakes import a_job

SETTINGS = WorkerSettings(
    jobs_table="jobs",
    images_bucket="images",
    models_bucket="models",
    gpu_queue_url="http://queue",
    model="craftspark-clipart-128",
    device="cpu",
    gpu_queue_visibility_s=30,
    gpu_queue_max_receives=3,
    stop_grace_s=10,
    stall_s=60,
)
MODEL = find_model(SETTINGS.model)


@cache
def studio() -> Studio:
    """One studio for all tests of tools: it keeps nothing of what it rendered."""
    return load_studio(SETTINGS)


def silent(_share: float) -> None:
    pass


def an_order_of(tool: str, seed: int, body: str) -> ImageOrder:
    """An order as a worker gets it after such a request was submitted."""
    request = parse_request(find_tool(tool).request, body).for_model(MODEL)
    return ImageOrder(job=a_job(tool=tool, request=request.model_dump()), index=0, seed=seed)


def render(*orders: ImageOrder, by: Studio | None = None) -> list[Drawn]:
    """The orders' drawings, each of which is fit to be delivered."""
    drawings = []
    for drawn in (by or studio()).render(orders, silent):
        assert isinstance(drawn, Drawn), drawn
        drawings.append(drawn)
    return drawings
