"""File names for downloads of images and their files: `red-apple-1.png`, `red-apple-1-cut.svg`."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from craftspark.jobs.job import Job, JobRecord, StoredImage, file_key, image_key, thumbnail_key
from craftspark.models.terms import Terms, find_terms

# Characters. With four bytes each, a number and a suffix, a name stays below the file systems' limit of 255 bytes.
MAX_STEM = 50
# Browsers show these in a tab, unless a link says otherwise, and save all others.
SHOWN = ("png", "webp")
PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Download:
    """An object of the images bucket. `disposition` is the Content-Disposition of the S3 response, if any.

    No URL for it is valid after `until`, when its job has expired, even if S3 has not deleted the object yet.
    """

    key: str
    disposition: str | None = None
    until: datetime | None = None


Links = Callable[[Iterable[Download]], list[str]]  # makes their URLs


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFile:
    """A file that a maker downloads, as `name`. `kind` is PICTURE, or the name among the image's files."""

    image: int
    kind: str
    name: str
    key: str


def files_of(job: Job, image: StoredImage, stem: str) -> Iterator[JobFile]:
    """The picture, and the other files of an image."""
    index, numbered = image.index, f"{stem}-{image.index + 1}"
    yield JobFile(image=index, kind=PICTURE, name=f"{numbered}.png", key=image_key(job.job_id, index))
    for name in image.files:
        yield JobFile(image=index, kind=name, name=f"{numbered}-{name}", key=file_key(job.job_id, index, name))


def files_of_job(record: JobRecord) -> list[JobFile]:
    """The files of all available images of a job."""
    stem = stem_of(record.job)
    return [file for image in record.available for file in files_of(record.job, image, stem)]


def download_of(job: Job, file: JobFile, *, saved: bool = False) -> Download:
    """The download of a file under its name. Browsers save a `saved` one, even if they could show it."""
    return Download(file.key, disposition_of(file.name, job.tool, saved=saved), job.expires_at)


def downloads_of(job: Job, image: StoredImage, stem: str) -> Iterator[Download]:
    """The image, its thumbnail and its files, in the order of `keys_of`."""
    picture, *files = files_of(job, image, stem)
    yield download_of(job, picture)
    yield Download(thumbnail_key(job.job_id, image.index), until=job.expires_at)
    for file in files:
        yield download_of(job, file)


def terms_of_job(job: Job) -> Terms:
    """The terms of a job's images."""
    return find_terms(job.model, job.request.get("style"))


def stem_of(job: Job) -> str:
    """The job's title, else its prompt, else its tool, as words of letters and digits joined by hyphens."""
    candidates = (job.title or "", str(job.request.get("prompt") or ""))
    return next(filter(None, map(_slug, candidates)), job.tool)


def disposition_of(name: str, otherwise: str, *, saved: bool = False) -> str:
    """A Content-Disposition with this file name, according to RFC 6266.

    A name with characters outside ASCII is in `filename*`. Clients that do not support that use `filename`, which has
    the nearest ASCII letters, or `otherwise` if no word has any.
    """
    stem, _, suffix = name.rpartition(".")
    kind = "inline" if suffix in SHOWN and not saved else "attachment"
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
