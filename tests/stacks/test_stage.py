"""An invalid stage is rejected with the name of the invalid field."""

from dataclasses import fields, replace
from typing import Any

import pytest

from cdk_app.stages.stage import Stage
from cdk_app.stages.values import DEV, LOCAL, PROD, describe_local_functions, find_stage


@pytest.mark.parametrize(
    ("part", "change", "says"),
    [
        ("network", {"zones": 4}, "zones"),
        ("network", {"egress": "internet"}, "egress"),
        ("network", {"nat_gateways": 0}, "nat_gateways: with egress 'nat'"),
        ("network", {"egress": "endpoints"}, "nat_gateways: with egress 'endpoints'"),
        ("data", {"uploads_kept_days": 0}, "uploads_kept_days"),
        ("functions", {"architecture": "armv7"}, "architecture"),
        ("functions", {"python": "3.10"}, "python"),
        ("gpu", {"instance_types": ("g5.xlarge", "g5.2xlarge", "g6.xlarge")}, "instance_types: spot needs"),
        ("gpu", {"instance_types": ("g5.xlarge", "g6.xlarge", "m7i.large")}, "instance_types: the known GPU families"),
        ("gpu", {"spot_instances": "4"}, "spot_instances"),
        ("gpu", {"warm_spot_tasks": -1}, "warm_spot_tasks"),
        ("gpu", {"image_tag": "not a tag"}, "image_tag"),
        ("rendering", {"model": "picasso"}, "model: the catalogue has"),
        ("rendering", {"stop_grace_s": 121}, "stop_grace_s"),
        ("rendering", {"job_deadline_s": 2400}, "job_deadline_s: waiting and rendering can take 2400 s"),
        ("rendering", {"wave_s": 600}, "batch_s: a batch takes longer"),
        ("rendering", {"starts_per_s": 0}, "starts_per_s"),
        (
            "rendering",
            {"starts_per_s": 72},
            "starts_per_s: the quotas allow 71 jobs of 7 transitions per second, not 72",
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
    ("change", "reason"),
    [
        ({"rendering": replace(DEV.rendering, model="z-image-turbo")}, "needs 21 GiB; the GPU of g4dn.xlarge has 14.6"),
        ({"rendering": replace(DEV.rendering, model="flux2-klein-4b")}, "needs 16 GiB; the GPU of g4dn.xlarge"),
        (
            {
                "rendering": replace(DEV.rendering, model="flux2-klein-4b"),
                "gpu": replace(DEV.gpu, instance_types=("g5.xlarge", "g6.xlarge", "p3dn.24xlarge")),
            },
            "needs bfloat16, which the GPU of p3dn.24xlarge",
        ),
        (
            {"rendering": replace(DEV.rendering, model="sdxl-lightning"), "gpu": replace(DEV.gpu, device="cpu")},
            "sdxl-lightning has no profile for the device cpu",
        ),
    ],
)
def test_model_that_cannot_run_on_the_gpus_of_a_stage_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"model: .*{reason}"):
        replace(DEV, **change)


def test_large_model_runs_on_a_stage_with_gpus_for_it() -> None:
    types = ("g5.xlarge", "g6.xlarge", "gr6.4xlarge")

    stage = replace(
        DEV,
        rendering=replace(DEV.rendering, model="z-image-turbo"),
        gpu=replace(DEV.gpu, instance_types=types),
    )

    assert stage.rendering.model == "z-image-turbo"


def test_stage_name_that_no_stack_could_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        replace(DEV, name="Dev Stage")


def test_misspelt_field_is_refused() -> None:
    with pytest.raises(ValueError, match="zoens"):
        type(DEV.network)(zoens=2, zones=2, egress="nat", nat_gateways=1)  # type: ignore[call-arg]


def test_unknown_stage_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="dev, prod, local, not 'staging'"):
        find_stage("staging")


def test_stages_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DEV.name = "other"  # type: ignore[misc]


def test_local_has_the_network_and_sign_in_of_dev() -> None:
    for part in ("network", "data", "api"):
        assert getattr(LOCAL, part) == getattr(DEV, part)


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
    parts = {field.name for field in fields(Stage)} - {"name"}

    assert all(hasattr(getattr(DEV, part), "__pydantic_validator__") for part in parts)
