"""An invalid stage is rejected with the name of the invalid field."""

from dataclasses import fields, replace
from typing import Any

import pytest

from cdk_app.stages.pools import Pool
from cdk_app.stages.stage import Stage
from cdk_app.stages.values import DEV, DRAW, LOCAL, PROD, describe_local_functions, find_stage
from craftspark.accounts.plans import PLANS
from craftspark.models.profiles import find_record
from craftspark.tools import TOOLS


@pytest.mark.parametrize(
    ("part", "change", "says"),
    [
        ("network", {"zones": ("a",)}, "zones"),
        ("network", {"zones": ("a", "us-east-1b")}, "zones"),
        ("network", {"zones": ("a", "a")}, "zones: each zone is named once, not a, a"),
        ("network", {"nat_gateways": 3}, "nat_gateways: with egress 'nat' it must be 1 to 2"),
        ("network", {"egress": "internet"}, "egress"),
        ("network", {"nat_gateways": 0}, "nat_gateways: with egress 'nat'"),
        ("network", {"egress": "endpoints"}, "nat_gateways: with egress 'endpoints'"),
        ("data", {"uploads_kept_days": 0}, "uploads_kept_days"),
        ("functions", {"architecture": "armv7"}, "architecture"),
        ("functions", {"python": "3.10"}, "python"),
        ("gpu", {"image_tag": "not a tag"}, "image_tag"),
        ("rendering", {"stop_grace_s": 91}, "stop_grace_s"),
        ("rendering", {"job_deadline_s": 2400}, "job_deadline_s: waiting and rendering can take 3540 s"),
        ("rendering", {"bulk_wait_s": 299}, "bulk_wait_s: a bulk batch waits at least as long"),
        ("rendering", {"wave_s": 600}, "batch_s: a batch takes longer"),
        ("rendering", {"starts_per_s": 0}, "starts_per_s"),
        (
            "rendering",
            {"starts_per_s": 115},
            "starts_per_s: the quotas allow 114 jobs of 7 transitions per second, not 115",
        ),
        ("rendering", {"start_quota_per_s": 49}, "starts_per_s: the quotas allow 49"),
        ("makers", {"default_plan": "gold"}, "default_plan"),
        ("api", {"oidc_issuer": "http://issuer.example"}, "oidc_issuer"),
        ("api", {"oidc_issuer": "https://issuer.example"}, "oidc_audience: another issuer needs it"),
        ("api", {"oidc_audience": ("craftspark",)}, "oidc_audience"),
        ("api", {"account_per_s": 100}, "account_per_s: the routes together take"),
        ("user_pool", {"mail_from": "us@makers.example"}, "mail_from: it goes with mail_region"),
        ("user_pool", {"mail_from": "nobody", "mail_region": "us-east-1"}, "mail_from"),
        ("operations", {"log_retention_days": 2}, "log_retention_days"),
        ("operations", {"traced_percent": 101}, "traced_percent"),
        ("operations", {"execution_log": "OFF"}, "execution_log"),
    ],
)
def test_stage_that_cannot_work_is_refused_by_field(part: str, change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(getattr(DEV, part), **change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"instance_types": ("g5.xlarge", "g5.2xlarge", "g6.xlarge")}, "instance_types: spot needs"),
        ({"instance_types": ("g5.xlarge", "g6.xlarge", "m7i.large")}, "instance_types: the known GPU families"),
        ({"spot_instances": "4"}, "spot_instances"),
        ({"warm_spot_tasks": -1}, "warm_spot_tasks"),
        ({"models": ()}, "models"),
    ],
)
def test_pool_that_cannot_work_is_refused_by_field(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        replace(DRAW, **change)


AMPERE = ("g5.xlarge", "g6.xlarge", "gr6.4xlarge")
VOLTA = ("g5.xlarge", "g6.xlarge", "p3dn.24xlarge")


def a_stage(tools: dict[str, str], **pools: Pool) -> Stage:
    """The dev stage with other tools and pools, and a pool for training."""
    return replace(DEV, tools=tools, pools={"draw": replace(DRAW, warm_spot_tasks=0), **pools})


def a_pool(*models: str, **changes: Any) -> Pool:
    return replace(DRAW, models=models, **changes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"cut": "picasso"}, "networks.cut: there is no network picasso to cut; the catalogue has u2netp"),
        ({"cut": "realesrgan-x4plus"}, "networks.cut: there is no network realesrgan-x4plus to cut"),
        ({"enlarge": "siglip2-base-patch16-256"}, "networks.enlarge: there is no network siglip2-base-patch16-256"),
    ],
)
def test_networks_that_cannot_assist_are_refused_by_field(change: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match="Value error") as refused:
        replace(DEV, networks=replace(DEV.networks, **change))

    assert reason in str(refused.value)


