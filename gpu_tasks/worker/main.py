"""The worker's composition root. Only this module handles signals, tokens and exit codes."""

from __future__ import annotations

import faulthandler
import os
import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from uuid import uuid4

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.fleet.taken_batches import TakenBatches
from craftspark.aws.jobs.images import ImageBucket
from craftspark.aws.jobs.render_table import RenderTable
from craftspark.aws.jobs.speed import SpeedTable
from craftspark.aws.orchestration.callbacks import Callback
from craftspark.aws.orchestration.gpu_queue import GpuQueue
from craftspark.errors import RenderError
from craftspark.errors.worker import AwsUnreachable, DeviceLost, WorkerBroken
from craftspark.fleet.interruptions.task_ends import ExitCode
from craftspark.jobs.batches import Batch
from craftspark.models.networks import ToolNetworks
from craftspark.settings.tasks import BatchLaunch, WorkerSettings
from gpu_tasks.activity import Activities, TrackedBytes
from gpu_tasks.retries import Retrier
from gpu_tasks.worker.answers import Answers
from gpu_tasks.worker.batch_handles import LaunchHandle
from gpu_tasks.worker.batch_sources import LaunchSource, QueueSource
from gpu_tasks.worker.delivery import Delivery
from gpu_tasks.worker.idle_limit import IdleLimit
from gpu_tasks.worker.lease import Lease
from gpu_tasks.worker.pace import Pace
from gpu_tasks.worker.scale_in_protection import Agent, EcsAgent, ScaleInProtection
from gpu_tasks.worker.taken_batches import BatchRecorder, RecordedSource, read_task_arn
from gpu_tasks.worker.watchdog import Watchdog
from gpu_tasks.worker.wave_queue import Renderer
from gpu_tasks.worker.waves import Worker

logger = Logger(service="gpu_worker")


class NoRenderer(Exception):
    """No model could be loaded. The log and the state machine have the reason."""


def main(load_renderer: Callable[[WorkerSettings], Renderer], environment: Mapping[str, str] = os.environ) -> int:
    """Work until nothing is left to do or the machine is taken back. Returns the exit code."""
    settings = WorkerSettings.from_environment(environment)
    lease = Lease(grace_s=settings.stop_grace_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: lease.end())
    retrier = Retrier(pause=lease.pause)
    answers = Answers(retrier)
    handle = open_launch_handle(environment, answers)
    try:
        launched = LaunchSource(handle=handle, jobs=open_job_table(settings), retrier=retrier) if handle else None
        if launched and not launched.has_work():
            logger.info("nothing to render")
            return ExitCode.DONE
        renderer = load(load_renderer, settings, retrier, launched)
        logger.info(
            "worker ready", extra={"tools": settings.models, "device": settings.device, "launched": handle is not None}
        )
        work(settings, renderer, lease, launched, agent=EcsAgent.find(environment))
    except NoRenderer:
        return ExitCode.MODEL_MISSING
    except AwsUnreachable:
        return ExitCode.UNREACHABLE
    except DeviceLost as error:
        logger.error("device lost", extra={"detail": str(error)})
        return ExitCode.DEVICE_LOST
    finally:
        answers.close()
    logger.info("worker done", extra={"taken_back": lease.ended})
    return ExitCode.DONE


def load(
    load_renderer: Callable[[WorkerSettings], Renderer],
    settings: WorkerSettings,
    retrier: Retrier,
    launched: LaunchSource | None,
) -> Renderer:
    """Load the renderer and the model of the launched batch, or else the models of the pool. If that fails, answer the
    launched batch. Raises NoRenderer, AwsUnreachable or the unexpected error.
    """

    def open_renderer() -> Renderer:
        renderer = load_renderer(settings)
        if launched:
            renderer.load(launched.model)
        else:
            renderer.preload()
        return renderer

    try:
        return retrier.call("load of the model", open_renderer)
    except RenderError as error:
        logger.error("no renderer", extra={"reason": error.name, "detail": error.detail})
        if launched:
            launched.handle.fail(error)
        raise NoRenderer(error.detail) from error
    except Exception as error:
        if launched:
            # Another machine may succeed, so this is not RenderFailed.
            launched.handle.fail(WorkerBroken(f"the worker did not start: {type(error).__name__}: {error}"))
        raise


