"""`takedown_visible_s`: how long a picture can still be seen after the answer to its takedown."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from benchmarks.entries import Entry
from local_cloud.demo.gallery.seeding import seed_gallery
from local_cloud.launcher.cloud import LocalCloud

PICTURES, GOAL_S, PATIENCE_S = 8, 2.0, 60.0

Place = Callable[[], bool]


def measure() -> list[Entry]:
    """Take down popular pictures of the examples, one after another, and look where each of them is shown.

    A sample is the time from the answer to the last place that shows the picture: its page, a list, a search, or a
    link to a file of it that a visitor had opened. All go through the distribution; the local one caches nothing.
    """
    with TemporaryDirectory() as folder, LocalCloud.run(Path(folder)) as cloud:
        cloud.stop_controller()
        seed_gallery(cloud)
        cloud.client("lambda").invoke(FunctionName=cloud.outputs["SnapshotPopularFunctionName"], Payload=b"{}")
        headers = {"Authorization": f"Bearer {cloud.service_token('Administrator')}"}
        with httpx.Client(base_url=cloud.api_url, timeout=60) as visitor:
            popular = visitor.get("/v1/gallery/pictures", params={"sort": "popular"}).raise_for_status().json()
            first, *others = [each["picture_id"] for each in popular["pictures"][: PICTURES + 1]]
            take_down(visitor, first, headers)  # starts the functions
            found = [take_down(visitor, picture_id, headers) for picture_id in others]
    samples = [round(max(places.values()), 3) for places in found]
    worst = {place: round(max(places[place] for places in found), 3) for place in found[0]}
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
    """Take a picture down. Returns the seconds until each place that showed it was first seen without it.

    Raises RuntimeError if a place does not show it before, and TimeoutError if one shows it for a minute after.
    """
    places = list_places(visitor, picture_id)
    if unseen := [name for name, shows in places.items() if not shows()]:
        raise RuntimeError(f"a public picture is not shown in {unseen}")
    answer = visitor.put(
        f"/v1/admin/gallery/pictures/{picture_id}/takedown", json={"reason": "copyright"}, headers=headers
    )
    answer.raise_for_status()
    start = time.perf_counter()
    with ThreadPoolExecutor(len(places)) as threads:
        return dict(zip(places, threads.map(partial(look_until_gone, start), places.values()), strict=True))


def look_until_gone(start: float, shows: Place) -> float:
    """Ask until the place does not show the picture. Returns when that was asked: the seconds since the start."""
    while True:
        asked_s = time.perf_counter() - start
        if not shows():
            return asked_s
        if asked_s > PATIENCE_S:
            raise TimeoutError(f"after {PATIENCE_S:g} s, a picture that was taken down is still shown")


def list_places(visitor: httpx.Client, picture_id: str) -> dict[str, Place]:
    """Where visitors see a picture, each with a request that returns whether it is shown there."""
    path = f"/v1/gallery/pictures/{picture_id}"
    shown = visitor.get(path).raise_for_status().json()
    neighbour = find_neighbour(visitor, picture_id)

    def listed(place: str, **query: str) -> Place:
        def shows() -> bool:
            pictures = visitor.get(f"/v1/gallery/{place}", params=query).raise_for_status().json()["pictures"]
            return picture_id in [each["picture_id"] for each in pictures]

        return shows

    return {
        "page": lambda: visitor.get(path).is_success,
        "newest": listed("pictures", limit="100", tool=shown["tool"]),
        "author": listed("pictures", limit="100", author=shown["author"]),
        "popular": listed("pictures", limit="100", sort="popular"),
        "search by words": listed("search", limit="48", words=shown["title"]),
        "search by likeness": listed("search", limit="48", like=neighbour),
        "picture": lambda: visitor.get(shown["url"]).is_success,
        "thumbnail": lambda: visitor.get(shown["thumbnail_url"]).is_success,
    }


def find_neighbour(visitor: httpx.Client, picture_id: str) -> str:
    """The public picture that is most like this one. Waits until the search knows it; raises TimeoutError."""
    for _ in range(int(PATIENCE_S * 5)):
        answer = visitor.get("/v1/gallery/search", params={"like": picture_id, "limit": "1"})
        if answer.is_success and (pictures := answer.json()["pictures"]):
            return str(pictures[0]["picture_id"])
        time.sleep(0.2)
    raise TimeoutError(f"after {PATIENCE_S:g} s, the search does not know a picture: {answer.text}")
