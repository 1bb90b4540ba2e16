"""A task that is launched for one batch."""

import os
import signal
import time
from typing import Any

from craftspark.aws import clients
from craftspark.aws.jobs.speed import read_pool
from craftspark.fleet.interruptions.task_ends import ExitCode
from craftspark.settings.tasks import WorkerSettings
from gpu_tasks.worker import main
from gpu_tasks.worker.wave_queue import Renderer
from tests.aws.conftest import JOBS
from tests.aws.worker.gpu_worker import Tokens, counts, launched, send
from tests.fakes import FakeRenderer


def test_a_launched_task_renders_its_one_batch_and_ends(settings: WorkerSettings, tokens: Tokens) -> None:
    code = main.main(lambda _: FakeRenderer(), launched(settings))

    assert code == ExitCode.DONE
    assert tokens.answers == [("launched", "succeeded", {"batch": 0, "rendered": [0, 1], "failed": []})]


def test_a_launched_task_takes_more_batches_until_it_is_idle(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    send(settings, token="next")

    code = main.main(lambda _: FakeRenderer(), {**environment, "CRAFTSPARK_IDLE_S": "1"})

    assert code == ExitCode.DONE
    assert {(token, kind) for token, kind, _ in tokens.answers} == {("launched", "succeeded"), ("next", "succeeded")}
    assert counts(settings.interactive_queue_url)[0] == 0
    assert read_pool(clients.dynamodb(), JOBS, settings.pool, time.time())[0].awake == 0


def test_a_launched_task_goes_on_with_both_lanes(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    bulk, interactive = send(settings, lane="bulk"), send(settings)
    renderer = FakeRenderer()

    main.main(lambda _: renderer, {**environment, "CRAFTSPARK_IDLE_S": "1"})

    assert [wave[0][0] for wave in renderer.waves[1:]] == [interactive, bulk]


def test_a_launched_task_whose_machine_is_taken_back_takes_no_more(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    send(settings, token="next")

    class Reclaimed(FakeRenderer):
        def render(self, wave: Any, on_step: Any) -> Any:
            os.kill(os.getpid(), signal.SIGTERM)
            return super().render(wave, on_step)

    main.main(lambda _: Reclaimed(wave_size=1), {**environment, "CRAFTSPARK_IDLE_S": "60"})

    assert [token for token, _, _ in tokens.answers] == ["launched"]
    assert counts(settings.interactive_queue_url)[0] == 1


def test_a_launched_task_without_its_model_says_so(settings: WorkerSettings, tokens: Tokens) -> None:
    from gpu_tasks.renderers.loading import load_worker_renderer

    environment = {**launched(settings), "CRAFTSPARK_TOOLS": '{"picture": "knitting-xl"}'}

    assert main.main(load_worker_renderer, environment) == ExitCode.MODEL_MISSING
    assert [kind for _, kind, _ in tokens.answers] == ["ModelUnavailable"]


def test_a_launched_task_that_nobody_waits_for_loads_no_model(settings: WorkerSettings, tokens: Tokens) -> None:
    environment = launched(settings)
    tokens.forgotten.add("launched")
    loaded: list[WorkerSettings] = []

    def load(settings: WorkerSettings) -> Renderer:
        loaded.append(settings)
        return FakeRenderer()

    assert main.main(load, environment) == ExitCode.DONE
    assert loaded == []


def test_a_launched_task_whose_images_are_stored_answers_without_loading_a_model(
    settings: WorkerSettings, tokens: Tokens
) -> None:
    environment = launched(settings)
    main.main(lambda _: FakeRenderer(), environment)

    def load(_: WorkerSettings) -> Renderer:
        raise AssertionError("a model was loaded")

    assert main.main(load, {**environment, "CRAFTSPARK_TASK_TOKEN": "again"}) == ExitCode.DONE
    assert [(token, kind) for token, kind, _ in tokens.answers] == [("launched", "succeeded"), ("again", "succeeded")]
