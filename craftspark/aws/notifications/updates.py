"""Changes in the jobs table, as its stream has them, and what live connections are sent of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from craftspark.aws.items import JOB, read_image, read_job
from craftspark.jobs.job import thumbnail_key
from craftspark.notifications.live import DeletionUpdate, ImageUpdate, ProgressUpdate, StateUpdate, Update


def updates_of(change: Mapping[str, Any], link: Callable[[str], str]) -> Iterator[tuple[str, Update]]:
    """Who is sent what of a change: the maker and the update. `change` has the item before and after, where it exists.

    `link` makes a temporary URL for the key of a thumbnail.
    """
    new, old = change.get("NewImage"), change.get("OldImage")
    if new is None or "maker" not in new:
        return
    maker, job_id = new["maker"]["S"], new["job_id"]["S"]
    kind, _, position = new["item"]["S"].partition("#")
    if kind == JOB:
        if "deleted_at" in new:
            if "deleted_at" not in (old or {}):
                yield maker, DeletionUpdate(job_id=job_id)
        elif old is None or old["state"] != new["state"]:
            yield maker, StateUpdate.of(read_job(new))
    elif kind == "image" and old is None:
        image = read_image(int(position), new)
        url = link(thumbnail_key(job_id, image.index))
        yield (
            maker,
            ImageUpdate(job_id=job_id, index=image.index, width=image.width, height=image.height, thumbnail_url=url),
        )
    elif kind == "batch":
        yield maker, ProgressUpdate(job_id=job_id, batch=int(position), percent=int(new["percent"]["N"]))
