"""The API as a front end sees it."""

from dataclasses import dataclass
from typing import Any

import httpx

from local_cloud.launcher.cloud import LocalCloud
from tests.e2e.waiting import HANGS_AFTER_S, eventually

ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")

# All tests share one pool of connections, which waits for longer than any machine takes. The session closes it.
HTTP = httpx.Client(timeout=HANGS_AFTER_S, trust_env=False)


@dataclass(frozen=True)
class FrontEnd:
    """Plain HTTP with a maker's token, or with another value in its place."""

    cloud: LocalCloud
    token: str | None

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= request.pop("headers", {})
        return HTTP.request(method, self.cloud.api_url + path, headers=headers, **request)

    def submit(self, prompt: str = "a red apple", *, key: str | None = None, **request: Any) -> httpx.Response:
        """Submit a job for pictures. With this seed, all drawings of "a red apple" show one and are charged."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"prompt": prompt, "seed": 1, **request}
        return self.call("POST", "/v1/tools/picture/jobs", json=body, headers=headers)

    def accepted(self, prompt: str = "a red apple", **request: Any) -> str:
        """Submit a job that must be accepted, and return its id."""
        answer = self.submit(prompt, **request)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    def post(self, content: bytes, content_type: str = "image/jpeg", **fields: str) -> tuple[str, httpx.Response]:
        """Ask for the form of an upload, and post a file with it. Returns the upload's ID and the bucket's answer."""
        form = self.call("POST", "/v1/uploads", json={"content_type": content_type}).json()
        data = {**form["fields"], **fields}
        return form["upload_id"], HTTP.post(form["url"], data=data, files={"file": ("picture", content, content_type)})

    def uploaded(self, content: bytes, content_type: str = "image/jpeg") -> dict[str, Any]:
        """Upload a picture that must be accepted. Returns what the check says, with the `source` for requests."""
        upload_id, posted = self.post(content, content_type)
        assert posted.status_code == 204, posted.text
        checked = self.call("POST", f"/v1/uploads/{upload_id}/check")
        assert checked.status_code == 200, checked.text
        return dict(checked.json())

    def read(self, job_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/v1/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait until the job has ended, and return it."""

        def look() -> dict[str, Any] | None:
            job = self.read(job_id)
            return job if "finished_at" in job else None

        job = eventually(look)
        assert job
        return job

    def account(self) -> dict[str, Any]:
        account: dict[str, Any] = self.call("GET", "/v1/account").json()
        assert account["granted"] == account["available"] + account["reserved"] + account["spent"] + account["expired"]
        return account

    def balance(self) -> tuple[int, int, int]:
        """The credits taken from those granted, the reserved credits and the spent credits."""
        account = self.account()
        return account["granted"] - account["available"], account["reserved"], account["spent"]


def states_entered(cloud: LocalCloud, job_id: str) -> list[str]:
    """The names of the states that the job's execution entered, in order, when it has ended: a job has its final state
    before its execution ends.
    """
    history = eventually(lambda: _find_ended_history(cloud, job_id))
    return [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]


def _find_ended_history(cloud: LocalCloud, job_id: str) -> list[dict[str, Any]]:
    """The events of the job's execution, or none while it runs."""
    history = cloud.execution_history(job_id)
    return history if history and history[-1]["type"] in ENDS else []
