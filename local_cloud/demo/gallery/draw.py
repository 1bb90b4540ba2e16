"""`python -m local_cloud.demo.gallery.draw` draws the pictures of the demo's gallery through the whole service.

Each is a separate job, so that its request and its seed make it again. Only what changed in the list is drawn.
"""

import io
import json
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from rich.console import Console

from local_cloud.demo.api import Api, JobView, download
from local_cloud.demo.gallery.requests import GalleryRequest, read_requests
from local_cloud.demo.jobs import DemoJob
from local_cloud.demo.run import run_jobs
from local_cloud.launcher.cloud import LocalCloud

FOLDER = Path(__file__).parent / "pictures"
FACTS = FOLDER / "pictures.json"
QUALITY = 82
STORED_PIXELS = 640  # of the longer side: 300 pictures of the delivered size would fill the repository
# The jobs that are submitted together, and the time for all of them.
TOGETHER, TIMEOUT_S = 24, 600


def draw(state_dir: Path) -> None:
    FOLDER.mkdir(exist_ok=True)
    facts: dict[str, Any] = json.loads(FACTS.read_text()) if FACTS.exists() else {}
    requests = {request.name: request for request in read_requests()}
    wanted = [each for each in requests.values() if facts.get(each.name, {}).get("request") != each.request]

    def keep(demo_job: DemoJob, job: JobView) -> None:
        facts[demo_job.name] = _save(requests[demo_job.name], job)
        print(demo_job.name, job["state"])

    with LocalCloud.run(state_dir, port=0, report=print) as cloud:
        headers = {"Authorization": f"Bearer {cloud.service_token('Partner')}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=60) as client:
            for start in range(0, len(wanted), TOGETHER):
                jobs = [
                    DemoJob(name=each.name, tool=each.tool, request={**each.request, "count": 1})
                    for each in wanted[start : start + TOGETHER]
                ]
                run_jobs(Api(client), jobs, keep, console=Console(), timeout_s=TIMEOUT_S)
                FACTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _save(request: GalleryRequest, job: JobView) -> dict[str, Any]:
    image = job["images"][0]
    facts = {"request": request.request, "state": image["state"]}
    if image["state"] != "done":
        return facts
    picture = Image.open(io.BytesIO(download(image["url"])))
    picture.thumbnail((STORED_PIXELS, STORED_PIXELS), Image.Resampling.LANCZOS)
    picture.save(FOLDER / f"{request.name}.webp", quality=QUALITY, method=6, alpha_quality=90)
    return {**facts, "width": picture.width, "height": picture.height, "alpha": "A" in picture.getbands()}


if __name__ == "__main__":
    draw(Path("build/gallery-cloud"))
