"""The highest cost of an upload check, measured with files that are designed to be expensive."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.entries import Entry
from benchmarks.hostile import HOSTILE
from benchmarks.hostile.legal import LEGAL
from benchmarks.hostile.parts import Files

# Each file has its own process. The system reports the peak memory of all child processes until now, and a child's peak
# includes the memory of its parent at the start.
MEASURE = """
import json, resource, sys
from craftspark.errors import InvalidInput
from craftspark.pictures.cleaning import clean
try:
    clean(open(sys.argv[1], "rb").read())
    accepted = True
except InvalidInput:
    accepted = False
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu_s = usage.ru_utime + usage.ru_stime
print(json.dumps({"cpu_s": cpu_s, "peak": usage.ru_maxrss, "accepted": accepted}))
"""
CHECK_S = 120


@dataclass(frozen=True)
class Check:
    """The check of one file: CPU seconds and peak memory (in the system's unit) of the process that decodes it."""

    cpu_s: float
    peak: int
    accepted: bool


def check_files(files: Files) -> dict[str, Check]:
    """Check every file. Raises CalledProcessError for a file that is neither accepted nor rejected by a named error."""
    checks = {}
    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        for name, build in files.items():
            path.write_bytes(build())
            process = subprocess.run(
                [sys.executable, "-c", MEASURE, str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=CHECK_S,
                check=True,
            )
            checks[name] = Check(**json.loads(process.stdout))
    return checks


def measure() -> list[Entry]:
    legal, hostile = check_files(LEGAL), check_files(HOSTILE)
    if refused := sorted(name for name, check in legal.items() if not check.accepted):
        raise RuntimeError(f"legal pictures were rejected: {refused}")
    slowest = max(hostile, key=lambda name: hostile[name].cpu_s)
    largest = max(hostile, key=lambda name: hostile[name].peak)
    largest_legal = max(legal, key=lambda name: legal[name].peak)
    return [
        Entry(
            name="upload_check_cpu_s",
            value=round(hostile[slowest].cpu_s, 2),
            goal=5,
            better="lower",
            unit="s",
            samples=[round(check.cpu_s, 3) for check in hostile.values()],
            beside={
                "files": len(hostile),
                "accepted": sum(check.accepted for check in hostile.values()),
                "worst": slowest,
                "legal_worst": round(max(check.cpu_s for check in legal.values()), 2),
            },
        ),
        Entry(
            name="upload_check_memory_ratio",
            value=round(hostile[largest].peak / legal[largest_legal].peak, 3),
            goal=1.2,
            better="lower",
            unit="ratio",
            samples=[round(check.peak / legal[largest_legal].peak, 3) for check in hostile.values()],
            beside={"worst": largest, "legal": largest_legal, "legal_peak": legal[largest_legal].peak},
        ),
    ]
