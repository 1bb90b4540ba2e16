"""Whether a variation has exactly the width, the height and the transparency of its source."""

from itertools import product

from benchmarks.entries import Entry
from benchmarks.tools.orders import MODEL, REFERENCE, SETTINGS, build_image_order, render_orders
from benchmarks.tools.pictures import BenchPicture, load_pictures
from craftspark.errors import CraftsparkError
from craftspark.tools.sources import Source
from gpu_tasks.images.output import Png, encode_file
from gpu_tasks.renderers.loading import load_renderer
from gpu_tasks.renderers.tool_renderers import ToolRenderers

STRENGTHS = (0.1, 0.6)
STEPS = 2  # the number of steps does not change the size


def measure() -> list[Entry]:
    """Draw each of the shared pictures again and compare the sizes. A refused picture counts as another size."""
    pictures = {picture.name: picture for picture in load_pictures()}
    files = {name: encode_file(Png(pixels=picture.pixels)) for name, picture in pictures.items()}
    renderers = load_renderer(lambda source: files[source.key], SETTINGS).use(MODEL.name)
    cases = list(product(pictures.values(), STRENGTHS))
    kept = [keeps_size(renderers, picture, strength) for picture, strength in cases]
    return [
        Entry(
            name="variation_size_kept",
            value=round(sum(kept) / len(kept), 4),
            goal=1,
            better="higher",
            unit="share",
            beside={
                "variations": len(kept),
                "others": [f"{each[0].name} at {each[1]}" for each, same in zip(cases, kept, strict=True) if not same],
            },
        )
    ]


def keeps_size(renderers: ToolRenderers, picture: BenchPicture, strength: float) -> bool:
    height, width, channels = picture.pixels.shape
    source = Source(
        reference=REFERENCE, bucket="uploads", key=picture.name, width=width, height=height, alpha=channels == 4
    )
    order = build_image_order("variations", 1, source, prompt=picture.shows, strength=strength, steps=STEPS)
    try:
        done = renderers.finish(order, render_orders(renderers, order)[0])
    except CraftsparkError:
        return False
    return (done.width, done.height, done.alpha) == (width, height, channels == 4)
