"""Fill the gallery of a local cloud with pictures that the built-in model drew earlier.

They are examples, not jobs of this cloud: each is tagged `example`, and its file says what drew it. The files are
smaller than what the request makes. Their makers have names and like some of them, but nobody can sign in as one.
"""

import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from craftspark.aws.gallery.gallery_table import GalleryTable
from craftspark.aws.gallery.likes_table import LikesTable
from craftspark.aws.gallery.profiles_table import ProfilesTable
from craftspark.clock import utc_now
from craftspark.errors import PictureAlreadyPublished
from craftspark.gallery.pictures import Licence, Picture, author_of, picture_id_of
from craftspark.gallery.publishing import PICTURE_FILE, THUMBNAIL_FILE
from craftspark.jobs.job import job_id_of
from craftspark.pictures.thumbnails import encode_thumbnail
from craftspark.tools.request import WORD_FIELDS
from local_cloud.demo.gallery.requests import GalleryRequest, read_requests
from local_cloud.launcher.cloud import LocalCloud

FOLDER = Path(__file__).with_name("pictures")
MODEL = "craftspark-clipart-128"
TAG = "example"
# The model demands credit for its training pictures, so nothing of it is in the public domain.
LICENCES: tuple[Licence, ...] = ("cc-by-4.0", "cc-by-4.0", "cc-by-4.0", "personal")
BETWEEN = timedelta(minutes=47)  # two publications
TOGETHER = 8


def seed_gallery(cloud: LocalCloud) -> int:
    """Publish all examples; returns their number. What is published already stays as it is."""
    table = GalleryTable(client=cloud.client("dynamodb"), table=cloud.outputs["GalleryTableName"])
    bucket, s3 = cloud.outputs["GalleryBucketName"], cloud.client("s3")

    def publish(picture: Picture, name: str) -> None:
        for file, content, kind in make_files(name):
            s3.put_object(Bucket=bucket, Key=f"{picture.folder}/{file}", Body=content, ContentType=kind)
        with suppress(PictureAlreadyPublished):
            table.add(picture)

    profiles = ProfilesTable(client=table.client, table=table.table)
    likes = LikesTable(client=table.client, table=table.table)
    examples = list(list_examples(utc_now()))
    names = sorted({request.maker for request in read_requests()})
    for name in names:
        profiles.rename(author_of(maker_of(name)), name)
    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(publish, *zip(*examples, strict=True)))
        liked = [(picture.picture_id, maker_of(name)) for picture, file in examples for name in _likers(file, names)]
        list(pool.map(likes.add, *zip(*liked, strict=True)))
    return len(examples)


def list_examples(now: datetime) -> Iterator[tuple[Picture, str]]:
    """The examples, the newest first, with the names of their files."""
    facts: dict[str, Any] = json.loads((FOLDER / "pictures.json").read_text())
    mixed = sorted(read_requests(), key=lambda request: job_id_of("order", request.name))
    for number, request in enumerate(mixed):
        if (drawn := facts.get(request.name)) and drawn["state"] == "done":
            yield _picture(request, drawn, number, now - BETWEEN * (number + 1)), request.name


def _picture(request: GalleryRequest, drawn: dict[str, Any], number: int, published_at: datetime) -> Picture:
    job_id = job_id_of("example", request.name)
    picture_id = picture_id_of(job_id, 0)
    sent = request.request
    return Picture(
        picture_id=picture_id,
        maker=maker_of(request.maker),
        job_id=job_id,
        index=0,
        tool=request.tool,
        model=MODEL,
        title=request.title,
        tags=(*request.tags, TAG),
        licence=LICENCES[number % len(LICENCES)],
        width=drawn["width"],
        height=drawn["height"],
        alpha=drawn["alpha"],
        seed=request.seed,
        recipe={name: value for name, value in sent.items() if name not in (*WORD_FIELDS, "seed")},
        words={name: sent[name] for name in WORD_FIELDS if sent.get(name)},
        published_at=published_at,
        folder=f"pictures/{picture_id}/{job_id_of(picture_id, request.name)}",
    )


def _likers(file: str, makers: Sequence[str]) -> Sequence[str]:
    """The makers of examples who like one of them: one picture in six has likes, of up to all makers."""
    chance = sha256(file.encode()).digest()
    return makers[: chance[1] % len(makers) + 1] if chance[0] % 6 == 0 else ()


def maker_of(name: str) -> str:
    """The ID of the maker of examples with this name. Nobody can sign in with it."""
    return job_id_of("example maker", name)


def make_files(name: str) -> Iterator[tuple[str, bytes, str]]:
    """The files of a published picture: their names, contents and media types."""
    stored = FOLDER / f"{name}.webp"
    with Image.open(stored) as picture:
        picture.load()
    said = PngInfo()
    said.add_text("Description", f"An example of Craftspark's gallery, drawn by the model {MODEL}, reduced in size")
    said.add_text("Source", "AI-generated")
    png = io.BytesIO()
    picture.save(png, "PNG", pnginfo=said, compress_level=3)
    yield PICTURE_FILE, png.getvalue(), "image/png"
    yield THUMBNAIL_FILE, encode_thumbnail(picture), "image/webp"
