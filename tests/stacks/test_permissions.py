"""Each role has the permissions that it needs, and no permission on the resources of others."""

import json
import re

import pytest

from cdk_app.packaging.python_function import Access
from cdk_app.stages.values import DEV
from craftspark.routes import ADMIN, ROUTES
from craftspark.settings.jobs import JobsSettings
from tests.stacks.synthesis import WRITES_LOG, Statement, Synthesis, actions, allowed_actions, on

# Actions that AWS cannot restrict to a resource, or that a construct of the CDK does not restrict.
UNTIED = {
    "ecr:GetAuthorizationToken": "has no resource",
    "dynamodb:ListStreams": "has no resource",
    "ecs:DescribeTasks": "EcsRunTask asks for it; the state machine denies it",
    "ecs:DiscoverPollEndpoint": "has no resource",
    "ecs:ListTasks": "tied to the cluster by a condition",
    "ecs:Poll": "tied to the cluster by a condition",
    "ecs:StartTelemetrySession": "tied to the cluster by a condition",
    "ecs:StopTask": "EcsRunTask asks for it; the state machine denies it",
    "logs:CreateLogDelivery": "has no resource",
    "logs:DeleteLogDelivery": "has no resource",
    "logs:DescribeLogGroups": "a shell's, before it writes its log",
    "logs:DescribeResourcePolicies": "has no resource",
    "logs:GetLogDelivery": "has no resource",
    "logs:ListLogDeliveries": "has no resource",
    "logs:PutResourcePolicy": "has no resource",
    "logs:UpdateLogDelivery": "has no resource",
    "ssmmessages:CreateControlChannel": "has no resource",
    "ssmmessages:CreateDataChannel": "has no resource",
    "ssmmessages:OpenControlChannel": "has no resource",
    "ssmmessages:OpenDataChannel": "has no resource",
    "logs:CreateLogStream": "the ECS agent's",
    "logs:PutLogEvents": "the ECS agent's",
    "xray:GetSamplingRules": "has no resource",
    "xray:GetSamplingTargets": "has no resource",
    "xray:PutTelemetryRecords": "has no resource",
    "xray:PutTraceSegments": "has no resource",
}
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
TABLE_WRITES = {"dynamodb:PutItem", "dynamodb:UpdateItem"}


def test_no_statement_allows_every_action(synthesis: Synthesis) -> None:
    for statement in allowed(synthesis):
        for action in actions(statement):
            assert not action.endswith(":*")
            assert action != "*"


def test_only_actions_that_have_no_resource_are_allowed_on_all(synthesis: Synthesis) -> None:
    on_all = [statement for statement in allowed(synthesis) if statement["Resource"] == "*"]

    assert allowed_actions(on_all) <= set(UNTIED)


