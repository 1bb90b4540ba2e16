"""`largest_paint_s`: when a visitor with a slow processor sees the largest content of a page of Studio."""

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Browser, ViewportSize

from benchmarks.entries import Entry
from local_cloud.demo.gallery.seeding import seed_gallery
from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.studio.browser import launched, opened

RUNS, SLOWER, GOAL_S = 5, 4, 2.5
PHONE: ViewportSize = {"width": 390, "height": 844}
WATCH_PAINTS = """
  new PerformanceObserver((list) => {
    window.largestPaint = list.getEntries().at(-1).startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
"""


def measure() -> list[Entry]:
    """Load pages of the build through the distribution, each time in a new window without a cache.

    The value is the median of the slowest page. Only the processor is slowed down, not the network.
    """
    with TemporaryDirectory() as folder, LocalCloud.run(Path(folder)) as cloud, launched() as browser:
        cloud.stop_controller()
        seed_gallery(cloud)
        answer = httpx.get(f"{cloud.api_url}/v1/gallery/pictures", timeout=60, trust_env=False)
        shown = answer.raise_for_status().json()["pictures"]
        paths = {"make": "/", "gallery": "/gallery", "picture": f"/gallery/{shown[0]['picture_id']}"}
        for path in paths.values():
            load(browser, cloud.api_url, path)  # starts the functions
        paints = {page: [load(browser, cloud.api_url, path) for _ in range(RUNS)] for page, path in paths.items()}
    medians = {page: round(median(samples), 3) for page, samples in paints.items()}
    slowest = max(medians, key=lambda page: medians[page])
    return [
        Entry(
            name="largest_paint_s",
            value=medians[slowest],
            goal=GOAL_S,
            better="lower",
            unit="s",
            samples=[round(sample, 3) for sample in paints[slowest]],
            beside={"processor slower by": SLOWER, **{f"{page}, median": value for page, value in medians.items()}},
        )
    ]


def load(browser: Browser, site: str, path: str) -> float:
    """Open a page as a visitor with a phone. Returns the seconds until its largest content is painted."""
    window = opened(browser, site, None)
    page = window.page
    page.set_viewport_size(PHONE)
    page.add_init_script(WATCH_PAINTS)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    window.open(path)
    window.settle()
    painted_ms: float = page.evaluate("window.largestPaint")
    page.context.close()
    return painted_ms / 1000
