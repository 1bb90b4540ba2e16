"""Jobs and their parts as DynamoDB items.

A job's partition holds the job (`item` = "job"), its images ("image#0") and the progress of its batches ("batch#0").
Only unfinished jobs have the attribute `unfinished`, so the index of that name holds only unfinished jobs. Its keys
separate jobs without a known execution from the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeAlias

from pydantic_core import to_json

from craftspark.expiry import is_expired
from craftspark.jobs.job import BatchProgress, ImageFailure, Job, JobOutline, JobRecord, JobState, StoredImage
from craftspark.styles.releases import Pin
from craftspark.tools.lineage import Lineage
from craftspark.tools.sources import Source

Item: TypeAlias = dict[str, Any]

JOB = "job"
# Enough shards to write several thousand unfinished jobs per second.
UNFINISHED_SHARDS = 8
UNSTARTED = "unstarted#"
# Shards of each pool. Each takes up to 1,000 writes per second: the entry of an unfinished job, each stored image, and
# the job's end.
BACKLOG_SHARDS = 4
# The attributes of the index `by_maker` in addition to its keys: those that a list shows and filters by. A change of
# one of them is also a write to the index, under a key that all jobs of a maker share. The counter `images_stored` is
# not one of them.
OUTLINE_ATTRIBUTES = (
    "created_at",
    "credits_per_image",
    "deleted_at",
    "delivered",
    "expires_at",
    "finished_at",
    "images_deleted_at",
    "lane",
    "lineage",
    "request",
    "seeds",
    "started_at",
    "state",
    "thumbnails",
    "title",
    "tool",
    "uncharged",
)


def text(value: str) -> dict[str, str]:
    return {"S": value}


def number(value: float) -> dict[str, str]:
    return {"N": str(value)}


@lru_cache(maxsize=16)  # the items of one request have few different timestamps
def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, which sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text_or_none: str | None) -> datetime | None:
    return datetime.fromisoformat(text_or_none) if text_or_none else None


def to_plain_values(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item without its type descriptors. Numbers stay strings."""
    return {name: next(iter(value.values())) for name, value in item.items()}


def epoch(instant: datetime) -> dict[str, str]:
    return number(int(instant.timestamp()))


