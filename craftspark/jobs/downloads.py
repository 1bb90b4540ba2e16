"""File names for downloads of images and their files: `red-apple-1.png`, `red-apple-1-cut.svg`."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from craftspark.jobs.job import Job, StoredImage, file_key, image_key, thumbnail_key

# Characters. With four bytes each, a number and a suffix, a name stays below the file systems' limit of 255 bytes.
MAX_STEM = 50
# Browsers show these in a tab and save all others.
SHOWN = ("png", "webp")


@dataclass(frozen=True, slots=True)
class Download:
    """An object of the images bucket. `disposition` is the Content-Disposition of the S3 response, if any.

    No URL for it is valid after `until`, when its job has expired, even if S3 has not deleted the object yet.
    """

    key: str
    disposition: str | None = None
    until: datetime | None = None


def downloads_of(job: Job, image: StoredImage, stem: str) -> Iterator[Download]:
    """The image, its thumbnail and its files, in the order of `keys_of`."""
    numbered, until = f"{stem}-{image.index + 1}", job.expires_at
    yield Download(image_key(job.job_id, image.index), disposition_of(f"{numbered}.png", job.tool), until)
    yield Download(thumbnail_key(job.job_id, image.index), until=until)
    for name in image.files:
        yield Download(file_key(job.job_id, image.index, name), disposition_of(f"{numbered}-{name}", job.tool), until)


def stem_of(job: Job) -> str:
    """The job's title, else its prompt, else its tool, as words of letters and digits joined by hyphens."""
    candidates = (job.title or "", str(job.request.get("prompt") or ""))
    return next(filter(None, map(_slug, candidates)), job.tool)


def disposition_of(name: str, otherwise: str) -> str:
    """A Content-Disposition with this file name, according to RFC 6266.

    A name with characters outside ASCII is in `filename*`. Clients that do not support that use `filename`, which has
    the nearest ASCII letters, or `otherwise` if no word has any.
    """
    stem, _, suffix = name.rpartition(".")
    kind = "inline" if suffix in SHOWN else "attachment"
    if name.isascii():
        return f'{kind}; filename="{name}"'
    plain = _slug(unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode())
    if not any(letter.isalpha() for letter in plain.partition("-")[0]):
        plain = f"{otherwise}-{plain}".rstrip("-")
    return f"{kind}; filename=\"{plain}.{suffix}\"; filename*=UTF-8''{quote(name, safe='')}"


def _slug(words: str) -> str:
    """Lower-case letters, digits and marks of any script, cut between words if possible. Everything else becomes
    hyphens.
    """
    composed = unicodedata.normalize("NFC", words).lower()
    kept = "".join(sign if unicodedata.category(sign)[0] in "LNM" else " " for sign in composed)
    slug = "-".join(kept.split())
    if len(slug) <= MAX_STEM:
        return slug
    head, hyphen, _ = slug[: MAX_STEM + 1].rpartition("-")
    return head if hyphen else slug[:MAX_STEM]
