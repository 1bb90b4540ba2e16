"""A function whose process takes more memory than the function has is ended, and a process that ends says how.

Gap: a function has all the memory of the machine. An invocation whose process ends has the error of a failed handler.
On AWS, the errors are `Runtime.OutOfMemory` and `Runtime.ExitError`, and the next invocation starts a new process.

https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.emulator.memory_guard import MemoryGuard, exceeds, kill
from local_cloud.emulator.patches.lambda_functions import errors
from local_cloud.emulator.patching import Extension, Patch

DIED = "Worker process died"
OUT_OF_MEMORY, EXIT = "Runtime.OutOfMemory", "Runtime.ExitError"
DEFAULT_MEMORY_MIB = 128

GUARD = MemoryGuard(exceeds, kill)


def extend_invoke(invoke: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def guard_and_invoke(worker: Any, event: Any, request_id: str, **options: Any) -> dict[str, Any]:
        processes: list[Any] = []

        def find_process() -> int | None:
            if (process := worker._proc) is None:
                return None
            processes[:] = [process]
            return int(process.pid)

        memory_mib = int(worker.config.get("MemorySize", DEFAULT_MEMORY_MIB))
        find_process()
        with GUARD.watch(find_process, memory_mib * 1024 * 1024) as watch:
            response = invoke(worker, event, request_id, **options)
        if response.get("error") != DIED:
            return response
        errors.name_error(OUT_OF_MEMORY if watch.exceeded else EXIT)
        return {**response, "error": f"RequestId: {request_id} Error: {_describe(watch.exceeded, processes)}"}

    return guard_and_invoke


def _describe(out_of_memory: bool, processes: list[Any]) -> str:
    if out_of_memory:
        return "Runtime exited with error: signal: killed"
    status = processes[0].returncode if processes else None
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"


PATCH = Patch(
    name="Lambda exits",
    gap="functions have all the memory of the machine, and a process that ends has no error of its own",
    targets=(Extension(lambda_runtime.Worker, "invoke", "96751a75471021ecc05362bd28031305", extend_invoke),),
)
