"""`python -m local_cloud.demo.gallery.draw` draws the pictures of the demo's gallery through the whole service.

Each is a separate job, so that its request and its seed make it again. Only what changed in the list is drawn.
"""

import io
import json
import time
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from local_cloud.demo.api import download
from local_cloud.demo.gallery.requests import GalleryRequest, read_requests
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
    wanted = [request for request in read_requests() if facts.get(request.name, {}).get("request") != request.request]
    with LocalCloud.run(state_dir, port=0, report=print) as cloud:
        headers = {"Authorization": f"Bearer {cloud.service_token('Partner')}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=30) as client:
            for start in range(0, len(wanted), TOGETHER):
                for request, job in _run(client, wanted[start : start + TOGETHER]):
                    facts[request.name] = _save(request, job)
                    print(request.name, job["state"])
                FACTS.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _run(client: httpx.Client, requests: list[GalleryRequest]) -> list[tuple[GalleryRequest, dict[str, Any]]]:
    jobs = []
    for request in requests:
        response = client.post(f"/v1/tools/{request.tool}/jobs", json={**request.request, "count": 1})
        response.raise_for_status()
        jobs.append((request, response.json()["job_id"]))
    ended, deadline = [], time.monotonic() + TIMEOUT_S
    for request, job_id in jobs:
        while not (job := client.get(f"/v1/jobs/{job_id}").raise_for_status().json()).get("finished_at"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{request.name} did not end within {TIMEOUT_S} s")
            time.sleep(0.5)
        ended.append((request, job))
    return ended


def _save(request: GalleryRequest, job: dict[str, Any]) -> dict[str, Any]:
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