def work(
    settings: WorkerSettings,
    renderer: Renderer,
    lease: Lease,
    launched: LaunchSource | None,
    *,
    agent: Agent | None = None,
) -> None:
    """Render what the batch source supplies until it has no more. Raises AwsUnreachable or DeviceLost.

    The agent protects the task of a service from scale-in. A launched task belongs to no service.
    """
    jobs = open_job_table(settings)
    activities = Activities()
    retrier = Retrier(pause=lease.pause)
    answers = Answers(retrier)
    delivery = Delivery(
        finish=renderer.finish,
        bucket=ImageBucket(client=clients.s3(), bucket=settings.images_bucket, open_body=TrackedBytes),
        images=jobs,
        activities=activities,
        retrier=retrier,
    )
    watchdog = Watchdog(
        activities=activities,
        extend_every_s=settings.gpu_queue_visibility_s / 3,
        stall_s=settings.stall_s,
        on_stall=lambda: end_stalled(activities),
    )
    pace = Pace(
        device=settings.profile_device,
        networks=ToolNetworks.parse(settings.networks),
        records=SpeedTable(
            client=clients.dynamodb(),
            jobs_table=settings.jobs_table,
            pool=settings.pool,
            worker=uuid4().hex,
            launched=launched is not None,
        ),
        requested_at=launched.handle.requested_at if launched else None,
    )
    queue_source = open_queue_source(settings, jobs, lease, answers, retrier)
    if launched:
        launched.queues = queue_source
        queue_source.idle = IdleLimit(
            idle_s=settings.idle_s,
            leave_s=settings.leave_s,
            idle=lambda: 0.0 if activities.names else activities.idle_s(),
            announcements=pace,
        )
    recorder = BatchRecorder(
        read_task=lambda: read_task_arn(os.environ),
        records=TakenBatches(client=clients.dynamodb(), jobs_table=settings.jobs_table),
    )
    worker = Worker(
        batch_source=RecordedSource(source=launched or queue_source, recorder=recorder),
        renderer=renderer,
        delivery=delivery,
        watchdog=watchdog,
        lease=lease,
        activities=activities,
        pace=pace,
        retrier=retrier,
        max_model_wait_s=settings.max_model_wait_s,
        stop_bulk_s=settings.stop_bulk_s,
    )
    protection = None
    if agent and not launched:
        protection = ScaleInProtection(agent, busy=lambda: bool(activities.names) or watchdog.holds_claims)
        protection.start()
    watchdog.start()
    pace.start()
    recorder.report_ready()
    try:
        worker.run()
    finally:
        delivery.close()
        pace.stop()
        answers.close()
        watchdog.stop()
        recorder.close()
        if protection:
            protection.stop()


def end_stalled(activities: Activities) -> None:
    """Log the stack of each thread and end the process. Nothing else ends a thread that hangs in a kernel."""
    logger.error("worker stalled", extra={"activities": activities.names, "idle_s": round(activities.idle_s(), 1)})
    faulthandler.dump_traceback()
    os._exit(ExitCode.STALLED)


def open_job_table(settings: WorkerSettings) -> RenderTable:
    """The jobs table of the stage."""
    return RenderTable(client=clients.dynamodb(), jobs_table=settings.jobs_table)


def open_queue_source(
    settings: WorkerSettings, jobs: RenderTable, lease: Lease, answers: Answers, retrier: Retrier
) -> QueueSource:
    """The batch source of a worker of a service, and of a launched one after its own batch."""
    open_queue = partial(GpuQueue, client=clients.sqs(), visibility_s=settings.gpu_queue_visibility_s)
    return QueueSource(
        interactive=open_queue(url=settings.interactive_queue_url),
        bulk=open_queue(url=settings.bulk_queue_url),
        callbacks=clients.stepfunctions(),
        answers=answers,
        jobs=jobs,
        lease=lease,
        max_receives=settings.gpu_queue_max_receives,
        backoff=retrier.backoff("taking of batches"),
    )


def open_launch_handle(environment: Mapping[str, str], answers: Answers) -> LaunchHandle | None:
    """The batch that this task was launched for, or None for a worker of a service."""
    launch = BatchLaunch.find(environment)
    if launch is None:
        return None
    return LaunchHandle(
        batch=Batch.parse(launch.batch),
        callback=Callback(client=clients.stepfunctions(), token=launch.task_token),
        answers=answers,
        requested_at=datetime.fromisoformat(launch.requested_at),
    )
