"""`make demo`: real jobs through the whole path and every tool, on this machine."""

import io
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import resvg_py
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from local_cloud.cloud import LocalCloud
from local_cloud.contact_sheet import Cell, Row, contact_sheet
from local_cloud.state import DEFAULT
from local_cloud.wishes import WISHES, Wish

OUT = Path("build/demo")
# Bounds the wait for all jobs together: a slow laptop's worker alone takes a minute to load.
PATIENCE_S = 300

Job = dict[str, Any]

# A pipe has no width of its own; the table needs this much.
console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


@dataclass(frozen=True)
class Api:
    """The front end's view of the service: plain HTTP with a maker's token."""

    client: httpx.Client

    def submit(self, wish: Wish, source: str | None) -> Job:
        named = {"source": source} if source else {}
        return self._json(self.client.post(f"/v1/tools/{wish.tool}/jobs", json={**wish.request, **named}))

    def read(self, job_id: str) -> tuple[Job, float]:
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


def run() -> None:
    began = time.monotonic()
    OUT.mkdir(parents=True, exist_ok=True)
    console.print("[bold]Craftspark[/]: starting the local cloud and deploying the stacks ...")
    with LocalCloud.running(DEFAULT, report=console.print) as cloud:
        console.print(f"Deployed in {time.monotonic() - began:.1f} s. The API is at {cloud.api_url}")
        headers = {"Authorization": f"Bearer {cloud.sign_in()}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=30) as client:
            api = Api(client)
            jobs = fulfil(api, WISHES)
            account = api.account()
        contact_sheet([row(wish, jobs, save(wish, jobs[wish.name])) for wish in WISHES], OUT / "contact-sheet.png")
        console.print(table(jobs))
        took_s = time.monotonic() - began
        write_summary(jobs, account, took_s)
        farewell(account, took_s, jobs[WISHES[0].name]["job_id"])
        if os.environ.get("KEEP"):
            console.print("The local cloud stays up until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                cloud.wait()


def fulfil(api: Api, wishes: Sequence[Wish]) -> dict[str, Job]:
    """The wishes' jobs by name, once all have ended; a wish waits for its source. Raises TimeoutError."""
    deadline = time.monotonic() + PATIENCE_S
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    jobs: dict[str, Job] = {}
    looks: dict[str, float] = {}  # when each job is to be read again
    with Progress(*columns, console=console) as progress:
        bars = {
            wish.name: progress.add_task(f"{wish.tool} {wish.name}", total=1, state="waits", start=False)
            for wish in wishes
        }
        while len(jobs) < len(wishes) or any(not job.get("finished_at") for job in jobs.values()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all jobs ended within {PATIENCE_S} s; see the logs")
            for wish in wishes:
                if wish.name not in jobs and (wish.source is None or jobs.get(wish.source, {}).get("finished_at")):
                    jobs[wish.name] = api.submit(wish, source_of(api, wish, jobs))
                    progress.start_task(bars[wish.name])
            time.sleep(0.1)
            for name, job in jobs.items():
                if not job.get("finished_at") and time.monotonic() >= looks.get(name, 0):
                    jobs[name], pause_s = api.read(job["job_id"])
                    looks[name] = time.monotonic() + pause_s
                    progress.update(bars[name], completed=jobs[name].get("progress", 0), state=jobs[name]["state"])
                    if jobs[name].get("finished_at"):
                        progress.stop_task(bars[name])
    return jobs


def source_of(api: Api, wish: Wish, jobs: Mapping[str, Job]) -> str | None:
    """What names the wish's source in its request."""
    if wish.source is None:
        return None
    job = jobs[wish.source]
    if not wish.uploaded:
        return f"{job['job_id']}/0"
    return api.upload(fetched(job["images"][0]["url"]))


def fetched(url: str) -> bytes:
    return httpx.get(url, timeout=30).raise_for_status().content


def save(wish: Wish, job: Job) -> list[dict[str, Path]]:
    """Fetch every image and the files beside it over their presigned URLs: an image's paths by name."""
    saved = []
    for image in job["images"]:
        if image["state"] == "done":
            urls = {"picture.png": image["url"], **image.get("files", {})}
            paths = {name: OUT / f"{wish.tool}-{wish.name}-{image['index']}-{name}" for name in urls}
            paths["picture.png"] = OUT / f"{wish.tool}-{wish.name}-{image['index']}.png"
            for name, url in urls.items():
                paths[name].write_bytes(fetched(url))
            saved.append(paths)
    return saved


def row(wish: Wish, jobs: Mapping[str, Job], saved: Sequence[Mapping[str, Path]]) -> Row:
    """A job's pictures: what it began from first, a pattern as it repeats, a cut-out's file beside it."""
    cells = []
    if wish.source:
        cells.append(Cell(read_picture(fetched(jobs[wish.source]["images"][0]["url"])), "from"))
    for paths in saved:
        if "preview.webp" in paths:
            cells.append(Cell(read_picture(paths["picture.png"].read_bytes()), "tile"))
            cells.append(Cell(read_picture(paths["preview.webp"].read_bytes()), "repeated"))
        else:
            cells.append(Cell(read_picture(paths["picture.png"].read_bytes())))
        if "cut.svg" in paths:
            # A line to cut along is as thin as a hair; here it is to be seen.
            svg = paths["cut.svg"].read_text().replace('stroke-width="0.1"', 'stroke-width="1"')
            drawn = resvg_py.svg_to_bytes(svg_string=svg, width=512, dpi=96)
            cells.append(Cell(read_picture(bytes(drawn)), "cut file"))
    if wish.tool == "upscale":
        cells = [Cell(middle(cell.picture), f"{cell.label} {cell.picture.width} pixels".strip()) for cell in cells]
    return Row(wish.tool.capitalize(), wish.words, cells)


def read_picture(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def middle(picture: Image.Image) -> Image.Image:
    """The middle quarter, enlarged without smoothing: how sharp it is."""
    left, top = picture.width // 4, picture.height // 4
    cropped = picture.crop((left, top, left + picture.width // 2, top + picture.height // 2))
    return cropped.resize((512, 512), Image.Resampling.NEAREST)


def seconds(job: Job, start: str, end: str) -> float | None:
    if not (job.get(start) and job.get(end)):
        return None
    return (datetime.fromisoformat(job[end]) - datetime.fromisoformat(job[start])).total_seconds()


def figures(name: str, job: Job) -> dict[str, Any]:
    """What the table and the summary say of a job; waits and times are seconds."""
    return {
        "name": name,
        "job_id": job["job_id"],
        "tool": job["tool"],
        "lane": job["lane"],
        "state": job["state"],
        "images": job["delivered"],
        "queue_wait_s": seconds(job, "created_at", "started_at"),
        "render_s": round(sum(image.get("render_seconds", 0) for image in job["images"]), 2),
        "total_s": seconds(job, "created_at", "finished_at"),
        "credits": job["credits"]["spent"],
        "scores": [image.get("scores", {}) for image in job["images"]],
    }


def table(jobs: Mapping[str, Job]) -> Table:
    made = Table(title="Jobs")
    for name in ("job", "tool", "what", "lane", "state", "images", "queue wait", "render", "in all", "credits"):
        numeric = name in ("images", "queue wait", "render", "in all", "credits")
        made.add_column(name, justify="right" if numeric else "left")
    for name, job in jobs.items():
        values = figures(name, job)
        times = (
            f"{values[time]:.1f} s" if values[time] is not None else "-"
            for time in ("queue_wait_s", "render_s", "total_s")
        )
        made.add_row(
            values["job_id"][:8],
            values["tool"],
            name,
            values["lane"],
            values["state"],
            f"{values['images']}/{job['count']}",
            *times,
            str(values["credits"]),
        )
    return made


def write_summary(jobs: Mapping[str, Job], account: dict[str, Any], took_s: float) -> None:
    images = sum(job["delivered"] for job in jobs.values())
    tools = len({job["tool"] for job in jobs.values() if job["state"] == "succeeded"})
    entries = [
        {"name": "demo_images", "value": images, "goal": 4, "better": "higher", "unit": "images"},
        {"name": "demo_tools", "value": tools, "goal": 6, "better": "higher", "unit": "tools"},
        {"name": "demo_seconds", "value": round(took_s, 1), "goal": 90, "better": "lower", "unit": "s"},
    ]
    summary = {"entries": entries, "jobs": [figures(*named) for named in jobs.items()], "account": account}
    (OUT / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")


def farewell(account: dict[str, Any], took_s: float, job_id: str) -> None:
    console.print(
        f"{account['spent']} credits spent, {account['available']} left. {took_s:.0f} s in all.\n"
        f"Pictures: {OUT}/   contact sheet: {OUT}/contact-sheet.png   figures: {OUT}/summary.json\n"
        "Look further: [bold]make demo KEEP=1[/], and beside it in another terminal\n"
        f"  .venv/bin/python -m local_cloud executions {job_id}   a job's story\n"
        "  .venv/bin/python -m local_cloud status                  what is running\n"
        "  .venv/bin/python -m local_cloud logs worker             what the GPU worker said"
    )


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)
