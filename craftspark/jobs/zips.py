"""A zip of the files of a job, with their terms."""

import hashlib
import json
from dataclasses import dataclass
from typing import Self

from craftspark.errors import FilesMissing
from craftspark.jobs.downloads import Download, JobFile, disposition_of, files_of_job, stem_of, terms_of_job
from craftspark.jobs.job import JobRecord
from craftspark.models.terms import Terms

TERMS_NAME = "licence.txt"


@dataclass(frozen=True, kw_only=True)
class JobZip:
    """What a zip contains. `prefix` is the key prefix of a job's zips. A zip with other content has another key."""

    job_id: str
    name: str
    files: tuple[JobFile, ...]
    terms: str
    download: Download

    @classmethod
    def of(cls, record: JobRecord) -> Self:
        """The zip of the delivered images. Raises FilesMissing."""
        job, files = record.job, tuple(files_of_job(record))
        if not files:
            raise FilesMissing(f"job {job.job_id} has no files", field="job_id")
        text = write_terms(terms_of_job(job))
        content = [[file.name, file.key] for file in files], [str(image.stored_at) for image in record.available], text
        digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
        name = f"{stem_of(job)}.zip"
        return cls(
            job_id=job.job_id,
            name=name,
            files=files,
            terms=text,
            download=Download(
                f"{zips_prefix(job.job_id)}{digest}.zip", disposition_of(name, job.tool), until=job.expires_at
            ),
        )


def zips_prefix(job_id: str) -> str:
    """The key prefix of the zips of a job in the images bucket."""
    return f"zips/{job_id}/"


def write_terms(terms: Terms) -> str:
    """The text of the file in the zip: usage, credit and the licences with their sources."""
    licences = [f"{licence.title}: {licence.source}" for licence in terms.licences]
    return "\n".join([*filter(None, (terms.usage, terms.credit)), "", *licences, ""])
