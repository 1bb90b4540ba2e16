"""Serve the emulator on the launcher's socket, until a signal stops it or an attached launcher ends."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from local_cloud.emulator.serving.http_server import serve

# After this time, the emulator exits immediately. Its tasks and Lambdas end because their parent has ended.
STOP_TIMEOUT_S = 40.0


def main() -> None:
    arguments = _arguments()
    for descriptor in (
        arguments.listen,
        arguments.site,
        arguments.lock,
    ):  # a child would keep them open after this process ends
        os.set_inheritable(descriptor, False)
    if arguments.attached:
        threading.Thread(target=_stop_with_launcher, name="launcher-watch", daemon=True).start()
    asyncio.run(_run(arguments))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="local_cloud.emulator", description=__doc__)
    parser.add_argument("--listen", type=int, required=True, help="descriptor of the listening socket")
    parser.add_argument("--site", type=int, required=True, help="descriptor of the socket for the stage's distribution")
    parser.add_argument("--lock", type=int, required=True, help="descriptor of the locked lock file")
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--endpoint", required=True, help="URL at which tasks reach the emulator")
    parser.add_argument("--working-dir", type=Path, required=True, help="working directory of tasks")
    parser.add_argument(
        "--commands", type=json.loads, required=True, help="program and arguments for each image, as JSON"
    )
    parser.add_argument("--attached", action="store_true", help="stop when standard input closes")
    return parser.parse_args()


def _stop_with_launcher() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


async def _run(arguments: argparse.Namespace) -> None:
    from ministack.app import app  # the import reads the environment and configures logging

    from local_cloud.emulator import patches, patching
    from local_cloud.emulator.alarms.clock import AlarmClock
    from local_cloud.emulator.faults.routes import with_faults
    from local_cloud.emulator.patches.ecs import managed_scaling, tasks
    from local_cloud.emulator.patches.lambda_functions.processes import PROCESSES
    from local_cloud.emulator.patches.sqs import queue_metrics
    from local_cloud.emulator.permissions.identities import create_administrator
    from local_cloud.emulator.quotas.throttles import with_quota_throttles
    from local_cloud.emulator.quotas.use import with_quota_use
    from local_cloud.emulator.serving.site import with_site
    from local_cloud.emulator.serving.whole_requests import with_whole_requests
    from local_cloud.emulator.tasks.processes import TaskProcesses
    from local_cloud.emulator.tasks.slots import TaskSlots

    processes = TaskProcesses(
        commands=arguments.commands,
        working_dir=arguments.working_dir,
        state_dir=arguments.state_dir,
        endpoint=arguments.endpoint,
        read_details=tasks.read_details,
        open_slots=lambda family: TaskSlots(tasks.EcsTaskDemand(family)),
    )
    patching.apply_all(patches.all_patches(processes))
    create_administrator()
    alarm_clock = AlarmClock([queue_metrics.sample, managed_scaling.sample])
    alarm_clock.start()
    stop_requested, all_stopped = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)

    async def stop_on_request() -> bool:
        """Tasks return their work through the emulator, so it serves requests until the last task has ended. Then the
        Lambdas end: requests wait for their responses, and the server waits for its requests. Returns whether all of
        them have ended.
        """
        await stop_requested.wait()
        threading.Timer(STOP_TIMEOUT_S, os._exit, (1,)).start()
        logging.getLogger(__name__).info("Stopping")
        tasks.drain_services()
        await asyncio.to_thread(processes.stop_all)
        ended = await asyncio.to_thread(PROCESSES.end)
        all_stopped.set()
        return ended

    stop = asyncio.create_task(stop_on_request())
    await serve(
        with_whole_requests(with_site(with_quota_use(with_quota_throttles(alarm_clock.serve(with_faults(app)))))),
        [arguments.listen, arguments.site],
        until=all_stopped,
    )
    ended = await stop
    sys.stdout.flush()
    sys.stderr.flush()
    # The end of the event loop would wait for threads: they wait for results of tasks, and between retries.
    os._exit(0 if ended else 1)
