"""The demo's view of the service: plain HTTP with a maker's token, as a front end has it."""

from dataclasses import dataclass
from typing import Any

import httpx

from local_cloud.demo.jobs import DemoJob

# A job as the API answers it.
JobView = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """The routes that the demo calls. A method raises httpx.HTTPError where the service refuses."""

    client: httpx.Client

    def submit(self, demo_job: DemoJob, source: str | None) -> JobView:
        named = {"source": source} if source else {}
        return self._json(self.client.post(f"/v1/tools/{demo_job.tool}/jobs", json={**demo_job.request, **named}))

    def read(self, job_id: str) -> tuple[JobView, float]:
        """The job, and the seconds until the next look at it."""
        answer = self.client.get(f"/v1/jobs/{job_id}")
        # Half of what the API says keeps the bars smooth.
        return self._json(answer), float(answer.headers.get("Retry-After", 0)) / 2

    def account(self) -> dict[str, Any]:
        return self._json(self.client.get("/v1/account"))

    def upload(self, picture: bytes) -> str:
        """Send a picture as a browser does; answers what names it in a request."""
        form = self._json(self.client.post("/v1/uploads", json={"content_type": "image/png"}))
        sent = httpx.post(form["url"], data=form["fields"], files={"file": ("picture.png", picture, "image/png")})
        sent.raise_for_status()
        return str(self._json(self.client.post(f"/v1/uploads/{form['upload_id']}/check"))["source"])

    @staticmethod
    def _json(response: httpx.Response) -> dict[str, Any]:
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def download(url: str) -> bytes:
    """The bytes behind a presigned URL; raises httpx.HTTPError."""
    return httpx.get(url, timeout=30).raise_for_status().content
