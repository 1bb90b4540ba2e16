"""What a worker hashes when it starts: the model's bytes once on a new machine, and nothing on one that has the model.

`python -m benchmarks.worker.cold_start ENDPOINT CACHE` is one start: it loads a model from the bucket at ENDPOINT and
prints how many bytes of files it hashed.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.entries import Entry
from craftspark.aws import clients
from craftspark.models.catalogue import find_model
from craftspark.models.networks import BUILT_IN_NETWORKS
from craftspark.settings.tasks import RendererSettings
from gpu_tasks.inference.manifests import read_manifest
from gpu_tasks.inference.model_store import BUILT_IN, load_pipeline
from tests.loopback_s3 import BUCKET, LoopbackS3, serve_s3

MODEL = "craftspark-clipart-128"
# The second start is warm. The third is too, and shows that the second left nothing behind that changes it.
STARTS = 3


def measure() -> list[Entry]:
    """Start a worker's process several times with the same cache folder."""
    folder = BUILT_IN / MODEL
    size = sum((folder / name).stat().st_size for name in read_manifest(folder))
    with serve_s3() as s3, tempfile.TemporaryDirectory(prefix="craftspark-bench-") as cache:
        s3.put_folder(MODEL, folder)
        starts = [_start(s3.endpoint, cache) for _ in range(STARTS)]
    cold, *warm = [each["hashed"] / size for each in starts]
    if cold < 1:
        raise ValueError(f"a cold start loaded files that it did not hash: {cold:.0%} of the model were hashed")
    seconds = [each["seconds"] for each in starts]
    return [
        Entry(
            name="model_bytes_hashed_over_size",
            value=round(cold, 4),
            goal=1.0,
            better="lower",
            unit="ratio",
            beside={"model_mb": round(size / 1e6, 1), "load_s": seconds[0]},
        ),
        Entry(
            name="model_bytes_hashed_over_size_warm",
            value=round(max(warm), 4),
            goal=0.0,
            better="lower",
            unit="ratio",
            samples=[round(each, 4) for each in warm],
            beside={"load_s": seconds[1]},
        ),
    ]


def _start(endpoint: str, cache: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.worker.cold_start", endpoint, cache]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    last: dict[str, Any] = json.loads(lines[-1])  # after the log
    return last


class HashedBytes:
    """Counts the bytes of files that this process hashes with SHA-256."""

    def __init__(self) -> None:
        self.count = 0

    def install(self) -> None:
        """Count from now on."""
        sha256, new = hashlib.sha256, hashlib.new
        setattr(hashlib, "sha256", lambda data=b"", **options: _Counted(self, sha256(data, **options)))  # noqa: B010
        setattr(hashlib, "new", lambda name, *values, **options: _Counted(self, new(name, *values, **options)))  # noqa: B010


class _Counted:
    """A hash. What a file contains is passed to `update`."""

    def __init__(self, counter: HashedBytes, inner: Any) -> None:
        self._counter = counter
        self._inner = inner

    def update(self, data: Any) -> None:
        self._counter.count += len(data)
        self._inner.update(data)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self._inner, name)
        return found


def main(endpoint: str, cache: str) -> None:
    """Load the model once, as a worker does."""
    hashed = HashedBytes()
    hashed.install()
    client = LoopbackS3(endpoint=endpoint).client()
    setattr(clients, "s3_downloads", lambda: client)  # noqa: B010
    settings = RendererSettings(
        models_bucket=BUCKET,
        models_cache=str(Path(cache)),
        tools="{}",
        networks=BUILT_IN_NETWORKS.to_text(),
        device="cpu",
        cpu_model_memory_mib=4096,
        signing_secret="",
    )
    start = time.perf_counter()
    load_pipeline(replace(find_model(MODEL), source=f"s3:{MODEL}"), settings)
    print(json.dumps({"hashed": hashed.count, "seconds": round(time.perf_counter() - start, 2)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
