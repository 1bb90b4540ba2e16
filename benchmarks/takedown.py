"""`takedown_visible_s`: how long a picture can still be seen after the answer to its takedown."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.entries import Entry
from local_cloud.demo.gallery.seeding import seed_gallery
from local_cloud.launcher.cloud import LocalCloud

PICTURES, GOAL_S, PATIENCE_S = 8, 2.0, 60.0
PLACES = ("page", "newest", "tool", "author", "popular", "file")


def measure() -> list[Entry]:
    """Take down popular pictures of the examples, one after another, and look where each of them is shown.

    A sample is the time from the answer to the last place that shows the picture: its page, a list, or the link to its
    file that a visitor had opened.
    """
    with TemporaryDirectory() as folder, LocalCloud.run(Path(folder)) as cloud:
        cloud.stop_controller()
        seed_gallery(cloud)
        cloud.client("lambda").invoke(FunctionName=cloud.outputs["SnapshotPopularFunctionName"], Payload=b"{}")
        headers = {"Authorization": f"Bearer {cloud.service_token('Administrator')}"}
        with httpx.Client(base_url=cloud.api_url, timeout=30) as visitor:
            popular = visitor.get("/v1/gallery/pictures", params={"sort": "popular"}).raise_for_status().json()
            first, *others = [each["picture_id"] for each in popular["pictures"]][: PICTURES + 1]
            take_down(visitor, first, headers)  # starts the functions
            found = [take_down(visitor, picture_id, headers) for picture_id in others]
    samples = [round(max(places.values()), 3) for places in found]
    worst = {place: round(max(places.get(place, 0.0) for places in found), 3) for place in PLACES}
    return [
        Entry(
            name="takedown_visible_s",
            value=max(samples),
            goal=GOAL_S,
            better="lower",
            unit="s",
            samples=samples,
            beside={f"{place}, at most": value for place, value in worst.items()},
        )
    ]


def take_down(visitor: httpx.Client, picture_id: str, headers: dict[str, str]) -> dict[str, float]:
    """Take a picture down. Returns the seconds until each place that showed it was first seen without it."""
    path = f"/v1/gallery/pictures/{picture_id}"
    shown = visitor.get(path).raise_for_status().json()
    lists = {
        "newest": {"limit": "100"},
        "tool": {"limit": "100", "tool": shown["tool"]},
        "author": {"limit": "100", "author": shown["author"]},
        "popular": {"sort": "popular", "limit": "100"},
    }

    def shows(place: str) -> bool:
        if place == "page":
            return visitor.get(path).status_code != httpx.codes.NOT_FOUND
        if place == "file":
            return visitor.get(shown["url"]).is_success
        pictures = visitor.get("/v1/gallery/pictures", params=lists[place]).raise_for_status().json()["pictures"]
        return picture_id in [each["picture_id"] for each in pictures]

    places = [place for place in PLACES if shows(place)]
    answer = visitor.put(f"/v1/admin{path[3:]}/takedown", json={"reason": "copyright"}, headers=headers)
    answer.raise_for_status()
    start = time.perf_counter()
    gone: dict[str, float] = {}
    while len(gone) < len(places):
        for place in places:
            asked_s = time.perf_counter() - start
            if place not in gone and not shows(place):
                gone[place] = asked_s
        if time.perf_counter() - start > PATIENCE_S:
            raise TimeoutError(
                f"after {PATIENCE_S:g} s, a picture that was taken down is shown in {set(places) - set(gone)}"
            )
    return gone
