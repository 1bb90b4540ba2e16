"""`python -m scripts.quota_table`: write the table of quotas in docs/operations.md from local_cloud/quotas.py."""

from collections.abc import Sequence
from pathlib import Path

from local_cloud.quotas import QUOTAS, READ_ON, Quota

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
START, END = "<!-- The table of quotas: `make fix` writes it. -->\n", "<!-- The end of the table. -->\n"
COLUMNS = (
    "quota",
    "limit",
    "limit elsewhere",
    "burst",
    "burst elsewhere",
    "a job takes",
    "jobs per second",
    "jobs per second elsewhere",
)
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|\n"
MOST = 1_000_000  # a larger number of jobs per second says nothing


def insert_table(page: str, quotas: Sequence[Quota] = QUOTAS) -> str:
    """The page with one row for each quota between the two marks, the first one that jobs reach first."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    ordered = sorted(quotas, key=lambda quota: quota.jobs_per_s or MOST)
    rows = "".join(map(_format_row, ordered))
    note = f"Read on {READ_ON.isoformat()}. Service Quotas shows those of your account."
    return f"{before}{START}\n{HEAD}{rows}\n{note}\n\n{END}{after}"


def _format_row(quota: Quota) -> str:
    unit = "/s" if quota.kind == "rate" else ""
    taken = f"{quota.per_job:g}{' s' if quota.kind == 'level' else ''}"
    cells = (
        f"[{quota.name}]({quota.source})",
        f"{quota.limit:,}{unit}",
        f"{quota.elsewhere:,}{unit}",
        _format_burst(quota.burst),
        _format_burst(quota.burst_elsewhere or quota.burst),
        taken if quota.per_job else f"- (grows with {quota.grows_with})",
        _format_jobs(quota.jobs_per_s),
        _format_jobs(quota.jobs_per_s_elsewhere),
    )
    return f"| {' | '.join(cells)} |\n"


def _format_burst(burst: int | None) -> str:
    return "-" if burst is None else f"{burst:,}"


def _format_jobs(jobs_per_s: float | None) -> str:
    return "-" if jobs_per_s is None else f"{int(jobs_per_s):,}"


if __name__ == "__main__":
    PAGE.write_text(insert_table(PAGE.read_text()))
