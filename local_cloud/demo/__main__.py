"""Start the local cloud, run the demo jobs and save their images. With KEEP=1 the cloud keeps running."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape

from local_cloud.demo.api import Api, JobView
from local_cloud.demo.contact_sheet import draw_contact_sheet, draw_tools_strip
from local_cloud.demo.gallery.seeding import seed_gallery
from local_cloud.demo.jobs import DEMO_JOBS, DemoJob
from local_cloud.demo.pictures import Files, build_row, save
from local_cloud.demo.results import jobs_table, write_summary
from local_cloud.demo.run import run_jobs
from local_cloud.launcher.cloud import LocalCloud
from local_cloud.launcher.state import DEFAULT
from local_cloud.launcher.studio import describe_studio

OUT = Path("build/demo")

# A pipe has no width. The table needs 140 columns.
console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)


class Progress:
    """Prints each step with the seconds since the start, and saves the images of each job when the job ends."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.first_picture_s: float | None = None
        self.saved: dict[str, list[Files]] = {}

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def report(self, text: str) -> None:
        console.print(f"[dim]{self.elapsed_s:4.0f} s[/]  {escape(text)}", soft_wrap=True)

    def save_job(self, demo_job: DemoJob, job: JobView) -> None:
        files = self.saved[demo_job.name] = save(demo_job, job, OUT)
        if files and self.first_picture_s is None:
            self.first_picture_s = self.elapsed_s
        path = f": {files[0]['picture.png']}" if files else ""
        self.report(f"{demo_job.tool} {demo_job.name} {job['state']}, {len(files)} of {job['count']} images{path}")


def run() -> None:
    progress = Progress()
    OUT.mkdir(parents=True, exist_ok=True)
    console.print(f"[bold]Craftspark[/]: {len(DEMO_JOBS)} jobs through the whole service on this machine")
    progress.report("Starting the AWS emulator")
    with LocalCloud.run(DEFAULT, report=progress.report) as cloud:
        progress.report(f"Deployed. API: {cloud.api_url}")
        headers = {"Authorization": f"Bearer {cloud.sign_in()}"}
        with httpx.Client(base_url=cloud.api_url, headers=headers, timeout=60) as client:
            api = Api(client)
            progress.report("Submitting the jobs over HTTP as a signed-in maker")
            jobs = run_jobs(api, DEMO_JOBS, progress.save_job, console=console)
            account = api.account()
        progress.report("Drawing the contact sheet")
        rows = [build_row(demo_job, progress.saved) for demo_job in DEMO_JOBS]
        draw_contact_sheet(rows, OUT / "contact-sheet.png")
        draw_tools_strip(rows, OUT / "tools.png")
        console.print(jobs_table(jobs))
        took_s = progress.elapsed_s
        write_summary(OUT / "summary.json", jobs, account, took_s=took_s, first_picture_s=progress.first_picture_s)
        console.print(
            f"{account['spent']} credits spent, {account['available']} available. {took_s:.0f} s in total.\n"
            f"Pictures: {OUT}/   contact sheet: {OUT}/contact-sheet.png   summary: {OUT}/summary.json"
        )
        keep = bool(os.environ.get("KEEP"))
        print_next_steps(jobs[DEMO_JOBS[0].name]["job_id"] if keep else None)
        if keep:
            progress.report(f"{seed_gallery(cloud)} examples are in the gallery")
            console.print(describe_studio(cloud), soft_wrap=True)
            console.print("The local cloud is running. Press Ctrl-C to stop it.")
            with suppress(KeyboardInterrupt):
                cloud.wait()


def print_next_steps(job_id: str | None) -> None:
    """Print commands that explore the running cloud. Without a job ID, the cloud stops now, and its jobs are lost."""
    commands = {"status": "show what is running", "logs worker": "print the log of the GPU worker"}
    if job_id is None:
        console.print("To explore, run [bold]make demo KEEP=1[/], and in another terminal:")
        commands["executions"] = "list the executions of jobs"
    else:
        console.print("To explore, in another terminal:")
        commands[f"executions {job_id}"] = "show the states of a job"
    width = max(map(len, commands))
    for command, description in commands.items():
        console.print(f"  .venv/bin/python -m local_cloud {command:{width}}   {description}", soft_wrap=True)


if __name__ == "__main__":
    try:
        run()
    except KeyboardInterrupt:
        sys.exit(130)
