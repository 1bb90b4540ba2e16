"""Loading the renderer of a worker, of the HTTP API or of a command."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from craftspark.aws import clients
from craftspark.aws.pictures.picture_moderation import picture_moderation
from craftspark.aws.pictures.signing_key import read_signing_key
from craftspark.aws.pictures.source_bytes import SourceBytes
from craftspark.errors import ModerationUnavailable
from craftspark.metrics import event
from craftspark.models.catalogue import find_model
from craftspark.models.networks import NETWORKS, ToolNetworks
from craftspark.settings.tasks import RendererSettings, WorkerSettings
from craftspark.tools import find_tool
from craftspark.tools.sources import Bucket
from gpu_tasks.activity import record_activity
from gpu_tasks.images.credentials import Signer
from gpu_tasks.images.safety import GuardrailCheck, PictureCheck
from gpu_tasks.images.sources import Fetch
from gpu_tasks.inference.device import measure_free_gib
from gpu_tasks.renderers.pool_renderer import PoolRenderer
from gpu_tasks.renderers.tool_renderers import Surroundings
from gpu_tasks.retries import Retrier

# A wave waits for its sources, so this time limit of retries is shorter than elsewhere, in seconds.
MAX_SOURCE_RETRY_S = 60.0
# For what PyTorch and CUDA keep for themselves.
RESERVE_GIB = 0.5

logger = Logger(service="gpu_worker")


def load_worker_renderer(settings: WorkerSettings) -> PoolRenderer:
    """Load the renderer of a worker, whose sources are in buckets. Raises ModelUnavailable."""
    buckets: dict[Bucket, str] = {
        "images": settings.images_bucket,
        "uploads": settings.uploads_bucket,
        "gallery": settings.gallery_bucket,
    }
    source_bytes = SourceBytes(client=clients.s3(), buckets=buckets, on_part=record_activity)
    retrier = Retrier(max_retry_s=MAX_SOURCE_RETRY_S)
    picture_check = open_guardrail_check(settings)
    return load_renderer(
        lambda source: retrier.call("fetch of a source", lambda: source_bytes(source)),
        settings,
        *filter(None, [picture_check]),
    )


def open_guardrail_check(settings: WorkerSettings) -> GuardrailCheck | None:
    """Open the stage's guardrail for finished pictures. Returns None if the stage has none."""
    moderation = picture_moderation(settings, log_moderation_failure)
    return GuardrailCheck(moderation) if moderation else None


def log_moderation_failure(unavailable: ModerationUnavailable) -> None:
    """Log and count a picture that the guardrail could not check."""
    logger.warning("picture not moderated", extra={"cause": repr(unavailable.__cause__), **event("PictureUnmoderated")})


def load_renderer(fetch: Fetch, settings: RendererSettings, *checks: PictureCheck) -> PoolRenderer:
    """Build the renderer of the tools in the settings. Its networks are loaded, its models are not.

    `fetch` returns the PNG file of a source. `checks` run after the local check. Raises ModelUnavailable or
    SigningKeyUnusable.
    """
    secret = settings.signing_secret and read_signing_key(clients.secretsmanager(), settings.signing_secret)
    surroundings = Surroundings.of(
        fetch,
        settings,
        signer=Signer.from_secret(secret) if secret else None,
        checks=checks,
    )
    return PoolRenderer(settings.models, surroundings, budget_gib=find_budget_gib(settings))


def find_budget_gib(settings: RendererSettings) -> float:
    """Return the memory for models: what is free on the GPU, without that of networks and a reserve, or the setting
    on a CPU.
    """
    if settings.device == "cuda":
        return measure_free_gib() - RESERVE_GIB - find_networks_gib(settings)
    return settings.cpu_model_memory_mib / 1024


def find_networks_gib(settings: RendererSettings) -> float:
    """Return the memory of the networks that the tools use, with or without a diffusion model."""
    served = ToolNetworks.parse(settings.networks).names
    names = {
        served[does]
        for tool, name in settings.models.items()
        for does in find_tool(tool).assists(None if name in NETWORKS else find_model(name))
    }
    names |= {name for name in settings.models.values() if name in NETWORKS}
    return sum(NETWORKS[name].gpu_memory_gib for name in names)