def test_a_network_without_a_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "cdk_app.stages.pools.find_record",
        lambda device, name: None if (device, name) == ("T4", "birefnet-lite") else find_record(device, name),
    )

    with pytest.raises(ValueError, match=r"networks\.cut: birefnet-lite has no profile for the device T4"):
        replace(DEV, networks=replace(DEV.networks, cut="birefnet-lite"))


@pytest.mark.parametrize("tool", ["clipart", "pattern", "variations"])
def test_the_gpus_of_a_pool_have_room_for_a_model_and_the_upscaler_that_its_tools_use(tool: str) -> None:
    large = replace(DEV.networks, enlarge="realesrgan-x4plus")
    model, ampere = "z-image-turbo", {"art": a_pool("z-image-turbo", instance_types=AMPERE)}

    a_stage({tool: model}, **ampere)
    with pytest.raises(ValueError, match="Value error") as refused:
        replace(a_stage({tool: model}, **ampere), networks=large)

    reason = "pools.art.models: z-image-turbo with realesrgan-x4plus needs 24 GiB; the GPU of g5.xlarge has 22.1"
    assert reason in str(refused.value)


def test_pictures_of_a_model_that_draws_large_ones_need_no_room_for_the_upscaler() -> None:
    large = replace(DEV.networks, enlarge="realesrgan-x4plus")

    replace(a_stage({"picture": "z-image-turbo"}, art=a_pool("z-image-turbo", instance_types=AMPERE)), networks=large)


@pytest.mark.parametrize(
    ("tools", "pools", "reasons"),
    [
        (
            {"paint": "craftspark-clipart-128"},
            {},
            ["tools.paint: there is no tool 'paint'; the tools are clipart, cuto"],
        ),
        ({"picture": "picasso"}, {}, ["tools.picture: there is no model picasso; the catalogue has craftspark-clip"]),
        ({"upscale": "picasso"}, {}, ["tools.upscale: there is no network picasso to enlarge; the catalogue has"]),
        ({"upscale": "u2netp"}, {}, ["tools.upscale: there is no network u2netp to enlarge"]),
        (
            {"picture": "craftspark-upscaler-x4"},
            {},
            ["tools.picture: craftspark-upscaler-x4 cannot draw from a prompt"],
        ),
        (
            {"outpaint": "pattern-diffusion"},
            {"patterns": a_pool("pattern-diffusion")},
            ["tools.outpaint: pattern-diffusion cannot repaint a part of an image"],
        ),
        (
            {"picture": "sdxl-inpainting"},
            {"repaint": a_pool("sdxl-inpainting")},
            ["tools.picture: sdxl-inpainting cannot draw from a prompt"],
        ),
        (
            {"picture": "stable-diffusion-v1-5"},
            {},
            ["tools.picture: no pool has stable-diffusion-v1-5; add it to the models of draw"],
        ),
        (
            {"picture": "craftspark-clipart-128"},
            {"other": a_pool("sdxl-lightning", "craftspark-clipart-128")},
            ["pools.draw.models: other has craftspark-clipart-128, too; a tool of it would have two pools"],
        ),
        (
            {"picture": "craftspark-clipart-128"},
            {"other": a_pool("picasso")},
            ["pools.other.models: there is no model picasso; the catalogue has"],
        ),
        (
            {"picture": "z-image-turbo"},
            {"lettering": a_pool("z-image-turbo")},
            ["models: z-image-turbo needs 21 GiB; the GPU of g4dn.xlarge has 14.6"],
        ),
        (
            {"picture": "flux2-klein-4b"},
            {"flux": a_pool("flux2-klein-4b", instance_types=VOLTA)},
            ["pools.flux.models: flux2-klein-4b needs bfloat16, which the GPU of p3dn.24xlarge does not compute in"],
        ),
        (
            {"picture": "sdxl-lightning"},
            {"laptop": a_pool("sdxl-lightning", device="cpu")},
            ["pools.laptop.models: sdxl-lightning has no profile for the device cpu"],
        ),
        (
            {"picture": "picasso", "upscale": "u2netp"},
            {},
            ["tools.picture: there is no model picasso", "; tools.upscale: there is no network u2netp to enlarge"],
        ),
    ],
)
def test_tools_models_and_pools_that_do_not_fit_together_are_refused_by_field(
    tools: dict[str, str], pools: dict[str, Pool], reasons: list[str]
) -> None:
    with pytest.raises(ValueError, match="Value error") as refused:
        a_stage(tools, **pools)

    for reason in reasons:
        assert reason in str(refused.value)


@pytest.mark.parametrize("name", ["Draw", "two words", "1st", "a" * 17])
def test_pool_name_that_no_construct_could_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="pools"):
        a_stage({"picture": "craftspark-clipart-128"}, **{name: a_pool("sdxl-lightning")})


