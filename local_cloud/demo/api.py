"""The demo's client of the API: HTTP with a maker's token, as a front end uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from craftspark.tools import find_tool
from local_cloud.demo.jobs import DemoJob

# A job as the API returns it.
JobView = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """The routes that the demo calls. Each method raises httpx.HTTPError for an error response."""

    client: httpx.Client

    def submit(self, demo_job: DemoJob, references: Sequence[str]) -> JobView:
        request = find_tool(demo_job.tool).request.add_sources(demo_job.request, references)
        headers = {"Idempotency-Key": demo_job.key} if demo_job.key else {}
        return self._json(self.client.post(f"/v1/tools/{demo_job.tool}/jobs", json=request, headers=headers))

    def read(self, job_id: str) -> tuple[JobView, float]:
        """The job, and the seconds until the next poll."""
        response = self.client.get(f"/v1/jobs/{job_id}")
        # Half of the API's interval keeps the progress bars smooth.
        return self._json(response), float(response.headers.get("Retry-After", 0)) / 2

    def account(self) -> dict[str, Any]:
        return self._json(self.client.get("/v1/account"))

    def upload(self, picture: bytes) -> str:
        """Upload a picture with a form, as a browser does; returns the `source` for a request."""
        form = self._json(self.client.post("/v1/uploads", json={"content_type": "image/png"}))
        file = {"file": ("picture.png", picture, "image/png")}
        response = httpx.post(form["url"], data=form["fields"], files=file, timeout=60)
        response.raise_for_status()
        return str(self._json(self.client.post(f"/v1/uploads/{form['upload_id']}/check"))["source"])

    @staticmethod
    def _json(response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        body: dict[str, Any] = response.json()
        return body


def download(url: str) -> bytes:
    """The content of a presigned URL; raises httpx.HTTPError."""
    return httpx.get(url, timeout=60).raise_for_status().content
