"""The stages: `dev` and `prod` in the cloud, and `local`, which is `dev` with a laptop's values."""

import platform
import sys
from dataclasses import replace

from cdk_app.stages.api import Api, Makers, Throttle, UserPool
from cdk_app.stages.compute import Functions, Gpu, Network
from cdk_app.stages.data import Data, WarmUnits
from cdk_app.stages.fleet import Fleet
from cdk_app.stages.pools import Pool
from cdk_app.stages.site import Site
from cdk_app.stages.stage import Operations, Stage
from cdk_app.stages.workflows import Rendering, Training
from craftspark.models.networks import ToolNetworks
from craftspark.version import VERSION

# In order of preference: newer ones cost less for the same work. Each has 1 GPU, 4 vCPU and 16 GiB.
GPU_INSTANCE_TYPES = ("g6.xlarge", "g5.xlarge", "g4dn.xlarge")

CLOUD_FUNCTIONS = Functions(
    architecture="arm64",
    python="3.14",
    # Amazon Linux 2023 has glibc 2.34; a wheel for either of these runs on it.
    wheel_platforms=("manylinux_2_28_aarch64", "manylinux2014_aarch64"),
    log_level="INFO",
)

DRAW = Pool(
    models=("craftspark-clipart-128",),
    instance_types=GPU_INSTANCE_TYPES,
    spot_instances=4,
    on_demand_instances=2,
    warm_spot_tasks=1,
    warm_on_demand_tasks=0,
    launch_s=180,
    idle_s=0,
    task_cpu=3072,
    task_memory_mib=12288,
    disk_gib=100,
)

# Few jobs need no diffusion model, so this pool has no warm tasks.
ENLARGE = replace(DRAW, models=("craftspark-upscaler-x4",), spot_instances=2, warm_spot_tasks=0, idle_s=300)

DEV = Stage(
    name="dev",
    network=Network(zones=("a", "b"), egress="nat", nat_gateways=1),
    data=Data(keep=False, uploads_kept_days=7, gpu_images_kept=10, versions_kept_days=7),
    functions=CLOUD_FUNCTIONS,
    gpu=Gpu(dispatch_ms=1000, image_tag=VERSION),
    # Every model is one of the GPU image, so a new stage works before a model is pushed.
    tools={
        "picture": "craftspark-clipart-128",
        "pattern": "craftspark-clipart-128",
        "clipart": "craftspark-clipart-128",
        "variations": "craftspark-clipart-128",
        "outpaint": "craftspark-clipart-128",
        "upscale": "craftspark-upscaler-x4",
        "cutout": "craftspark-upscaler-x4",
        "lineart": "craftspark-upscaler-x4",
        "sticker-sheet": "craftspark-upscaler-x4",
    },
    networks=ToolNetworks(enlarge="craftspark-upscaler-x4", cut="u2netp"),
    pools={"draw": DRAW, "enlarge": ENLARGE},
    fleet=Fleet(dollars_per_hour=5.0, max_tasks=10),
    rendering=Rendering(
        interactive_wait_s=300,
        bulk_wait_s=1440,
        launch_wait_s=900,
        wave_s=120,
        batch_s=600,
        job_deadline_s=3600,
        gpu_queue_visibility_s=60,
        max_model_wait_s=60,
        stop_bulk_s=10,
        stop_grace_s=90,
        stall_s=120,
        max_interruptions=5,
        starts_per_s=50,
        # The defaults of most regions; us-east-1, us-west-2 and eu-west-1 refill 300 and 5,000.
        start_quota_per_s=150,
        transition_quota_per_s=800,
    ),
    training=Training(
        model="craftspark-clipart-128",
        launch_wait_s=900,
        silence_s=180,
        check_s=900,
        train_s=6 * 3600,
        stop_grace_s=90,
        max_interruptions=10,
        approval_days=7,
        canary_percent=20,
        canary_s=24 * 3600,
        judge_every_s=300,
        least_jobs=50,
        most_failed_percent=5,
        more_failed_points=2,
        slower_percent=25,
        worse_percent=10,
        runs_kept_days=30,
    ),
    makers=Makers(default_plan="plus", job_retention_days=30, url_lifetime_s=3600),
    api=Api(
        submissions=Throttle(per_s=50, burst=100),
        polling=Throttle(per_s=200, burst=400),
        searches=Throttle(per_s=20, burst=40),
        others=Throttle(per_s=50, burst=100),
        occasional=Throttle(per_s=10, burst=20),
        allowed_origins=("http://localhost:5173",),
    ),
    user_pool=UserPool(self_sign_up=False, threat_protection="off", requests_per_address=None),
    site=Site(requests_per_address=None),
    operations=Operations(
        alarm_email=None,
        failed_executions=10,
        server_errors=5,
        deferred_orders=10,
        log_retention_days=14,
        execution_log="ALL",
        traced_percent=100,
        shells=True,
    ),
)

