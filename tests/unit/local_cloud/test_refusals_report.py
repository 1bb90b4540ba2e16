"""The refusals that `python -m local_cloud fleet` shows."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_cloud.reports.refusals import Refusals, find_refusals

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def line(minutes_ago: float, message: str = "admission refused", **fields: object) -> str:
    at = NOW - timedelta(minutes=minutes_ago)
    return json.dumps({"message": message, "timestamp": f"{at:%Y-%m-%d %H:%M:%S},000+0000", **fields})


def write(logs: Path, *lines: str, function: str = "submit_job") -> None:
    (logs / "lambdas").mkdir(exist_ok=True)
    (logs / "lambdas" / f"{function}.log").write_text("\n".join(lines) + "\n")


def test_refusals_of_the_last_minutes_are_counted_by_pool_and_plan_with_the_last_waits(tmp_path: Path) -> None:
    write(
        tmp_path,
        line(11, pool="draw", plan="pro", estimated_wait_s=500),
        line(9, pool="draw", plan="plus", estimated_wait_s=150, bulk_wait_s=400),
        line(5, pool="draw", plan="free", estimated_wait_s=80),
        line(4, pool="draw", plan="plus", estimated_wait_s=130, bulk_wait_s=300),
        line(3, pool="enlarge", plan="any"),
        line(2, message="request refused", pool="draw", plan="free", detail="admission refused"),
        "a line of another shape: admission refused",
    )
    write(tmp_path, line(1, pool="draw", plan="free"), function="quote_job")

    assert list(find_refusals(tmp_path, NOW)) == [
        Refusals("draw", "free", 1, 80, None),
        Refusals("draw", "plus", 2, 130, 300),
        Refusals("enlarge", "any", 1, None, None),
    ]


def test_without_logs_there_are_no_refusals(tmp_path: Path) -> None:
    assert list(find_refusals(tmp_path, NOW)) == []
