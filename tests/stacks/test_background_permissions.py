"""GPU tasks, state machines and the functions behind the API have the permissions that they need."""

import json
import re

import pytest

from cdk_app.stages.values import DEV
from tests.stacks.synthesis import (
    TABLE_WRITES,
    TRACING,
    Synthesis,
    actions,
    allowed_actions,
    on,
    services,
)


def test_starting_renders_means_starting_that_machine_alone(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("start_render")

    assert on(statements, "RenderJobMachine") == {"states:StartExecution"}
    assert {action for action in allowed_actions(statements) if action.startswith("states:")} == {
        "states:StartExecution"
    }
    assert on(statements, "JobsTable") == {"dynamodb:UpdateItem"}
    assert "sqs:SendMessage" in on(statements, "IntakeQueue")
    assert services(statements) == {"dynamodb", "sqs", "states", "xray"}


def test_lost_jobs_are_found_without_asking_step_functions(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("resend_lost_jobs")

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:UpdateItem"}
    assert "states" not in services(statements)


def test_updates_are_pushed_by_who_can_change_no_job(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("push_updates")

    assert not on(statements, "JobsTable") & TABLE_WRITES
    assert "execute-api:ManageConnections" in allowed_actions(statements)
    assert on(statements, "AccountsTable") == set()


def test_a_webhook_s_delivery_knows_neither_jobs_nor_accounts(dev: Synthesis) -> None:
    for name in ("fan_out_webhooks", "deliver_webhook"):
        statements = dev.allowed_to_function(name)
        assert on(statements, "JobsTable") == on(statements, "AccountsTable") == set()
        assert services(statements) == {"dynamodb", "sqs", "xray"}


def test_a_try_is_written_down_and_no_webhook_changed_or_deleted_by_it(dev: Synthesis) -> None:
    assert on(dev.allowed_to_function("fan_out_webhooks"), "Webhooks") >= {"dynamodb:GetItem", "dynamodb:Query"}
    deliver = dev.allowed_to_function("deliver_webhook")
    assert on(deliver, "WebhooksTable") == {"dynamodb:GetItem", "dynamodb:PutItem"}


def test_whoever_follows_the_gallery_reads_its_stream_and_changes_no_record_but_sums(dev: Synthesis) -> None:
    announce, sums = (dev.allowed_to_function(name) for name in ("announce_pictures", "sum_likes"))

    assert services(announce) == {"dynamodb", "events", "s3", "sqs", "xray"}
    assert not on(announce, "GalleryRecords") & {*TABLE_WRITES, "dynamodb:DeleteItem", "dynamodb:GetItem"}
    assert services(sums) == {"dynamodb", "sqs", "xray"}


@pytest.mark.parametrize("settler", ["settle_job", "sweep_overdue_jobs", "cancel_job"])
def test_who_ends_jobs_may_resolve_reservations(dev: Synthesis, settler: str) -> None:
    statements = dev.allowed_to_function(settler)

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:UpdateItem"}
    assert on(statements, "AccountsTable") == TABLE_WRITES
    assert on(statements, "StylesTable") == {"dynamodb:UpdateItem"}
    assert "s3" not in services(statements)


def test_worker_cannot_touch_accounts(synthesis: Synthesis) -> None:
    for worker in synthesis.workers.values():
        assert on(synthesis.allowed_to_task(worker), "Accounts") == set()


@pytest.mark.parametrize("pool", DEV.pools)
def test_worker_renders_stores_and_answers(dev: Synthesis, prod: Synthesis, pool: str) -> None:
    statements = prod.allowed_to_task(prod.workers[pool])

    assert on(statements, "RenderJobMachine") == {
        "states:SendTaskSuccess",
        "states:SendTaskFailure",
        "states:SendTaskHeartbeat",
    }
    assert on(statements, "JobsTable") == {"dynamodb:Query", *TABLE_WRITES}
    assert {"s3:GetObject*", "s3:PutObject"} <= on(statements, "Images")
    for bucket in ("Models", "Uploads"):
        assert on(statements, bucket) == {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}
    for lane in ("Interactive", "Bulk"):
        queue = f"Gpu{pool.capitalize()}{lane}Queue"
        assert {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"} <= on(statements, queue)
        assert "sqs:SendMessage" not in on(statements, queue)
    assert {action for action in allowed_actions(statements) if action.startswith("ecs:")} == {
        "ecs:GetTaskProtection",
        "ecs:UpdateTaskProtection",
    }
    assert services(statements) == {"bedrock", "dynamodb", "ecs", "s3", "sqs", "states"}
    shell = {"logs", "ssmmessages"}  # the dev stage, whose operators can open shells
    assert services(dev.allowed_to_task(dev.workers[pool])) == (services(statements) | shell) - {"bedrock"}


@pytest.mark.parametrize("pool", DEV.pools)
def test_worker_takes_work_from_the_queues_of_its_pool_alone(synthesis: Synthesis, pool: str) -> None:
    statements = synthesis.allowed_to_task(synthesis.workers[pool])

    its = re.compile(f"Gpu{pool.capitalize()}(Interactive|Bulk)Queue")
    others = [name for name in synthesis.of_type("AWS::SQS::Queue") if not its.search(name)]
    assert others
    for name in others:
        assert on(statements, name.partition("/")[2]) == set()


def test_worker_reads_the_signing_key_of_a_stage_that_has_one(local: Synthesis, prod: Synthesis) -> None:
    secret = {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"}

    for pool in DEV.pools:
        statements = local.allowed_to_task(local.workers[pool])
        assert secret <= allowed_actions(statements)
        assert not secret & allowed_actions(prod.allowed_to_task(prod.workers[pool]))
        [reading] = [each for each in statements if secret & set(actions(each))]
        assert "craftspark/local/signing" in json.dumps(reading["Resource"])


def test_training_task_knows_no_table_and_writes_its_run_and_styles_alone(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_task(synthesis.trainer)

    written = [
        json.dumps(each["Resource"]) for each in statements if {"s3:PutObject", "s3:PutObject*"} & set(actions(each))
    ]
    assert len(written) == 2
    assert any("runs/*" in resource and "Training" in resource for resource in written)
    assert any("styles/*" in resource and "Models" in resource for resource in written)
    assert on(statements, "Images") == set()
    assert services(statements) == {"s3", "states"}


def test_tokens_of_approvals_are_answered_by_who_decides_and_by_nobody_else(synthesis: Synthesis) -> None:
    answer = {"states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"}

    assert on(synthesis.allowed_to_function("decide_training"), "TrainModelMachine") == {"states:SendTaskSuccess"}
    for name in ("ask_approval", "register_style", "judge_canary", "settle_training", "start_training"):
        assert not allowed_actions(synthesis.allowed_to_function(name)) & answer
    for worker in synthesis.workers.values():
        assert on(synthesis.allowed_to_task(worker), "TrainModelMachine") == set()


def test_the_controller_sets_the_counts_of_the_pools_services_and_nothing_else(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_function("control_fleet")

    [counts] = [each for each in statements if "ecs:UpdateService" in actions(each)]
    services = {name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Service")}
    assert {each["Ref"] for each in counts["Resource"]} == services
    assert {action for action in allowed_actions(statements) if action.startswith("ecs:")} == {
        "ecs:DescribeContainerInstances",
        "ecs:DescribeServices",
        "ecs:DescribeTasks",
        "ecs:ListTasks",
        "ecs:UpdateService",
    }
    [listing] = [each for each in statements if "ecs:ListTasks" in actions(each)]
    assert "GpuCluster" in json.dumps(listing["Condition"]["ArnEquals"]["ecs:cluster"])
    [writing] = [each for each in statements if "dynamodb:PutItem" in actions(each)]
    assert writing["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["workers:*", "fleet:*"]}}
    [loaded] = [each for each in statements if "dynamodb:BatchGetItem" in actions(each)]
    assert loaded["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["task:*"]}}
    assert on(statements, "JobsTable") == {
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
    }
    parameters = [each for each in statements if "ssm:PutParameter" in actions(each)]
    assert all("parameter/craftspark/" in json.dumps(each) for each in parameters[0]["Resource"])
    assert {action.partition(":")[0] for action in allowed_actions(statements)} == {"dynamodb", "ecs", "ssm", "xray"}


def test_judging_a_canary_writes_nothing(synthesis: Synthesis) -> None:
    judging = allowed_actions(synthesis.allowed_to_function("judge_canary"))

    assert judging == {"dynamodb:GetItem", "dynamodb:Query", *TRACING, "sqs:SendMessage"}


@pytest.mark.parametrize(
    ("name", "allowed"), [("start_training", {"dynamodb:GetItem"}), ("ask_approval", set()), ("decide_training", set())]
)
def test_only_releases_change_styles(synthesis: Synthesis, name: str, allowed: set[str]) -> None:
    assert on(synthesis.allowed_to_function(name), "Styles") == allowed


def test_the_state_machine_has_no_access_to_tables_and_grants_of_launches_are_beside_decisions(
    synthesis: Synthesis,
) -> None:
    machine = [
        action
        for policy in synthesis.properties("AWS::IAM::Policy")
        if "RenderJobMachine" in json.dumps(policy["Roles"])
        for each in policy["PolicyDocument"]["Statement"]
        for action in actions(each)
    ]
    assert machine
    assert not [action for action in machine if action.startswith("dynamodb:")]
    statements = synthesis.allowed_to_function("grant_launch")
    [writing] = [each for each in statements if "dynamodb:PutItem" in actions(each)]
    assert sorted(actions(writing)) == ["dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:PutItem"]
    assert writing["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["fleet:*"]}}
    assert services(statements) == {"dynamodb", "xray"}


def test_state_machines_neither_stop_nor_describe_any_task(synthesis: Synthesis) -> None:
    denied = [
        statement
        for policy in synthesis.properties("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]

    of_tasks = [(actions(each), each["Resource"]) for each in denied if each["Resource"] == "*"]
    assert of_tasks == [(["ecs:DescribeTasks", "ecs:StopTask"], "*")] * 2
