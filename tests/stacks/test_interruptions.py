"""Notices of instances and stopped tasks reach their functions, which may do what they must and nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from cdk_app.stages.values import DEV
from tests.stacks.synthesis import TRACING, Statement, Synthesis, actions, allowed_actions, on


def test_both_kinds_of_notice_invoke_the_function_with_the_event_s_id(synthesis: Synthesis) -> None:
    rule = rule_of(synthesis, "aws.ec2")
    (target,) = rule["Targets"]

    assert rule["EventPattern"] == {
        "source": ["aws.ec2"],
        "detail-type": ["EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"],
    }
    assert "DrainInstance" in target["Arn"]["Fn::GetAtt"][0]
    assert target["InputTransformer"] == {
        "InputPathsMap": {"id": "$.id", "detail-type": "$.detail-type", "detail-instance-id": "$.detail.instance-id"},
        "InputTemplate": '{"event_id":<id>,"kind":<detail-type>,"instance_id":<detail-instance-id>}',
    }
    assert "Unsettled" in json.dumps(target["DeadLetterConfig"])


def test_a_failed_launch_of_spot_instances_invokes_the_function_with_the_whole_event(synthesis: Synthesis) -> None:
    rule = rule_of(synthesis, "aws.autoscaling")
    (target,) = rule["Targets"]
    groups = spot_groups(synthesis)

    assert len(groups) == len(DEV.pools)
    assert rule["EventPattern"] == {
        "source": ["aws.autoscaling"],
        "detail-type": ["EC2 Instance Launch Unsuccessful"],
        "detail": {"AutoScalingGroupName": [{"Ref": group} for group in groups]},
    }
    assert "DrainInstance" in target["Arn"]["Fn::GetAtt"][0]
    assert not {"Input", "InputPath", "InputTransformer"} & target.keys()
    assert "Unsettled" in json.dumps(target["DeadLetterConfig"])


def test_each_rule_may_invoke_its_function(synthesis: Synthesis) -> None:
    """Without a permission, EventBridge drops the event."""
    rules = {
        name.partition("/")[2]: rule["Properties"]["Targets"][0]["Arn"]["Fn::GetAtt"][0]
        for name, rule in synthesis.of_type("AWS::Events::Rule").items()
        if "Interruptions" in name
    }
    permitted = {
        each["SourceArn"]["Fn::GetAtt"][0]: each["FunctionName"]["Fn::GetAtt"][0]
        for each in synthesis.properties("AWS::Lambda::Permission")
        if each["Principal"] == "events.amazonaws.com" and "Fn::GetAtt" in each.get("SourceArn", {})
    }

    assert len(rules) == 3
    assert {rule: permitted.get(rule) for rule in rules} == rules


def test_each_task_of_the_cluster_that_stopped_invokes_the_function_with_its_details(synthesis: Synthesis) -> None:
    rule = rule_of(synthesis, "aws.ecs")
    (target,) = rule["Targets"]

    assert rule["EventPattern"] == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"clusterArn": [{"Fn::GetAtt": [cluster_of(synthesis), "Arn"]}], "lastStatus": ["STOPPED"]},
    }
    assert "SettleTask" in target["Arn"]["Fn::GetAtt"][0]
    assert target["InputPath"] == "$.detail"
    assert "Unsettled" in json.dumps(target["DeadLetterConfig"])


def test_functions_have_time_and_keep_what_they_cannot_handle(synthesis: Synthesis) -> None:
    for name in ("drain_instance", "settle_task"):
        function = synthesis.function(name)
        assert function["Timeout"] == 30
        assert "Unsettled" in json.dumps(function["DeadLetterConfig"])


def test_draining_is_for_the_instances_and_tasks_of_the_cluster(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_function("drain_instance")

    assert allowed_actions(statements) == {
        "ecs:ListContainerInstances",
        "ecs:DescribeContainerInstances",
        "ecs:UpdateContainerInstancesState",
        "ecs:ListTasks",
        "ecs:StopTask",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "sqs:SendMessage",  # to its dead letters
        *TRACING,
    }
    assert on(statements, "JobsTable") == {"dynamodb:PutItem", "dynamodb:UpdateItem"}
    assert on(statements, ":container-instance/") == {
        "ecs:DescribeContainerInstances",
        "ecs:UpdateContainerInstancesState",
        "ecs:ListTasks",
    }
    assert on(statements, ":task/") == {"ecs:StopTask"}
    check_cluster(synthesis, statements)


def test_ending_a_task_answers_tokens_and_returns_messages_of_gpu_queues(synthesis: Synthesis) -> None:
    statements = synthesis.allowed_to_function("settle_task")

    assert on(statements, "RenderJobMachine") == on(statements, "TrainModelMachine") == {"states:SendTaskFailure"}
    assert on(statements, "JobsTable") == {"dynamodb:GetItem", "dynamodb:PutItem"}
    [records] = [each for each in statements if "dynamodb:PutItem" in actions(each)]
    assert records["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["task:*"]}}
    assert on(statements, ":task/") == {"ecs:DescribeTasks"}
    returning = [each for each in statements if "sqs:ChangeMessageVisibility" in actions(each)]
    assert len(returning) == 2 * len(DEV.pools)
    assert all(actions(each) == ["sqs:ChangeMessageVisibility"] for each in returning)
    assert all("Gpu" in json.dumps(each["Resource"]) for each in returning)
    check_cluster(synthesis, statements)


def test_each_capacity_provider_belongs_to_a_pool(synthesis: Synthesis) -> None:
    variables = synthesis.function("drain_instance")["Environment"]["Variables"]
    providers = {name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::CapacityProvider")}

    pools = _fill(variables["CRAFTSPARK_CAPACITY_PROVIDERS"])
    assert pools.keys() == providers
    assert all(pools[name].capitalize() in name for name in providers)


def test_each_group_of_spot_instances_belongs_to_a_pool(synthesis: Synthesis) -> None:
    pools = _fill(synthesis.function("drain_instance")["Environment"]["Variables"]["CRAFTSPARK_SPOT_GROUPS"])

    assert list(pools) == spot_groups(synthesis)
    assert all(pools[name].capitalize() in name for name in pools)


def spot_groups(synthesis: Synthesis) -> list[str]:
    """The groups whose instances are all spot."""
    return [
        name.partition("/")[2]
        for name, group in synthesis.of_type("AWS::AutoScaling::AutoScalingGroup").items()
        if not group["Properties"]["MixedInstancesPolicy"]["InstancesDistribution"][
            "OnDemandPercentageAboveBaseCapacity"
        ]
    ]


def _fill(joined: Any) -> dict[str, str]:
    """A JSON object with the logical ID of each resource that it names."""
    parts = joined["Fn::Join"][1]
    pools: dict[str, str] = json.loads("".join(part if isinstance(part, str) else part["Ref"] for part in parts))
    return pools


def check_cluster(synthesis: Synthesis, statements: list[Statement]) -> None:
    """All actions of ECS are about one cluster."""
    cluster = cluster_of(synthesis)
    for statement in statements:
        if any(action.startswith("ecs:") for action in actions(statement)):
            assert cluster in json.dumps(statement["Resource"])
            if "ecs:ListContainerInstances" not in actions(statement):
                assert statement["Condition"] == {"ArnEquals": {"ecs:cluster": {"Fn::GetAtt": [cluster, "Arn"]}}}


def cluster_of(synthesis: Synthesis) -> str:
    [cluster] = [name.partition("/")[2] for name in synthesis.of_type("AWS::ECS::Cluster")]
    return cluster


def rule_of(synthesis: Synthesis, source: str) -> Mapping[str, Any]:
    """The rule on events of a source."""
    rules = synthesis.properties("AWS::Events::Rule")
    [rule] = [each for each in rules if source in each.get("EventPattern", {}).get("source", [])]
    return rule