@pytest.mark.parametrize("model", ["picasso", "stable-diffusion-v1-5", "craftspark-upscaler-x4"])
def test_training_for_a_model_that_no_pool_draws_with_is_refused(model: str) -> None:
    with pytest.raises(ValueError, match=f"training.model: the diffusion models of the pools are .*, not {model}"):
        replace(DEV, training=replace(DEV.training, model=model))


def test_training_for_a_model_that_cannot_learn_is_refused_if_another_can() -> None:
    inpainting = a_pool("sdxl-inpainting")
    tools = {"outpaint": "sdxl-inpainting", "picture": "craftspark-clipart-128"}
    training = replace(DEV.training, model="sdxl-inpainting")

    with pytest.raises(ValueError, match=r"training\.model: sdxl-inpainting cannot learn styles; .*clipart-128 can"):
        replace(DEV, tools=tools, pools={"draw": DRAW, "repaint": inpainting}, training=training)
    replace(DEV, tools={"outpaint": "sdxl-inpainting"}, pools={"repaint": inpainting}, training=training)


def test_a_model_that_nothing_uses_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pools\.draw\.models: no tool uses sdxl-lightning, and no style is trained"):
        replace(DEV, pools={**DEV.pools, "draw": a_pool("craftspark-clipart-128", "sdxl-lightning")})


def test_a_pool_for_training_only_has_no_warm_tasks() -> None:
    tools = {"picture": "sdxl-lightning"}
    warm = {"draw": a_pool("sdxl-lightning"), "learn": DRAW}

    with pytest.raises(ValueError, match=r"pools\.learn: no tool uses its models, so warm_spot_tasks"):
        replace(DEV, tools=tools, pools=warm)
    replace(DEV, tools=tools, pools={**warm, "learn": replace(DRAW, warm_spot_tasks=0)})


def test_large_model_runs_in_a_pool_with_gpus_for_it() -> None:
    stage = a_stage({"picture": "z-image-turbo"}, lettering=a_pool("z-image-turbo", instance_types=AMPERE))

    assert stage.list_tools("lettering") == {"picture": "z-image-turbo"}
    assert stage.name_pool("z-image-turbo") == "lettering"


@pytest.mark.parametrize("stage", [DEV, PROD, LOCAL], ids=lambda stage: stage.name)
def test_each_tool_is_in_one_pool_of_each_stage(stage: Stage) -> None:
    by_pool = [stage.list_tools(pool) for pool in stage.pools]

    assert sorted(tool for tools in by_pool for tool in tools) == sorted(TOOLS)


def test_stage_name_that_no_stack_could_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        replace(DEV, name="Dev Stage")


def test_misspelt_field_is_refused() -> None:
    with pytest.raises(ValueError, match="zoens"):
        type(DEV.network)(zoens=2, zones=("a", "b"), egress="nat", nat_gateways=1)  # type: ignore[call-arg]


def test_unknown_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="dev, prod, local, not 'staging'"):
        find_stage("staging")


def test_stages_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DEV.name = "other"  # type: ignore[misc]


def test_local_has_the_network_and_sign_in_of_dev() -> None:
    for part in ("network", "data", "api"):
        assert getattr(LOCAL, part) == getattr(DEV, part)


@pytest.mark.parametrize("stage", [DEV, PROD], ids=lambda stage: stage.name)
def test_no_plan_admits_a_job_that_would_leave_its_queue_before_a_worker_takes_it(stage: Stage) -> None:
    # Then the state machine launches a task, which a pool without capacity cannot do.
    answer_s = stage.rendering.interactive_wait_s + stage.rendering.wave_s

    assert max(plan.admitted_wait_s for plan in PLANS.values()) <= answer_s


def test_prod_keeps_data_longer_than_dev_in_every_respect() -> None:
    assert PROD.data.keep
    assert not DEV.data.keep
    assert PROD.makers.job_retention_days > DEV.makers.job_retention_days
    assert PROD.operations.log_retention_days > DEV.operations.log_retention_days


@pytest.mark.parametrize(
    ("machine", "version", "architecture", "python"),
    [
        ("x86_64", (3, 11), "x86_64", "3.11"),
        ("aarch64", (3, 13), "arm64", "3.13"),
        ("arm64", (3, 14), "arm64", "3.14"),
        ("AMD64", (3, 16), "x86_64", "3.14"),
    ],
)
def test_local_functions_run_on_the_runtime_nearest_to_this_machine(
    machine: str, version: tuple[int, int], architecture: str, python: str
) -> None:
    functions = describe_local_functions(machine, version)

    assert (functions.architecture, functions.python) == (architecture, python)
    assert functions.wheel_platforms == ()


def test_every_part_of_a_stage_is_checked() -> None:
    parts = {field.name for field in fields(Stage)} - {"name", "tools", "networks", "pools"}

    assert all(hasattr(getattr(DEV, part), "__pydantic_validator__") for part in parts)