PROD = replace(
    DEV,
    name="prod",
    network=Network(zones=("a", "b", "c"), egress="endpoints", nat_gateways=0),
    data=Data(
        keep=True,
        uploads_kept_days=30,
        gpu_images_kept=50,
        versions_kept_days=90,
        # 200 jobs per second, with 33 write units per job in the jobs table, and room for progress.
        warm=WarmUnits(reads_per_s=12_000, writes_per_s=10_000),
    ),
    pools={
        "draw": replace(DRAW, spot_instances=200, on_demand_instances=100, warm_spot_tasks=4, warm_on_demand_tasks=1),
        "enlarge": replace(ENLARGE, spot_instances=50, on_demand_instances=20),
    },
    fleet=Fleet(dollars_per_hour=150.0, max_tasks=300),
    rendering=replace(
        DEV.rendering, interactive_wait_s=120, starts_per_s=200, start_quota_per_s=300, transition_quota_per_s=5000
    ),
    training=replace(DEV.training, canary_percent=5, judge_every_s=900, least_jobs=500, runs_kept_days=90),
    makers=Makers(
        default_plan="free",
        moderator="guardrail",
        moderation_fallback="accept",  # word lists moderate every prompt, and an outage must not stop all submissions
        job_retention_days=365,
        url_lifetime_s=3600,
    ),
    api=Api(
        submissions=Throttle(per_s=400, burst=800),
        polling=Throttle(per_s=2000, burst=4000),
        # A search takes up to two of the hundreds of queries per second that an index answers.
        searches=Throttle(per_s=50, burst=100),
        others=Throttle(per_s=100, burst=200),
        occasional=Throttle(per_s=20, burst=40),
        allowed_origins=(),
    ),
    # Each account comes with credits for GPU time, so the marketplace decides who gets one. It creates the accounts, or
    # enables sign-up here when it knows the cost.
    user_pool=UserPool(self_sign_up=False, threat_protection="enforced", requests_per_address=300),
    # Several makers share the address of a school or a company. A page of Studio polls once or twice per second.
    site=Site(requests_per_address=3000),
    operations=Operations(
        alarm_email=None,
        failed_executions=100,
        server_errors=10,
        deferred_orders=100,
        log_retention_days=90,
        execution_log="ERROR",
        traced_percent=1,
        shells=False,
    ),
)


def describe_local_functions(machine: str, version: tuple[int, int]) -> Functions:
    """This machine's architecture and the Lambda runtime nearest to its Python, with wheels for this machine."""
    return Functions(
        architecture="arm64" if machine.lower() in ("arm64", "aarch64") else "x86_64",
        python=f"3.{min(max(version[1], 11), 14)}",
        wheel_platforms=(),
        log_level="INFO",
    )


LOCAL = replace(
    DEV,
    name="local",
    functions=describe_local_functions(platform.machine(), sys.version_info[:2]),
    gpu=replace(DEV.gpu, dispatch_ms=250, image="craftspark-gpu:local", models_cache="build/models"),
    pools={
        name: replace(
            pool, spot_instances=1, on_demand_instances=1, launch_s=12, idle_s=min(pool.idle_s, 60), device="cpu"
        )
        for name, pool in DEV.pools.items()
    },
    rendering=replace(
        DEV.rendering,
        signing_secret="craftspark/local/signing",  # noqa: S106 - its name
        interactive_wait_s=60,
        bulk_wait_s=300,
        launch_wait_s=60,
        wave_s=40,
        batch_s=240,
        job_deadline_s=900,
        gpu_queue_visibility_s=30,
        max_model_wait_s=20,
        stop_grace_s=10,
        stall_s=60,
    ),
    training=replace(
        DEV.training,
        launch_wait_s=120,
        silence_s=60,
        check_s=120,
        stop_grace_s=10,
        canary_percent=50,
        canary_s=600,
        judge_every_s=2,
        least_jobs=2,
        runs_kept_days=7,
    ),
    makers=Makers(default_plan="partner", job_retention_days=7, url_lifetime_s=3600),
    user_pool=replace(DEV.user_pool, self_sign_up=True),
    operations=replace(DEV.operations, log_retention_days=1),
)

STAGES = {stage.name: stage for stage in (DEV, PROD, LOCAL)}


def find_stage(name: str) -> Stage:
    """The stage with this name; raises ValueError that lists the stages if there is none."""
    try:
        return STAGES[name]
    except KeyError:
        raise ValueError(f"stage: there are {', '.join(STAGES)}, not {name!r}") from None
