"""Each role has the permissions that it needs, and no permission on the resources of others."""

import json

import pytest

from cdk_app.packaging.python_function import Access
from craftspark.settings.jobs import JobsSettings
from tests.stacks.synthesis import (
    WRITES_LOG,
    Statement,
    Synthesis,
    actions,
    allowed_actions,
    services,
)

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


def test_settings_of_one_function_that_disagree_are_refused() -> None:
    one, same, other = (JobsSettings(jobs_table=name) for name in ("jobs", "jobs", "others"))

    assert (Access(settings=(one,)) + Access(settings=(same,))).to_environment() == {"CRAFTSPARK_JOBS_TABLE": "jobs"}
    with pytest.raises(ValueError, match="CRAFTSPARK_JOBS_TABLE"):
        (Access(settings=(one,)) + Access(settings=(other,))).to_environment()
