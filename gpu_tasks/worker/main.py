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
from craftspark.aws.jobs.images import ImageBucket
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.aws.jobs.speed import SpeedTable
from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue
from craftspark.errors import RenderError, WorkerBroken
from craftspark.jobs.batches import Batch
from craftspark.models.catalogue import find_model
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.activity import Activities, MovingBytes
from gpu_tasks.images.isolation import DeviceLost
from gpu_tasks.patience import AwsUnreachable, Patient
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.batch_sources import LaunchDesk, QueueDesk
from gpu_tasks.worker.delivery import Delivery
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.pace import Pace
from gpu_tasks.worker.tickets import LaunchTicket
from gpu_tasks.worker.watchdog import Watch
from gpu_tasks.worker.waves import Renderer, Worker

# Written by the state machine into the environment of a task that it launches for one batch.
TASK_TOKEN = "CRAFTSPARK_TASK_TOKEN"  # noqa: S105 - the variable's name
BATCH = "CRAFTSPARK_BATCH"

DONE, MODEL_MISSING, STALLED, UNREACHABLE, DEVICE_LOST = 0, 2, 3, 4, 5

logger = Logger(service="gpu_worker")


class NoRenderer(Exception):
    """There is no model to render with; the log and the state machine have the reason."""


def main(load_renderer: Callable[[WorkerSettings], Renderer], environment: Mapping[str, str] = os.environ) -> int:
    """Work until there is nothing more to do or the machine is taken back; answers the exit code."""
    settings = WorkerSettings.from_environment(environment)
    lease = Lease(grace_s=settings.stop_grace_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lease.end())
    patient = Patient(pause=lease.pause)
    answers = Answers(patient)
    ticket = launch_ticket(environment, answers)
    try:
        launched = LaunchDesk(ticket=ticket, book=book_of(settings), patient=patient) if ticket else None
        if launched and not launched.look():
            logger.info("nothing to render")
            return DONE
        renderer = load(load_renderer, settings, patient, ticket)
        logger.info(
            "worker ready", extra={"model": settings.model, "device": settings.device, "launched": ticket is not None}
        )
        work(settings, renderer, lease, launched)
    except NoRenderer:
        return MODEL_MISSING
    except AwsUnreachable:
        return UNREACHABLE
    except DeviceLost as error:
        logger.error("device lost", extra={"detail": str(error)})
        return DEVICE_LOST
    finally:
        answers.close()
    logger.info("worker done", extra={"taken_back": lease.ended})
    return DONE


def load(
    load_renderer: Callable[[WorkerSettings], Renderer],
    settings: WorkerSettings,
    patient: Patient,
    ticket: LaunchTicket | None,
) -> Renderer:
    """The renderer, or an answer to whoever waits for this task; raises NoRenderer, AwsUnreachable or what broke it."""
    try:
        return patient.call("load of the model", lambda: load_renderer(settings))
    except RenderError as error:
        logger.error("no renderer", extra={"reason": error.name, "detail": error.detail})
        if ticket:
            ticket.fail(error)
        raise NoRenderer(error.detail) from error
    except Exception as error:
        if ticket:
            # Another machine may fare better, so this is no RenderFailed.
            ticket.fail(WorkerBroken(f"the worker did not start: {type(error).__name__}: {error}"))
        raise


def work(settings: WorkerSettings, renderer: Renderer, lease: Lease, launched: LaunchDesk | None) -> None:
    """Render what the desk hands out, until it hands out no more; raises AwsUnreachable or DeviceLost."""
    book = book_of(settings)
    activities = Activities()
    patient = Patient(pause=lease.pause)
    answers = Answers(patient)
    delivery = Delivery(
        finish=renderer.finish,
        bucket=ImageBucket(client=clients.s3(), bucket=settings.images_bucket, open_body=MovingBytes),
        book=book,
        activities=activities,
        patient=patient,
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
        book=SpeedTable(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            model=settings.model,
            worker=uuid4().hex,
            launched=launched is not None,
        ),
        launched=launched is not None,
    )
    worker = Worker(
        desk=launched or queue_desk(settings, book, lease, answers, patient),
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
        answers.close()
        watch.stop()


def end_stalled(activities: Activities) -> None:
    """End the process: nothing else frees a thread that hangs inside a kernel. The log gets where each thread is."""
    logger.error("worker stalled", extra={"under_way": activities.names, "idle_s": round(activities.idle_s(), 1)})
    faulthandler.dump_traceback()
    os._exit(STALLED)


def book_of(settings: WorkerSettings) -> RenderTable:
    return RenderTable(client=clients.dynamodb(), jobs_table=settings.jobs_table)


def queue_desk(
    settings: WorkerSettings, book: RenderTable, lease: Lease, answers: Answers, patient: Patient
) -> QueueDesk:
    return QueueDesk(
        queue=GpuQueue(client=clients.sqs(), url=settings.gpu_queue_url, visibility_s=settings.gpu_queue_visibility_s),
        callbacks=clients.stepfunctions(),
        answers=answers,
        book=book,
        lease=lease,
        max_receives=settings.gpu_queue_max_receives,
        patience=patient.patience("taking of batches"),
    )


def launch_ticket(environment: Mapping[str, str], answers: Answers) -> LaunchTicket | None:
    """The batch that this task was launched for; None for a worker of the warm pool."""
    if TASK_TOKEN not in environment:
        return None
    return LaunchTicket(
        batch=Batch.from_json(json.loads(environment[BATCH])),
        callback=Callback(client=clients.stepfunctions(), token=environment[TASK_TOKEN]),
        answers=answers,
    )
