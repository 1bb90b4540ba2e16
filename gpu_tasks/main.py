"""The worker's composition root: the only place that knows signals, tokens and exit codes."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
from collections.abc import Callable, Mapping
from uuid import uuid4

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.callbacks import Callback
from craftspark.aws.gpu_queue import GpuQueue
from craftspark.aws.images import ImageBucket
from craftspark.aws.render_book import RenderBook
from craftspark.aws.speed import SpeedBook
from craftspark.batches import Batch
from craftspark.catalogue import find_model
from craftspark.errors import RenderError
from craftspark.settings import WorkerSettings
from gpu_tasks.activity import Activities, MovingBytes
from gpu_tasks.delivery import Delivery
from gpu_tasks.desks import Desk, LaunchDesk, QueueDesk
from gpu_tasks.lease import Lease
from gpu_tasks.pace import Pace
from gpu_tasks.rendering import Renderer, Worker
from gpu_tasks.tickets import LaunchTicket
from gpu_tasks.watch import Watch

# Written by the state machine into the environment of a task that it launches for one batch.
TASK_TOKEN = "CRAFTSPARK_TASK_TOKEN"  # noqa: S105 - the variable's name
BATCH = "CRAFTSPARK_BATCH"

DONE, MODEL_MISSING, STALLED = 0, 2, 3

logger = Logger(service="gpu_worker")


def main(load_renderer: Callable[[WorkerSettings], Renderer], environment: Mapping[str, str] = os.environ) -> int:
    """Work until there is nothing more to do or the machine is taken back; answers the exit code."""
    settings = WorkerSettings.from_environment(environment)
    lease = Lease(grace_s=settings.stop_grace_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lease.end())
    ticket = launch_ticket(environment)
    try:
        renderer = load_renderer(settings)
    except RenderError as error:
        logger.error("no renderer", extra={"reason": error.name, "detail": error.detail})
        if ticket:
            ticket.fail(error)
        return MODEL_MISSING
    logger.info(
        "worker ready", extra={"model": settings.model, "device": settings.device, "launched": ticket is not None}
    )
    work(settings, renderer, lease, ticket)
    logger.info("worker done", extra={"taken_back": lease.ended})
    return DONE


def work(settings: WorkerSettings, renderer: Renderer, lease: Lease, ticket: LaunchTicket | None) -> None:
    """Render what the desk hands out, until it hands out no more."""
    book = RenderBook(client=clients.dynamodb(), jobs_table=settings.jobs_table)
    activities = Activities()
    delivery = Delivery(
        finish=renderer.finish,
        bucket=ImageBucket(client=clients.s3(), bucket=settings.images_bucket, open_body=MovingBytes),
        book=book,
        activities=activities,
    )
    watch = Watch(
        activities=activities,
        hold_every_s=settings.gpu_queue_visibility_s / 3,
        stall_s=settings.stall_s,
        on_stall=lambda: end_stalled(activities),
    )
    pace = Pace(
        model=find_model(settings.model),
        device=settings.device,
        book=SpeedBook(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            model=settings.model,
            worker=uuid4().hex,
            launched=ticket is not None,
        ),
        launched=ticket is not None,
    )
    worker = Worker(
        desk=desk(settings, book, lease, ticket),
        renderer=renderer,
        shelf=delivery,
        watch=watch,
        lease=lease,
        activities=activities,
        pace=pace,
    )
    watch.start()
    pace.start()
    try:
        worker.run()
    finally:
        delivery.close()
        pace.stop()
        watch.stop()


def end_stalled(activities: Activities) -> None:
    """End the process: nothing else frees a thread that hangs inside a kernel. The log gets where each thread is."""
    logger.error("worker stalled", extra={"under_way": activities.names, "idle_s": round(activities.idle_s(), 1)})
    faulthandler.dump_traceback()
    os._exit(STALLED)


def desk(settings: WorkerSettings, book: RenderBook, lease: Lease, ticket: LaunchTicket | None) -> Desk:
    if ticket:
        return LaunchDesk(ticket=ticket, book=book)
    return QueueDesk(
        queue=GpuQueue(client=clients.sqs(), url=settings.gpu_queue_url, visibility_s=settings.gpu_queue_visibility_s),
        callbacks=clients.stepfunctions(),
        book=book,
        lease=lease,
        max_receives=settings.gpu_queue_max_receives,
    )


def launch_ticket(environment: Mapping[str, str]) -> LaunchTicket | None:
    """The batch that this task was launched for; None for a worker of the warm pool."""
    if TASK_TOKEN not in environment:
        return None
    return LaunchTicket(
        batch=Batch.from_json(json.loads(environment[BATCH])),
        callback=Callback(client=clients.stepfunctions(), token=environment[TASK_TOKEN]),
    )
