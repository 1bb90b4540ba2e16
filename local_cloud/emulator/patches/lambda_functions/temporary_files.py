"""No file that a function writes is larger than its `/tmp`, which has 512 MB unless the function says otherwise.

Gap: a function has the disk of the machine. With this patch, a write beyond the size fails with an `OSError`. Its error
number is EFBIG instead of the ENOSPC of a full disk, and it counts each file and not their sum, because only root could
give a process a separate disk. On other systems than Linux, there is no limit.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-ephemeral-storage.html
"""

import resource
import sys
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.patching import Extension, Patch

DEFAULT_MIB = 512
BYTES_PER_MIB = 1024 * 1024


def extend_spawn(spawn: Callable[..., None]) -> Callable[..., None]:
    def spawn_and_limit(worker: Any, *arguments: Any, **options: Any) -> None:
        spawn(worker, *arguments, **options)
        if worker._proc is not None:
            limit_files(worker._proc.pid, (worker.config.get("EphemeralStorage") or {}).get("Size", DEFAULT_MIB))

    return spawn_and_limit


def limit_files(process: int, mib: int) -> None:
    """Limit the size of each file that the process writes."""
    if sys.platform == "linux":
        size = int(mib) * BYTES_PER_MIB
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, size))


PATCH = Patch(
    name="Lambda files",
    gap="functions have all the disk of the machine",
    targets=(Extension(lambda_runtime.Worker, "_spawn", "c55febf956565c5e83b8a36e06985248", extend_spawn),),
)