def live(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether an item may be read: it has not expired and was not deleted by its maker.

    DynamoDB removes expired items within days, so every reader checks this first.
    """
    if "deleted_at" in item:
        return False
    return "expires_at" not in item or not is_expired(datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC), now)


def job_key(job_id: str, item: str = JOB) -> Item:
    return {"job_id": text(job_id), "item": text(item)}


def unfinished_shard(job_id: str) -> str:
    """The index shard of an unfinished job with an execution."""
    return str(sum(job_id.encode()) % UNFINISHED_SHARDS)


def backlog_shard(pool: str, job_id: str) -> str:
    """The shard of its pool's backlog that has a job until the job is final."""
    return f"{pool}#{sum(job_id.encode()) % BACKLOG_SHARDS}"


def unstarted_shard(job_id: str) -> str:
    """The index shard of a job until its execution has started."""
    return f"{UNSTARTED}{unfinished_shard(job_id)}"


def job_item(job: Job) -> Item:
    """The item of a new job."""
    job_id, created_at = job.job_id, timestamp(job.created_at)
    return {
        "job_id": {"S": job_id},
        "item": {"S": JOB},
        "maker": {"S": job.maker},
        "created": {"S": f"{created_at}#{job_id}"},
        "tool": {"S": job.tool},
        "request": {"S": to_json(job.request).decode()},
        "model": {"S": job.model},
        "fingerprint": {"S": job.fingerprint},
        "lane": {"S": job.lane},
        "pool": {"S": job.pool},
        "seeds": {"L": [{"N": str(seed)} for seed in job.seeds]},
        "credits_per_image": {"N": str(job.credits_per_image)},
        "state": {"S": job.state},
        "created_at": {"S": created_at},
        "deadline": epoch(job.deadline),
        "expires_at": epoch(job.expires_at),
        "images_stored": {"N": "0"},
        "unfinished": {"S": unstarted_shard(job_id)},
        "images": {"N": str(job.count)},
        "kind": {"S": job.kind},
        "work_s": {"N": str(round(job.work_s, 3))},
        "shared_s": {"N": str(round(job.shared_s, 3))},
        "estimated_wait_s": {"N": str(job.estimated_wait_s)},
        "estimated_render_s": {"N": str(job.estimated_render_s)},
        "backlog": {"S": backlog_shard(job.pool, job_id)},
        **({"lineage": text(json.dumps(asdict(job.lineage)))} if job.lineage else {}),
        **({"refunds_missed_subject": {"BOOL": True}} if job.refunds_missed_subject else {}),
        **({"pin": text(json.dumps(asdict(job.pin)))} if job.pin else {}),
        **({"sources": text(json.dumps([_source_facts(source) for source in job.sources]))} if job.sources else {}),
    }


def _source_facts(source: Source) -> dict[str, Any]:
    """A source without its lineage, which is part of the job's own."""
    return {name: value for name, value in asdict(source).items() if name != "lineage"}


def failures_value(failures: Iterable[ImageFailure]) -> dict[str, str]:
    return text(json.dumps([asdict(failure) for failure in failures]))


def near_identical_value(images: Mapping[int, int]) -> Item:
    return {"M": {str(index): number(earlier) for index, earlier in images.items()}}


def read_outline(item: Mapping[str, Any]) -> JobOutline:
    """A job from the index `by_maker`, which has only OUTLINE_ATTRIBUTES."""
    return JobOutline(**_outline_fields(to_plain_values(item)))


def read_job(item: Mapping[str, Any]) -> Job:
    plain = to_plain_values(item)
    return Job(
        **_outline_fields(plain),
        model=plain["model"],
        fingerprint=plain["fingerprint"],
        pool=plain["pool"],
        deadline=datetime.fromtimestamp(int(plain["deadline"]), UTC),
        images_stored=int(plain["images_stored"]),
        failures=tuple(ImageFailure(**failure) for failure in json.loads(plain.get("failures", "[]"))),
        pin=Pin(**json.loads(plain["pin"])) if "pin" in plain else None,
        sources=tuple(Source(**source) for source in json.loads(plain.get("sources", "[]"))),
        kind=plain["kind"],
        work_s=float(plain["work_s"]),
        shared_s=float(plain["shared_s"]),
        estimated_wait_s=int(plain["estimated_wait_s"]),
        estimated_render_s=int(plain["estimated_render_s"]),
        refunds_missed_subject="refunds_missed_subject" in plain,
        near_identical={int(index): int(earlier["N"]) for index, earlier in plain.get("near_identical", {}).items()},
    )


def _outline_fields(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "job_id": plain["job_id"],
        "maker": plain["maker"],
        "tool": plain["tool"],
        "request": json.loads(plain["request"]),
        "lane": plain["lane"],
        "seeds": tuple(int(seed["N"]) for seed in plain["seeds"]),
        "credits_per_image": int(plain["credits_per_image"]),
        "state": JobState(plain["state"]),
        "created_at": datetime.fromisoformat(plain["created_at"]),
        "expires_at": datetime.fromtimestamp(int(plain["expires_at"]), UTC),
        "started_at": moment(plain.get("started_at")),
        "finished_at": moment(plain.get("finished_at")),
        "delivered": int(plain.get("delivered", 0)),
        "uncharged": int(plain.get("uncharged", 0)),
        "thumbnails": tuple(int(index["N"]) for index in plain.get("thumbnails", ())),
        "title": plain.get("title"),
        "images_deleted_at": moment(plain.get("images_deleted_at")),
        "lineage": _read_lineage(plain["lineage"]) if "lineage" in plain else None,
    }


def _read_lineage(value: str) -> Lineage:
    facts = json.loads(value)
    return Lineage(**{**facts, "ancestors": tuple(facts["ancestors"])})


def image_item(job: Job, image: StoredImage) -> Item:
    return {
        **job_key(job.job_id, f"image#{image.index}"),
        "maker": text(job.maker),
        "width": number(image.width),
        "height": number(image.height),
        "render_s": number(round(image.render_s, 3)),
        "stored_at": text(timestamp(image.stored_at)),
        "expires_at": epoch(job.expires_at),
        "seed": number(image.seed),
        **({"alpha": {"BOOL": True}} if image.alpha else {}),
        **({"files": text(json.dumps(image.files))} if image.files else {}),
        **({"scores": text(json.dumps(image.scores))} if image.scores else {}),
        **({"warning": text(image.warning)} if image.warning else {}),
        **({"subject_missed": {"BOOL": True}} if image.subject_missed else {}),
        **({"colour_layout": {"B": image.colour_layout}} if image.colour_layout else {}),
        **({"object_aspect": number(image.object_aspect)} if image.object_aspect else {}),
    }


def read_image(index: int, item: Mapping[str, Any]) -> StoredImage:
    return StoredImage(
        index=index,
        width=int(item["width"]["N"]),
        height=int(item["height"]["N"]),
        render_s=float(item["render_s"]["N"]),
        stored_at=datetime.fromisoformat(item["stored_at"]["S"]),
        seed=int(item["seed"]["N"]),
        alpha="alpha" in item,
        files=tuple(json.loads(item["files"]["S"])) if "files" in item else (),
        scores=json.loads(item["scores"]["S"]) if "scores" in item else {},
        warning=item["warning"]["S"] if "warning" in item else None,
        subject_missed="subject_missed" in item,
        colour_layout=item["colour_layout"]["B"] if "colour_layout" in item else None,
        object_aspect=float(item["object_aspect"]["N"]) if "object_aspect" in item else None,
    )


def read_record(items: Iterable[Mapping[str, Any]]) -> JobRecord | None:
    """A job's partition as a record, or None if the partition has no job."""
    job, images, progress = None, {}, []
    for item in items:
        kind, _, position = item["item"]["S"].partition("#")
        if kind == JOB:
            job = read_job(item)
        elif kind == "image":
            images[int(position)] = read_image(int(position), item)
        else:
            progress.append(
                BatchProgress(batch=int(position), images=int(item["images"]["N"]), percent=int(item["percent"]["N"]))
            )
    return JobRecord(job=job, images=images, progress=tuple(progress)) if job else None
