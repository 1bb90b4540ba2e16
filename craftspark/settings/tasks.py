"""What GPU tasks need."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from craftspark.settings import Settings, variable_of
from craftspark.settings.uploads import GuardrailSettings


@dataclass(frozen=True, kw_only=True)
class RendererSettings(Settings):
    """What rendering needs, wherever orders come from.

    `tools` is JSON: for each tool, the name of the catalogue entry that does its work. `networks` is the text of a
    craftspark.models.networks.ToolNetworks: the networks that tools use with a diffusion model. `device` is `cuda` or
    `cpu`. On a CPU, loaded models have `cpu_model_memory_mib`, as the catalogue counts memory; the memory of a GPU is
    measured. `signing_secret` names the key of content credentials in Secrets Manager; none are written where it is
    empty. `models_cache` is the folder for downloaded models and for the hashes of checked files, which all tasks of a
    machine share. Where it is empty, models are downloaded to the temporary folder, and each process hashes its files
    again.
    """

    models_bucket: str
    models_cache: str = ""
    tools: str
    networks: str
    device: str
    cpu_model_memory_mib: int
    signing_secret: str

    @property
    def models(self) -> dict[str, str]:
        """The name of the catalogue entry of each tool."""
        models: dict[str, str] = json.loads(self.tools)
        return models


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(RendererSettings, GuardrailSettings):
    """What the GPU worker of a `pool` needs, as a warm task and as a launched task.

    `profile_device` is the device whose profile the stage's estimates follow. Each lane of the pool has a queue of
    batches.

    Durations are seconds: `gpu_queue_visibility_s` bounds how long a dead worker's
    message stays hidden, `stop_grace_s` is the time between SIGTERM and SIGKILL, and a render that makes no step for
    `stall_s` counts as dead. An image whose model is not loaded waits at most `max_model_wait_s` for another model that
    has work. A bulk wave stops for interactive images if that spares them at least `stop_bulk_s`. A launched worker
    that had no work for `idle_s` withdraws its report and leaves `leave_s` later.
    """

    pool: str
    jobs_table: str
    images_bucket: str
    uploads_bucket: str
    gallery_bucket: str
    interactive_queue_url: str
    bulk_queue_url: str
    profile_device: str
    gpu_queue_visibility_s: int
    gpu_queue_max_receives: int
    max_model_wait_s: int
    stop_bulk_s: int
    idle_s: int
    leave_s: int
    stop_grace_s: int
    stall_s: int


@dataclass(frozen=True, kw_only=True)
class TrainerSettings(Settings):
    """Settings of a training task. `device` is `cuda` or `cpu`. `models_cache` is as in RendererSettings.

    Durations are seconds. The task sends a heartbeat every `heartbeat_s`, counts as stalled after `stall_s` without a
    step, and has `stop_grace_s` between SIGTERM and SIGKILL.
    """

    training_bucket: str
    models_bucket: str
    models_cache: str
    model: str
    device: str
    heartbeat_s: int
    stall_s: int
    stop_grace_s: int


@dataclass(frozen=True, kw_only=True)
class LaunchSettings(Settings):
    """What a state machine adds to the environment of a task that it launches: the token that waits for its answer."""

    task_token: str

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> Self | None:
        """The settings of a launched task; None for a task that a service runs. Raises SettingMissing."""
        return cls.from_environment(environment) if variable_of("task_token") in environment else None


@dataclass(frozen=True, kw_only=True)
class BatchLaunch(LaunchSettings):
    """What a task is launched with that renders one batch. `batch` is the JSON of a craftspark.jobs.batches.Batch.

    `requested_at` is the time when the state machine requested the task, in ISO 8601.
    """

    batch: str
    requested_at: str


@dataclass(frozen=True, kw_only=True)
class TrainingLaunch(LaunchSettings):
    """What a task of a training is launched with. `training` is the JSON of a TrainingOrder."""

    training: str