def test_a_function_writes_its_own_log_alone(synthesis: Synthesis) -> None:
    for function in synthesis.properties("AWS::Lambda::Function"):
        statements = synthesis.statements_of(function["Role"]["Fn::GetAtt"][0])
        logs = [each for each in statements if any(action.startswith("logs:") for action in actions(each))]

        [writing] = logs
        assert set(actions(writing)) == WRITES_LOG
        assert writing["Resource"]["Fn::GetAtt"] == [function["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]


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


def test_submitting_enters_jobs_and_reservations_and_sends(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("submit_job")

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:PutItem"}
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", *TABLE_WRITES}
    assert on(statements, "UploadRecords") == {"dynamodb:GetItem"}
    assert "sqs:SendMessage" in on(statements, "IntakeQueue")
    assert on(statements, "StylesTable") == {"dynamodb:GetItem"}
    assert services(statements) == {"dynamodb", "sqs", "xray"}


def test_uploads_are_put_made_clean_listed_and_deleted_by_functions_that_may_do_nothing_else(dev: Synthesis) -> None:
    names = ("create_upload", "check_upload", "list_uploads", "delete_upload")
    create, check, lists, delete = (dev.allowed_to_function(name) for name in names)
    puts = {
        "s3:PutObject",
        "s3:PutObjectLegalHold",
        "s3:PutObjectRetention",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:Abort*",
    }
    reads = {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}

    assert [on(each, "Uploads") for each in (create, check, lists, delete)] == [
        puts,
        {*puts, *reads, "s3:DeleteObject*"},
        set(),
        {"s3:DeleteObject*"},
    ]
    assert [on(each, "UploadRecords") for each in (create, check, lists, delete)] == [
        {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        {"dynamodb:GetItem", "dynamodb:UpdateItem"},
        {"dynamodb:Query"},
        {"dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
    ]
    assert on(check, "AccountsTable") == {"dynamodb:GetItem"}  # plan, and whether the maker is suspended
    assert on(create, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:PutItem"}  # and bindings of keys
    assert services(lists) == {"dynamodb", "xray"}
    assert services(create) == services(check) == services(delete) == {"dynamodb", "s3", "xray"}
    for statements, prefix in ((create, "incoming/*"), (check, "pictures/*")):
        [writing] = [each for each in statements if "s3:PutObject" in actions(each)]
        assert prefix in json.dumps(writing["Resource"])
    [deleting] = [each for each in check if "s3:DeleteObject*" in actions(each)]
    assert "pictures/*" in json.dumps(deleting["Resource"])


@pytest.mark.parametrize("reader", ["read_job", "list_jobs"])
def test_readers_of_jobs_write_nothing(dev: Synthesis, reader: str) -> None:
    statements = dev.allowed_to_function(reader)

    assert on(statements, "JobsTable") == {"dynamodb:Query"}
    assert on(statements, "AccountsTable") == set()
    assert on(statements, "Images") == {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}
    assert services(statements) == {"dynamodb", "s3", "xray"}


def test_reading_an_account_touches_no_job(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("read_account")

    assert on(statements, "JobsTable") == set()
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:Query", *TABLE_WRITES}


CURATION = {"list_reports", "take_down_picture", "restore_picture", "dismiss_reports"}
ADMINISTRATION = {route.function for route in ROUTES if route.scope == ADMIN} - {
    "find_makers",
    "list_audit",
    "remove_name",
    *CURATION,
}


@pytest.mark.parametrize("name", sorted(CURATION))
def test_administration_of_pictures_changes_no_account_but_its_audit(dev: Synthesis, name: str) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "AccountsTable") == (set() if name == "list_reports" else {"dynamodb:PutItem"})
    assert on(statements, "JobsTable") == set()
    assert services(statements) == {"dynamodb", "s3", "xray"}


def test_the_audit_is_read_by_who_can_change_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("list_audit")

    assert allowed_actions(statements) == {"dynamodb:Query", *TRACING}
    assert on(statements, "AccountsTable") == {"dynamodb:Query"}


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("change_profile", {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}),
        ("remove_name", {"dynamodb:UpdateItem", "dynamodb:DeleteItem"}),
    ],
)
def test_who_changes_a_name_changes_nothing_else_in_the_gallery(dev: Synthesis, name: str, writes: set[str]) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "GalleryRecords") == {"dynamodb:GetItem", *writes}
    for statement in statements:
        if "GalleryRecords" in json.dumps(statement["Resource"]):
            keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            assert keys == ["author#*", "name#*"]


@pytest.mark.parametrize("name", sorted(ADMINISTRATION))
def test_administration_is_about_accounts_and_reads_jobs_at_most(dev: Synthesis, name: str) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", "dynamodb:Query", *TABLE_WRITES}
    assert on(statements, "JobsTable") == (
        {"dynamodb:Query"} if name in ("inspect_job", "list_account_jobs") else set()
    )
    assert services(statements) == {"dynamodb", "xray"}


def test_finding_makers_lists_users_of_the_stage_s_pool_and_writes_the_audit(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_function("find_makers")

    assert allowed_actions(statements) == {"cognito-idp:ListUsers", "dynamodb:PutItem", *TRACING}
    assert on(statements, "SignInMakers") == {"cognito-idp:ListUsers"}
    assert on(statements, "AccountsTable") == {"dynamodb:PutItem"}
    names = {route.function for route in ROUTES} - {"find_makers"}
    assert not any("cognito-idp" in services(synthesis.allowed_to_function(name)) for name in names)


@pytest.mark.parametrize("name", ["submit_job", "quote_job", "check_upload", "the worker"])
def test_who_judges_prompts_and_pictures_may_ask_its_stage_s_guardrail_and_no_other(
    dev: Synthesis, prod: Synthesis, name: str
) -> None:
    def allowed(synthesis: Synthesis) -> list[Statement]:
        if name == "the worker":
            return synthesis.allowed_to_task(synthesis.workers["draw"])
        return synthesis.allowed_to_function(name)

    asking = [each for each in allowed(prod) if "bedrock:ApplyGuardrail" in actions(each)]

    assert [actions(each) for each in asking] == [["bedrock:ApplyGuardrail"]]
    [guardrail, profiles] = asking[0]["Resource"]
    assert "Guardrail" in json.dumps(guardrail)
    assert "guardrail-profile/us.guardrail.v1:0" in str(profiles)
    assert "bedrock" not in services(allowed(dev))


def test_only_code_that_moderates_pictures_gets_the_guardrail_and_its_fallback(dev: Synthesis, prod: Synthesis) -> None:
    for synthesis, there, fallback in ((prod, True, "accept"), (dev, False, "refuse")):
        worker = synthesis.workers["draw"]["ContainerDefinitions"][0]["Environment"]
        told = {each["Name"]: each["Value"] for each in worker}
        for environment in (told, synthesis.function("check_upload")["Environment"]["Variables"]):
            assert bool(environment["CRAFTSPARK_GUARDRAIL_ID"]) is there
            assert bool(environment["CRAFTSPARK_GUARDRAIL_VERSION"]) is there
            assert environment["CRAFTSPARK_MODERATION_FALLBACK"] == fallback


def test_a_quote_reserves_and_sends_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("quote_job")

    assert on(statements, "JobsTable") == {"dynamodb:Query"}
    assert on(statements, "AccountsTable") == {"dynamodb:GetItem", *TABLE_WRITES}  # suspensions, refusals
    assert "sqs:SendMessage" not in allowed_actions(statements)


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


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("list_webhooks", set()),
        ("list_deliveries", set()),
        ("delete_webhook", {"dynamodb:DeleteItem", "dynamodb:UpdateItem"}),
        ("create_webhook", {"dynamodb:PutItem", "dynamodb:UpdateItem"}),
        ("rotate_webhook_secret", {"dynamodb:PutItem"}),
    ],
)
def test_each_route_of_webhooks_changes_what_it_must_alone(dev: Synthesis, name: str, writes: set[str]) -> None:
    statements = dev.allowed_to_function(name)

    assert on(statements, "Webhooks") == {"dynamodb:GetItem", "dynamodb:Query", *writes}


def test_deleting_images_puts_nothing(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("delete_images")

    assert on(statements, "JobsTable") == {"dynamodb:Query", "dynamodb:UpdateItem"}
    assert on(statements, "Images") == {"s3:DeleteObject*", "s3:ListBucket"}


def test_zips_are_written_beside_the_images(dev: Synthesis) -> None:
    """Also deletes them, but no image."""
    statements = dev.allowed_to_function("zip_files")

    changing = [each for each in statements if {"s3:PutObject", "s3:DeleteObject*"} & set(actions(each))]
    assert len(changing) == 2
    assert all("/zips/*" in json.dumps(each["Resource"]) for each in changing)


@pytest.mark.parametrize("name", ["list_own_pictures", "appeal_takedown"])
def test_links_for_makers_lead_to_hidden_files_and_change_none(dev: Synthesis, name: str) -> None:
    [reading] = [each for each in dev.allowed_to_function(name) if "s3" in services([each])]

    assert set(actions(reading)) == {"s3:GetObject*", "s3:GetBucket*", "s3:List*"}
    assert "/hidden/*" in json.dumps(reading["Resource"])
    assert "/pictures/*" not in json.dumps(reading["Resource"])


def test_visitors_of_the_gallery_change_nothing(dev: Synthesis) -> None:
    for name in ("list_pictures", "read_picture", "read_like"):
        assert not on(dev.allowed_to_function(name), "Gallery") & {*TABLE_WRITES, "dynamodb:DeleteItem", "s3:PutObject"}


def test_whoever_follows_the_gallery_reads_its_stream_and_changes_no_record_but_sums(dev: Synthesis) -> None:
    announce, sums = (dev.allowed_to_function(name) for name in ("announce_pictures", "sum_likes"))

    assert services(announce) == {"dynamodb", "events", "s3", "sqs", "xray"}
    assert not on(announce, "GalleryRecords") & {*TABLE_WRITES, "dynamodb:DeleteItem", "dynamodb:GetItem"}
    assert services(sums) == {"dynamodb", "sqs", "xray"}


def test_listing_tools_needs_nothing(dev: Synthesis) -> None:
    assert allowed_actions(dev.allowed_to_function("list_tools")) == TRACING


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


def test_deleting_a_job_finds_its_files_and_reads_none(dev: Synthesis) -> None:
    statements = dev.allowed_to_function("delete_job")

    assert on(statements, "JobsTable") == {"dynamodb:UpdateItem"}
    assert on(statements, "Images") == {"s3:ListBucket", "s3:DeleteObject*"}
    listings = [each["Condition"] for each in statements if "s3:ListBucket" in actions(each)]
    assert {listed["StringLike"]["s3:prefix"] for listed in listings} == {"images/*", "zips/*"}
    assert services(statements) == {"dynamodb", "s3", "xray"}


def test_only_connections_webhooks_and_a_maker_s_own_pictures_are_deleted_and_nobody_scans(
    synthesis: Synthesis,
) -> None:
    every = allowed(synthesis)
    deleting = [each for each in every if {"dynamodb:DeleteItem", "s3:DeleteObject*"} & set(actions(each))]

    for statement in deleting:
        place = json.dumps(statement["Resource"])
        assert any(name in place for name in ("Connections", "Webhooks", "Images", "Upload", "Gallery")), place
    images = [each for each in deleting if "s3:DeleteObject*" in actions(each)]
    deleters = [
        synthesis.allowed_to_function(name)
        for name in (
            "delete_images",
            "delete_job",
            "zip_files",
            "check_upload",
            "delete_upload",
            "publish_image",
            "unpublish_picture",
            "restore_picture",
            "announce_pictures",
            "apply_standing",
        )
    ]
    deleters += [synthesis.allowed_to_task(worker) for worker in synthesis.workers.values()]
    theirs = [each for statements in deleters for each in statements if "s3:DeleteObject*" in actions(each)]
    assert sorted(map(json.dumps, images)) == sorted(map(json.dumps, theirs))
    assert not allowed_actions(every) & {"dynamodb:Scan", "s3:DeleteBucket"}


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


def test_alarms_may_be_published_and_only_over_tls(synthesis: Synthesis) -> None:
    (policy,) = synthesis.properties("AWS::SNS::TopicPolicy")
    statements = policy["PolicyDocument"]["Statement"]

    assert [each["Principal"] for each in statements if each["Effect"] == "Allow"] == [
        {"Service": "cloudwatch.amazonaws.com"}
    ]
    assert [each["Condition"] for each in statements if each["Effect"] == "Deny"] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]


def allowed(synthesis: Synthesis) -> list[Statement]:
    """The allowed actions of every role of the stage."""
    policies = synthesis.properties("AWS::IAM::Policy")
    every = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
    assert "NotAction" not in json.dumps(every)
    return [statement for statement in every if statement["Effect"] == "Allow"]


def services(statements: list[Statement]) -> set[str]:
    return {action.partition(":")[0] for action in allowed_actions(statements)}


def test_settings_of_one_function_that_disagree_are_refused() -> None:
    one, same, other = (JobsSettings(jobs_table=name) for name in ("jobs", "jobs", "others"))

    assert (Access(settings=(one,)) + Access(settings=(same,))).to_environment() == {"CRAFTSPARK_JOBS_TABLE": "jobs"}
    with pytest.raises(ValueError, match="CRAFTSPARK_JOBS_TABLE"):
        (Access(settings=(one,)) + Access(settings=(other,))).to_environment()
