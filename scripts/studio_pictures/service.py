"""Jobs of a running local cloud, whose images become the pictures of Studio."""

import hashlib
import io
import json
from typing import Any

import httpx
from PIL import Image
from rich.console import Console

from local_cloud.demo.api import Api, JobView, download
from local_cloud.demo.jobs import DemoJob
from local_cloud.demo.run import run_jobs
from local_cloud.launcher.cloud import LocalCloud

SEED = 7
TIMEOUT_S = 600  # of one job


class Service:
    """The API of a local cloud, for its demo maker. The same request again returns the same job."""

    def __init__(self, cloud: LocalCloud) -> None:
        headers = {"Authorization": f"Bearer {cloud.sign_in()}"}
        self._api = Api(httpx.Client(base_url=cloud.api_url, headers=headers, timeout=60))

    def job(self, tool: str, **request: Any) -> JobView:
        """The job of a request, once it has ended. Raises httpx.HTTPStatusError if it is refused, or TimeoutError."""
        body = {"seed": SEED} | request
        key = hashlib.sha256(json.dumps([tool, body], sort_keys=True).encode()).hexdigest()
        wanted = DemoJob(name=tool, tool=tool, request=body, key=key)
        ended = run_jobs(self._api, [wanted], console=Console(), timeout_s=TIMEOUT_S)[tool]
        # A repeated request returns the job without its images.
        return self._api.read(ended["job_id"])[0]

    def image(self, tool: str, index: int = 0, file: str | None = None, **request: Any) -> tuple[Image.Image, str]:
        """One image of a job, or a further file of it, and its name as a source."""
        data, source = self.file(tool, index, file, **request)
        return Image.open(io.BytesIO(data)).convert("RGBA"), source

    def file(self, tool: str, index: int = 0, file: str | None = None, **request: Any) -> tuple[bytes, str]:
        """The PNG of one image, or a further file of it, and its name as a source."""
        job = self.job(tool, count=index + 1, **request)
        made = job["images"][index]
        if made["state"] != "done":
            raise SystemExit(f"{tool} {request}: {made}")
        return download(made["files"][file] if file else made["url"]), f"{job['job_id']}/{index}"
